/** Insert, update and delete. */
import assert from "node:assert/strict";
import { column, failure, makePeople, makeTable, size, type SqlCase } from "./context.ts";

const ADA = { name: "Ada", age: 36 };
const THREE = [ADA, { name: "Grace", age: 85 }, { name: "Alan", age: null }];

export const rowCases: readonly SqlCase[] = [
  {
    name: "insert answers with the row as it was stored, the generated key included",
    needs: "returning",
    async run(ctx) {
      const table = await makePeople(ctx);
      assert.deepEqual(await ctx.connector.execute("insert", { table, data: ADA }), { id: 1, ...ADA });
      assert.deepEqual(await column(ctx, table, "name"), ["Ada"]);
    },
  },
  {
    name: "insert answers with the columns that are asked for",
    needs: "returning",
    async run(ctx) {
      const table = await makePeople(ctx);
      const row = await ctx.connector.execute("insert", { table, data: ADA, returning: ["age", "id"] });
      assert.deepEqual(row, { age: 36, id: 1 });
    },
  },
  {
    name: "insert without values takes the defaults",
    needs: "returning",
    async run(ctx) {
      const table = await makePeople(ctx);
      assert.deepEqual(await ctx.connector.execute("insert", { table, data: {} }), { id: 1, name: null, age: null });
    },
  },
  {
    name: "update sets the rows that match and counts them",
    async run(ctx) {
      const table = await makePeople(ctx, THREE);
      const answer = await ctx.connector.execute("update", { table, data: { age: 1 }, where: { name: "Grace" } });
      assert.deepEqual(answer, { count: 1 });
      assert.deepEqual(await column(ctx, table, "age"), [36, 1, null]);
      const none = await ctx.connector.execute("update", { table, data: { age: 1 }, where: { name: "Nobody" } });
      assert.deepEqual(none, { count: 0 });
    },
  },
  {
    name: "delete removes the rows that match and counts them",
    async run(ctx) {
      const table = await makePeople(ctx, THREE);
      assert.deepEqual(await ctx.connector.execute("delete", { table, where: { name: "Ada", age: 36 } }), { count: 1 });
      assert.deepEqual(await column(ctx, table, "name"), ["Grace", "Alan"]);
      assert.deepEqual(await ctx.connector.execute("delete", { table, where: { name: "Grace", age: 0 } }), {
        count: 0,
      });
    },
  },
  {
    name: "update answers with the rows, or with the columns asked for",
    needs: "returning of updates",
    async run(ctx) {
      const table = await makePeople(ctx, THREE);
      const where = { name: "Ada" };
      assert.deepEqual(await ctx.connector.execute("update", { table, data: { age: 37 }, where, returning: ["age"] }), {
        count: 1,
        rows: [{ age: 37 }],
      });
      const all = { table, data: { age: 38 }, where, returning: true };
      assert.deepEqual(await ctx.connector.execute("update", all), {
        count: 1,
        rows: [{ id: 1, name: "Ada", age: 38 }],
      });
    },
  },
  {
    name: "delete answers with the rows, or with the columns asked for",
    needs: "returning",
    async run(ctx) {
      const table = await makePeople(ctx, THREE);
      const where = { name: "Ada" };
      const some = { table, where: { name: "Grace" }, returning: ["age"] };
      assert.deepEqual(await ctx.connector.execute("delete", some), { count: 1, rows: [{ age: 85 }] });
      assert.deepEqual(await ctx.connector.execute("delete", { table, where, returning: true }), {
        count: 1,
        rows: [{ id: 1, ...ADA }],
      });
      assert.deepEqual(await ctx.connector.execute("delete", { table, where, returning: true }), {
        count: 0,
        rows: [],
      });
    },
  },
  {
    name: "a condition can be null, a list, or both; an empty list matches nothing",
    async run(ctx) {
      const table = await makePeople(ctx, THREE);
      const marked = async (age: unknown): Promise<unknown[]> => {
        await ctx.connector.execute("update", { table, data: { name: "-" }, all: true });
        await ctx.connector.execute("update", { table, data: { name: "+" }, where: { age } });
        return column(ctx, table, "name");
      };
      assert.deepEqual(await marked(null), ["-", "-", "+"]);
      assert.deepEqual(await marked([36, 85]), ["+", "+", "-"]);
      assert.deepEqual(await marked([36, null]), ["+", "-", "+"]);
      assert.deepEqual(await marked([null]), ["-", "-", "+"]);
      assert.deepEqual(await marked([]), ["-", "-", "-"]);
    },
  },
  {
    name: "update and delete without a condition are refused, unless every row is meant",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, THREE);
      for (const where of [{}, undefined]) {
        const change = await failure(
          connector.execute("update", { table, data: { age: 0 }, ...(where && { where }) }),
          "input_invalid",
        );
        assert.match(`${change.message} ${change.hint}`, /every row.*all: true/);
        assert.equal(change.outcome, "none");
        await failure(connector.execute("delete", { table, ...(where && { where }) }), "input_invalid");
      }
      assert.deepEqual(await column(ctx, table, "age"), [36, 85, null]);
      assert.deepEqual(await connector.execute("update", { table, data: { age: 0 }, all: true }), { count: 3 });
      assert.deepEqual(await connector.execute("delete", { table, where: {}, all: true }), { count: 3 });
    },
  },
  {
    name: "a value that is undefined is refused by the name of its column",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, [ADA]);
      const data = { name: "Grace Hopper", age: undefined };
      const attempts = [
        () => connector.execute("insert", { table, data }),
        () => connector.execute("insertMany", { table, rows: [data] }),
        () => connector.execute("update", { table, data, where: { id: 1 } }),
        () => connector.execute("delete", { table, where: data }),
      ];
      for (const attempt of attempts) {
        const error = await failure(attempt(), "input_invalid");
        assert.match(error.message, /"age"/);
        assert.doesNotMatch(error.message, /Hopper/);
      }
      assert.deepEqual(await column(ctx, table, "name"), ["Ada"]);
    },
  },
  {
    name: "a condition that is neither a value, null, a list of them nor operators is refused",
    async run(ctx) {
      const table = await makePeople(ctx, THREE);
      for (const age of [{ near: 18 }, {}, [[1]], [{}], [undefined], () => 1]) {
        const error = await failure(ctx.connector.execute("delete", { table, where: { age } }), "input_invalid");
        assert.match(error.message, /"age"/);
      }
      assert.equal(await size(ctx, table), 3);
    },
  },
  {
    name: "an update that sets nothing is refused",
    async run(ctx) {
      const table = await makePeople(ctx, THREE);
      await failure(ctx.connector.execute("update", { table, data: {}, where: { id: 1 } }), "input_invalid");
    },
  },
  {
    name: "a name is only ever a name, however it is written",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, [ADA]);
      const attempts = [
        () => connector.execute("delete", { table: `${table}; DROP TABLE ${table}`, all: true }),
        () => connector.execute("delete", { table: `${table}" WHERE true; --`, all: true }),
        () => connector.execute("delete", { table, where: { 'id" = 1 OR "id': 1 } }),
        () => connector.execute("update", { table, data: { 'age" = 0, "name': "x" }, where: { id: 1 } }),
        () => connector.execute("insert", { table, data: { "name\") VALUES ('x'); --": "x" } }),
        () => connector.execute("insertMany", { table, rows: [{ "name--": "x" }] }),
      ];
      for (const attempt of attempts) await failure(attempt(), "not_found");
      for (const name of ["", "a\0b", "x".repeat(10_000)])
        await failure(connector.execute("delete", { table, where: { [name]: 1 } }), "input_invalid");
      await failure(connector.execute("delete", { table: `${table}.`, all: true }), "input_invalid");
      await failure(connector.execute("delete", { table: ["a", "b", "c", "d"], all: true }), "input_invalid");
      assert.deepEqual(await column(ctx, table, "name"), ["Ada"]);
    },
  },
  {
    name: "names with quotes, dots, spaces and capitals work where they really exist",
    async run(ctx) {
      const { connector } = ctx;
      const dotted = `${ctx.unique()}.Weird "name"`;
      const { quote } = ctx;
      const columns = ['na""me', "Na Me", "select", "a.b", "ключ", "constructor", "__proto__"];
      const definitions = columns.map((each) => `${quote(each)} ${ctx.types.text}`).join(", ");
      await connector.execute("query", { sql: `CREATE TABLE ${quote(dotted)} (${definitions})` });
      const data = Object.fromEntries(columns.map((each) => [each, `value of ${each}`]));
      await connector.execute("insertMany", { table: [dotted], rows: [data, data] });
      const rows = await connector.execute("query", { sql: `SELECT * FROM ${quote(dotted)}` });
      assert.deepEqual(rows, [data, data]);
      for (const each of columns) {
        const where = Object.fromEntries([[each, data[each]]]);
        assert.deepEqual(await connector.execute("update", { table: [dotted], data: where, where }), { count: 2 });
      }
      await failure(connector.execute("delete", { table: dotted, all: true }), "not_found");
      await connector.execute("delete", { table: [dotted], all: true });
    },
  },
  {
    name: "a value is only ever a value",
    async run(ctx) {
      const { connector, types } = ctx;
      const table = await makeTable(ctx, `id ${types.id}, name ${types.text}`);
      const texts = [
        `'; DROP TABLE ${table}; --`,
        '" OR 1 = 1 --',
        "\\'; SELECT 1; --",
        "$1",
        ":name",
        "?",
        "%_",
        "--",
        "/*",
        "\n\r\t\u0001",
        "😀 ÿ ﷽",
        "",
        "NULL",
        "null",
      ];
      await connector.execute("insertMany", { table, rows: texts.map((name) => ({ name })) });
      assert.deepEqual(await column(ctx, table, "name"), texts);
      for (const name of texts) {
        const { count } = await connector.execute("update", { table, data: { name }, where: { name } });
        assert.equal(count, 1);
      }
      assert.deepEqual(await column(ctx, table, "name"), texts);
    },
  },
  {
    name: "insertMany inserts any number of rows, none included",
    async run(ctx) {
      const table = await makePeople(ctx);
      assert.deepEqual(await ctx.connector.execute("insertMany", { table, rows: [] }), { count: 0 });
      const rows = Array.from({ length: 5_003 }, (_, at) => ({ name: `n${at}`, age: at }));
      assert.deepEqual(await ctx.connector.execute("insertMany", { table, rows }), { count: 5_003 });
      assert.deepEqual(
        await column(ctx, table, "age"),
        rows.map(({ age }) => age),
      );
    },
  },
  {
    name: "insertMany inserts all rows or none, however many",
    async run(ctx) {
      const { types, connector } = ctx;
      const table = await makeTable(ctx, `id ${types.int32} PRIMARY KEY`);
      for (const length of [10, 4_000]) {
        const rows = Array.from({ length }, (_, id) => ({ id }));
        await failure(connector.execute("insertMany", { table, rows: [...rows, { id: 0 }] }), "conflict");
        assert.equal(await size(ctx, table), 0);
      }
    },
  },
  {
    name: "insertMany refuses rows of different columns and names the row",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx);
      const less = await failure(
        connector.execute("insertMany", { table, rows: [ADA, { name: "x" }] }),
        "input_invalid",
      );
      assert.match(less.message, /Row 2 .*"age"/);
      const more = await failure(
        connector.execute("insertMany", { table, rows: [{ name: "x" }, ADA] }),
        "input_invalid",
      );
      assert.match(more.message, /Row 2 .*"age"/);
      await failure(connector.execute("insertMany", { table, rows: [{}, {}] }), "input_invalid");
      assert.equal(await size(ctx, table), 0);
    },
  },
];
