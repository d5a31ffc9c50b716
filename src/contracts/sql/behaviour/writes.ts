/** Statements that write: one with its count, one with many values, and rows that may be there already. */
import assert from "node:assert/strict";
import { HOSTILE } from "./conditions.ts";
import { column, failure, makePeople, makeTable, noNumber, size, type SqlCase } from "./context.ts";

const THREE = [
  { name: "Ada", age: 36 },
  { name: "Grace", age: 85 },
  { name: "Alan", age: 41 },
];

export const writeCases: readonly SqlCase[] = [
  {
    name: "execute counts the rows that a statement changed, with a key once",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, THREE);
      const statement = { sql: `UPDATE ${table} SET age = age + 1 WHERE age > :age`, values: { age: 40 } };
      assert.deepEqual(await connector.execute("execute", statement), { count: 2 });
      for (let sent = 0; sent < 2; sent++)
        assert.deepEqual(await connector.execute("execute", statement, { idempotencyKey: table }), { count: 2 });
      assert.deepEqual(await connector.transaction((tx) => tx.execute(statement)), { count: 2 });
      assert.deepEqual(await column(ctx, table, "age"), [36, 88, 44]);
      const read = await connector.execute("execute", { sql: `SELECT name FROM ${table} WHERE age = 36` });
      assert.deepEqual(read, { count: 1, rows: [{ name: "Ada" }] });
      await failure(connector.execute("execute", { sql: "BEGIN" }), "unsupported");
    },
  },
  {
    name: "upsert inserts what is new and updates what is there",
    async run(ctx) {
      const { types, connector } = ctx;
      const table = await makeTable(ctx, `id ${types.int32} PRIMARY KEY, name ${types.text}, age ${types.int32}`);
      await connector.execute("insertMany", { table, rows: [{ id: 1, name: "Ada", age: 36 }] });
      const rows = [
        { id: 1, name: "Ada King", age: 37 },
        { id: 2, name: "Grace", age: 85 },
      ];
      await connector.execute("upsert", { table, rows, conflict: ["id"], update: ["name"] });
      assert.deepEqual(await column(ctx, table, "name"), ["Ada King", "Grace"]);
      assert.deepEqual(await column(ctx, table, "age"), [36, 85]);
      await connector.execute("upsert", { table, rows, conflict: ["id"] });
      assert.deepEqual(await column(ctx, table, "age"), [37, 85]);
      const others = rows.map((row) => ({ ...row, age: 0 }));
      await connector.transaction((tx) => tx.upsert({ table, rows: others, conflict: ["id"], update: [] }));
      assert.deepEqual(await column(ctx, table, "age"), [37, 85]);
      const many = Array.from({ length: 2_500 }, (_, id) => ({ id, name: "n", age: id }));
      for (let sent = 0; sent < 2; sent++)
        await connector.execute("upsert", { table, rows: many, conflict: ["id"] }, { idempotencyKey: table });
      assert.equal(await size(ctx, table), 2_500);
      const bad = { table, rows: [...many, { id: -1, name: "x", age: noNumber(ctx) }], conflict: ["id"] };
      await failure(connector.execute("upsert", bad), "input_invalid");
      assert.equal(await size(ctx, table), 2_500);
      for (const wrong of [{ conflict: ["nope"] }, { conflict: ["id"], update: ["nope"] }, { conflict: [] }])
        await failure(connector.execute("upsert", { table, rows, ...wrong }), "input_invalid");
      for (const name of HOSTILE)
        await failure(
          connector.execute("upsert", { table, rows: [{ id: 1, [name]: 1 }], conflict: [name] }),
          "not_found",
        );
    },
  },
  {
    name: "upsert leaves alone a row that is there under another key than the one named, and counts rows once",
    async run(ctx) {
      const { types, connector } = ctx;
      const columns = `id ${types.int32} PRIMARY KEY, code ${types.int32} UNIQUE, age ${types.int32}`;
      const table = await makeTable(ctx, columns);
      const [first, second] = [
        { id: 1, code: 10, age: 36 },
        { id: 2, code: 20, age: 85 },
      ];
      await connector.execute("insertMany", { table, rows: [first, second] });
      for (const update of [undefined, ["age"], []])
        for (const rows of [
          [{ id: 3, code: 10, age: 0 }],
          [
            { ...second, age: 1 },
            { id: 3, code: 10, age: 0 },
          ],
        ]) {
          const input = { table, rows, conflict: ["id"], ...(update === undefined ? {} : { update }) };
          await failure(connector.execute("upsert", input), "conflict");
        }
      assert.deepEqual(await column(ctx, table, "age"), [36, 85]);
      const rows = [{ ...first, age: 37 }, { ...second }, { id: 3, code: 30, age: 41 }];
      assert.deepEqual(await connector.execute("upsert", { table, rows, conflict: ["id"] }), { count: 3 });
    },
  },
  {
    name: "batch runs one statement for every list, and counts each",
    async run(ctx) {
      const { connector, placeholder } = ctx;
      const table = await makePeople(ctx, THREE);
      const sql = `UPDATE ${table} SET age = ${placeholder(1)} WHERE name = ${placeholder(2)}`;
      const values = [
        [1, "Ada"],
        [2, "nobody"],
        [3, "Alan"],
      ];
      assert.deepEqual(await connector.execute("batch", { sql, values }), { count: 2, counts: [1, 0, 1] });
      assert.deepEqual(await column(ctx, table, "age"), [1, 85, 3]);
      const named = {
        sql: `INSERT INTO ${table} (name, age) VALUES (:name, :age)`,
        values: Array.from({ length: 2_345 }, (_, age) => ({ name: "many", age })),
      };
      for (let sent = 0; sent < 2; sent++) {
        const { count, counts } = await connector.execute("batch", named, { idempotencyKey: table });
        assert.deepEqual([count, counts.length], [2_345, 2_345]);
      }
      assert.equal(await size(ctx, table), 2_348);
      const some = { sql, values: [[9, "Grace"]] };
      assert.deepEqual(await connector.transaction((tx) => tx.batch(some)), { count: 1, counts: [1] });
      assert.deepEqual(await connector.execute("batch", { sql, values: [] }), { count: 0, counts: [] });
    },
  },
  {
    name: "batch keeps nothing where one list fails, and says which, without its values",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, THREE);
      const sql = `INSERT INTO ${table} (name, age) VALUES (:name, :age)`;
      const good = Array.from({ length: 1_500 }, (_, age) => ({ name: "good", age }));
      for (const bad of [{ name: "x", age: noNumber(ctx) }, { name: "x" }, { name: "x", age: 1, canary: "canary" }]) {
        for (const options of [{}, { idempotencyKey: `${table} ${Object.keys(bad).length}` }]) {
          const values = [...good, bad, ...good];
          const error = await failure(connector.execute("batch", { sql, values }, options), "input_invalid");
          assert.match(error.message, /Values 1501: /);
          assert.doesNotMatch(error.message, /"canary"|good/);
          assert.equal(error.outcome, "none");
        }
      }
      const inside = connector.transaction((tx) =>
        tx.batch({ sql, values: [...good, { name: "x", age: noNumber(ctx) }] }),
      );
      assert.match((await failure(inside, "input_invalid")).message, /Values 1501: /);
      assert.equal(await size(ctx, table), 3);
    },
  },
  {
    name: "describe tells columns, keys and indexes",
    async run(ctx) {
      const { types, connector } = ctx;
      const parent = await makeTable(ctx, `id ${types.id}, name ${types.text} NOT NULL`);
      const child = await makeTable(
        ctx,
        `a ${types.int32} NOT NULL DEFAULT 7, b ${types.int32} NOT NULL REFERENCES ${parent} (id), PRIMARY KEY (b, a)`,
      );
      await connector.execute("query", { sql: `CREATE INDEX ${child}_a ON ${child} (a)` });
      const { tables } = await connector.execute("describe", { table: child });
      const [table] = tables;
      assert.equal(tables.length, 1);
      assert.deepEqual([table?.name, table?.kind, table?.primaryKey], [child, "table", ["b", "a"]]);
      assert.deepEqual(
        table?.columns.map(({ name, nullable }) => [name, nullable]),
        [
          ["a", false],
          ["b", false],
        ],
      );
      assert.match(table?.columns[0]?.default ?? "", /7/);
      assert.deepEqual(table?.foreignKeys[0]?.columns, ["b"]);
      assert.match(table?.foreignKeys[0]?.references ?? "", new RegExp(parent));
      assert.ok(table?.indexes.some(({ name, unique }) => name === `${child}_a` && !unique));
      const all = await connector.execute("describe", {});
      assert.ok([parent, child].every((each) => all.tables.some(({ name }) => name === each)));
      for (const name of HOSTILE)
        assert.deepEqual(await connector.execute("describe", { table: [name] }), { tables: [] });
      for (const schema of HOSTILE) assert.deepEqual(await connector.execute("describe", { schema }), { tables: [] });
    },
  },
  {
    name: "explain tells a plan and changes nothing",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, THREE);
      const sql = `SELECT name FROM ${table} WHERE age > :age`;
      const { plan } = await connector.execute("explain", { sql, values: { age: 40 } });
      assert.ok(plan !== undefined && plan !== null);
      const write = `DELETE FROM ${table}`;
      for (const sql of [`ANALYZE ${write}`, `(ANALYZE) ${write}`, `SELECT 1; ${write}`, "COMMIT", ...HOSTILE])
        await failure(connector.execute("explain", { sql }), "input_invalid");
      assert.equal(await size(ctx, table), 3);
    },
  },
  {
    name: "explain measures a read and refuses to measure a write",
    needs: "measured plans",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, THREE);
      const sql = `SELECT name FROM ${table} WHERE age > :age`;
      const { plan } = await connector.execute("explain", { sql, values: { age: 40 }, analyze: true });
      assert.ok(plan !== undefined && plan !== null);
      const write = { sql: `DELETE FROM ${table}`, analyze: true };
      await failure(connector.execute("explain", write), "permission_denied");
      assert.equal(await size(ctx, table), 3);
    },
  },
  {
    name: "explain tells the plan of a write",
    needs: "explain of writes",
    async run(ctx) {
      const table = await makePeople(ctx, THREE);
      const { plan } = await ctx.connector.execute("explain", { sql: `DELETE FROM ${table}` });
      assert.ok(plan !== undefined && plan !== null);
      assert.equal(await size(ctx, table), 3);
    },
  },
];
