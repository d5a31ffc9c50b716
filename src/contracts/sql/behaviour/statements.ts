/** Raw statements, their errors, and streams of rows. */
import assert from "node:assert/strict";
import { ConnectorError } from "../../../core/errors.ts";
import { column, failure, makePeople, makeTable, noNumber, size, type SqlCase, type SqlContext } from "./context.ts";

const CANARY = "canary-7f3a";

/** A table with `length` numbered rows. */
async function makeNumbers(ctx: SqlContext, length: number): Promise<string> {
  const table = await makeTable(ctx, `n ${ctx.types.int32}`);
  await ctx.connector.execute("insertMany", { table, rows: Array.from({ length }, (_, n) => ({ n })) });
  return table;
}

export const statementCases: readonly SqlCase[] = [
  {
    name: "query answers with rows, and tells the columns in order, of an empty answer too",
    async run(ctx) {
      const table = await makePeople(ctx, [{ name: "Ada", age: 36 }]);
      const sql = `SELECT name, id, age FROM ${table} WHERE age = ${ctx.placeholder(1)}`;
      const found = await ctx.connector.call("query", { sql, values: [36] });
      assert.deepEqual(found.data, [{ name: "Ada", id: 1, age: 36 }]);
      assert.deepEqual(
        found.meta.columns?.map(({ name }) => name),
        ["name", "id", "age"],
      );
      for (const { type } of found.meta.columns ?? []) assert.match(type, /\w/);
      const empty = await ctx.connector.call("query", { sql, values: [0] });
      assert.deepEqual([empty.data, empty.meta.columns], [[], found.meta.columns]);
    },
  },
  {
    name: "query runs one statement and refuses several",
    async run(ctx) {
      const table = await makePeople(ctx, [{ name: "Ada", age: 36 }]);
      for (const sql of [`DELETE FROM ${table}; SELECT 1`, `SELECT 1; DELETE FROM ${table}`])
        await failure(ctx.connector.execute("query", { sql }), "input_invalid");
      await failure(ctx.connector.execute("query", { sql: "" }), "input_invalid");
      await failure(ctx.connector.execute("query", { sql: `SELECT 1 -- \0` }), "input_invalid");
      assert.equal(await size(ctx, table), 1);
    },
  },
  {
    name: "a statement cannot leave a transaction open for the next caller",
    async run(ctx) {
      const table = await makePeople(ctx);
      await failure(ctx.connector.execute("query", { sql: "BEGIN" }), "unsupported");
      await ctx.connector.execute("insertMany", { table, rows: [{ name: "Ada", age: 36 }] });
      assert.equal(await size(ctx, table), 1);
    },
  },
  {
    name: "errors have their kind and the system's code",
    async run(ctx) {
      const { connector, types } = ctx;
      const table = await makeTable(ctx, `id ${types.int32} PRIMARY KEY, name ${types.text} NOT NULL`);
      const other = await makeTable(ctx, `id ${types.int32} REFERENCES ${table} (id)`);
      await connector.execute("insertMany", { table, rows: [{ id: 1, name: "a" }] });
      const insert = (into: string, row: Record<string, unknown>): Promise<unknown> =>
        connector.execute("insertMany", { table: into, rows: [row] });
      const errors = [
        await failure(connector.execute("query", { sql: `SELECT * FROM ${ctx.unique()}` }), "not_found"),
        await failure(connector.execute("query", { sql: `SELECT missing FROM ${table}` }), "not_found"),
        await failure(connector.execute("query", { sql: "SELEKT 1" }), "input_invalid"),
        await failure(insert(table, { id: 1, name: "b" }), "conflict"),
        await failure(insert(other, { id: 2 }), "conflict"),
        await failure(insert(table, { id: "x", name: "b" }), "input_invalid"),
        await failure(insert(table, { id: 2, name: null }), "input_invalid"),
      ];
      for (const { code, outcome, operation, attempts } of errors) {
        assert.ok(code);
        assert.ok(operation);
        assert.equal(outcome, "none");
        assert.equal(attempts, 1);
      }
    },
  },
  {
    name: "no message carries a value",
    async run(ctx) {
      const { connector, types } = ctx;
      const table = await makeTable(ctx, `name varchar(100) NOT NULL PRIMARY KEY, age ${types.int32} CHECK (age > 0)`);
      const row = { name: CANARY, age: 1 };
      await connector.execute("insertMany", { table, rows: [row] });
      const attempts = [
        () => connector.execute("insertMany", { table, rows: [row] }),
        () => connector.execute("insertMany", { table, rows: [{ name: "x", age: noNumber(ctx) }] }),
        () => connector.execute("update", { table, data: { age: -1 }, where: row }),
        () => connector.execute("update", { table, data: { age: null, name: null }, where: row }),
        () => connector.execute("query", { sql: `SELECT '${CANARY}' FORM ${table}` }),
        () => connector.execute("query", { sql: `SELECT '${CANARY}` }),
      ];
      // In a condition or a cast, some databases take for a number what is none.
      const doubtful: (() => Promise<unknown>)[] = [
        () =>
          connector.execute("query", {
            sql: `SELECT 1 FROM ${table} WHERE age = ${ctx.placeholder(1)}`,
            values: [CANARY],
          }),
        () => connector.execute("query", { sql: `SELECT CAST('${CANARY}' AS integer)` }),
      ];
      for (const attempt of [...attempts, ...doubtful]) {
        const error: unknown = await attempt().then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error === undefined && doubtful.includes(attempt)) continue;
        assert.ok(error instanceof ConnectorError);
        assert.doesNotMatch(`${error.message} ${error.hint} ${JSON.stringify(error)}`, new RegExp(CANARY));
      }
    },
  },
  {
    name: "a stream brings every row in order, whatever the size of its batches",
    async run(ctx) {
      const table = await makeNumbers(ctx, 25);
      const expected = Array.from({ length: 25 }, (_, n) => ({ n }));
      for (const batchSize of [1, 7, 25, 1_000]) {
        const seen: unknown[] = [];
        const sql = `SELECT n FROM ${table} ORDER BY n`;
        for await (const row of ctx.connector.stream("queryStream", { sql, batchSize })) seen.push(row);
        assert.deepEqual(seen, expected);
      }
      const none = ctx.connector.stream("queryStream", { sql: `SELECT n FROM ${table} WHERE n < 0` });
      assert.deepEqual(await none.next(), { done: true, value: undefined });
    },
  },
  {
    name: "a stream that is broken off, or never read, leaves the connector as it was",
    async run(ctx) {
      const table = await makeNumbers(ctx, 100);
      const read = { sql: `SELECT n FROM ${table}`, batchSize: 3 };
      for (let round = 0; round < 20; round++) {
        for await (const row of ctx.connector.stream("queryStream", read)) {
          assert.ok(row);
          break;
        }
        ctx.connector.stream("queryStream", read);
      }
      assert.equal(await size(ctx, table), 100);
    },
  },
  {
    name: "a stream tells of an error where it happens",
    async run(ctx) {
      const table = await makeNumbers(ctx, 10);
      const missing = ctx.connector.stream("queryStream", { sql: `SELECT * FROM ${ctx.unique()}` });
      await failure(missing.next(), "not_found");
      const seen: unknown[] = [];
      const failing = ctx.connector.stream("queryStream", {
        sql: `SELECT abs(-9223372036854775803 - n) AS x FROM (SELECT n FROM ${table} ORDER BY n) AS numbers`,
        batchSize: 1,
      });
      await failure(
        (async () => {
          for await (const row of failing) seen.push(row);
        })(),
        "input_invalid",
      );
      if (ctx.readsAhead !== true) assert.equal(seen.length, 5);
      assert.equal(await size(ctx, table), 10);
    },
  },
  {
    name: "columns that share a name come out once, with the last value, and are told twice",
    async run(ctx) {
      const { data, meta } = await ctx.connector.call("query", { sql: "SELECT 1 AS a, 2 AS a" });
      assert.deepEqual(data, [{ a: 2 }]);
      assert.equal(meta.columns?.length, 2);
    },
  },
  {
    name: "many calls at a time do not get in each other's way",
    async run(ctx) {
      const table = await makePeople(ctx);
      await Promise.all(
        Array.from({ length: 200 }, async (_, n) => {
          const sql = `SELECT CAST(${ctx.placeholder(1)} AS ${ctx.types.int32}) AS n`;
          const [row] = await ctx.connector.execute("query", { sql, values: [n] });
          // Some cast to integers of 64 bits only.
          assert.equal(Number(row?.["n"]), n);
          await ctx.connector.execute("insertMany", { table, rows: [{ name: "x", age: n }] });
        }),
      );
      const ages = (await column(ctx, table, "age")).map(Number).sort((a, b) => a - b);
      assert.deepEqual(
        ages,
        Array.from({ length: 200 }, (_, n) => n),
      );
    },
  },
  {
    name: "privileges tells what the role may do: where the database has roles, this one may change its own table",
    async run(ctx) {
      await makePeople(ctx);
      const { role, writable } = await ctx.connector.execute("privileges", {});
      assert.equal(writable.count > 0 && writable.some.length > 0, role !== null);
    },
  },
];
