/** What `where` finds, and that it finds nothing else. */
import assert from "node:assert/strict";
import type { Row } from "../operations.ts";
import { failure, makePeople, makeTable, size, type SqlCase, type SqlContext } from "./context.ts";

const PEOPLE: readonly Row[] = [
  { name: "Ada", age: 36 },
  { name: "Alan", age: 41 },
  { name: "Grace", age: 85 },
  { name: "50%_\\", age: null },
  { name: null, age: 0 },
];

/** Which rows, by their place in the list above. */
const FOUND: readonly (readonly [where: Row, rows: readonly number[]])[] = [
  [{ name: "Ada" }, [1]],
  [{ name: null }, [5]],
  [{ age: [36, 85] }, [1, 3]],
  [{ age: [0, null] }, [4, 5]],
  [{ age: [] }, []],
  [{ age: { gte: 36, lt: 85 } }, [1, 2]],
  [{ age: { gt: 36 } }, [2, 3]],
  [{ age: { lte: 36 } }, [1, 5]],
  [{ age: { ne: 36 } }, [2, 3, 5]],
  [{ age: { ne: null } }, [1, 2, 3, 5]],
  [{ age: { eq: null } }, [4]],
  [{ age: { notIn: [36, 41] } }, [3, 5]],
  [{ age: { in: [36, null] } }, [1, 4]],
  [{ name: { like: "A%" } }, [1, 2]],
  [{ name: { like: "_da" } }, [1]],
  [{ name: { notLike: "A%" } }, [3, 4]],
  [{ name: { like: "50\\%%" } }, [4]],
  [{ name: { startsWith: "50%" } }, [4]],
  [{ name: { startsWith: "%" } }, []],
  [{ name: { contains: "_" } }, [4]],
  [{ name: { endsWith: "\\" } }, [4]],
  [{ name: { contains: "a", endsWith: "n" } }, [2]],
  [{ or: [{ name: "Ada" }, { age: 85 }] }, [1, 3]],
  [{ or: [] }, []],
  [{ age: { lt: 50 }, or: [{ name: { like: "A%" } }, { name: null }] }, [1, 2, 5]],
  [{ and: [{ age: { gt: 1 } }, { age: { lt: 40 } }] }, [1]],
  [{ not: { name: { like: "A%" } } }, [3, 4]],
  [{ not: { or: [{ name: "Ada" }, { age: null }] } }, [2, 3]],
];

/** What is written into SQL texts elsewhere. */
export const HOSTILE: readonly string[] = [
  "' OR '1'='1",
  "x'; DROP TABLE users; --",
  '"; DELETE FROM users; --',
  "\\'; DELETE FROM users; --",
  "\\",
  "%",
  "$1",
  ":name",
  "?",
  "/* */",
  "-- ",
  "#",
  "`",
  "]",
  "$$ || $$",
  "\u02bc OR 1=1",
  "\ufeff'",
  "$.a' OR '1",
  "'::regclass",
];

/** The ids of the rows that an update finds. */
async function found(ctx: SqlContext, table: string, where: Row): Promise<number[]> {
  const { connector, placeholder } = ctx;
  await connector.execute("update", { table, data: { mark: 0 }, all: true });
  const { count } = await connector.execute("update", { table, data: { mark: 1 }, where });
  const sql = `SELECT id FROM ${table} WHERE mark = ${placeholder(1)} ORDER BY id`;
  const rows = await connector.execute("query", { sql, values: [1] });
  assert.equal(rows.length, count);
  return rows.map(({ id }) => Number(id));
}

async function makeMarked(ctx: SqlContext, rows: readonly Row[]): Promise<string> {
  const { id, text, int32 } = ctx.types;
  const table = await makeTable(ctx, `id ${id}, name ${text}, age ${int32}, mark ${int32}`);
  await ctx.connector.execute("insertMany", { table, rows: [...rows] });
  return table;
}

export const conditionCases: readonly SqlCase[] = [
  {
    name: "where finds the rows that its conditions name",
    async run(ctx) {
      const table = await makeMarked(ctx, PEOPLE);
      for (const [where, rows] of FOUND)
        assert.deepEqual(await found(ctx, table, where), rows, `where ${JSON.stringify(where)}`);
    },
  },
  {
    name: "where names columns that are called as its own words are, in pairs",
    async run(ctx) {
      const { connector, types, quote } = ctx;
      const words = ["or", "and", "not"];
      const columns = words.map((word) => `${quote(word)} ${types.int32}`).join(", ");
      const table = await makeTable(ctx, `id ${types.id}, mark ${types.int32}, ${columns}`);
      const rows = [1, 2, 3].map((at) => Object.fromEntries(words.map((word, nth) => [word, at * 10 + nth])));
      await connector.execute("insertMany", { table, rows });
      const cases: (readonly [where: Row, rows: readonly number[]])[] = [
        [{ and: [["or", 10]] }, [1]],
        [
          {
            and: [
              ["or", { gte: 20 }],
              ["and", [11, 21]],
            ],
          },
          [2],
        ],
        [{ or: [["not", 12], { and: [["or", 30]] }] }, [1, 3]],
        [{ not: ["not", 12] }, [2, 3]],
        [
          {
            not: {
              or: [
                ["and", null],
                ["or", [10, 20]],
              ],
            },
          },
          [3],
        ],
      ];
      for (const [where, ids] of cases)
        assert.deepEqual(await found(ctx, table, where), ids, `where ${JSON.stringify(where)}`);
    },
  },
  {
    name: "where takes a group of thousands, and tells how many values are too many",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, PEOPLE);
      const ids = (count: number): number[] => Array.from({ length: count }, (_, at) => at + 4);
      const count = async (where: Row): Promise<number> =>
        (await connector.execute("select", { table, columns: ["id"], where })).rows.length;
      assert.equal(await count({ or: ids(5_000).map((id) => ({ id })) }), 2);
      assert.equal(await count({ not: { and: ids(5_000).map((id) => ({ id: { ne: id } })) } }), 2);
      assert.equal(await count({ id: ids(30_000) }), 2);
      const error = await failure(connector.execute("select", { table, where: { id: ids(70_000) } }), "input_invalid");
      assert.match(error.message, /^The statement has 70000 parameters; \d+ are allowed/);
    },
  },
  {
    name: "where refuses everything that would mean every row by accident",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, PEOPLE);
      const nothing: Row[] = [
        {},
        { and: [] },
        { or: [{}] },
        { not: {} },
        { not: { age: [] } },
        { not: { or: [] } },
        { age: { notIn: [] } },
        { name: { contains: "" } },
        { age: {} },
        { age: undefined },
      ];
      for (const where of nothing) {
        await failure(connector.execute("delete", { table, where }), "input_invalid");
        await failure(connector.execute("update", { table, data: { age: 1 }, where }), "input_invalid");
      }
      assert.equal(await size(ctx, table), PEOPLE.length);
    },
  },
  {
    name: "where takes hostile text for what it is: a value",
    async run(ctx) {
      const table = await makeMarked(
        ctx,
        HOSTILE.map((name) => ({ name })),
      );
      for (const [at, name] of HOSTILE.entries())
        for (const where of [
          { name },
          { name: [name, "other"] },
          { name: { eq: name } },
          { or: [{ name }] },
          { name: { contains: name, startsWith: name, endsWith: name }, and: [{ name: { in: [name] } }] },
        ])
          assert.deepEqual(await found(ctx, table, where), [at + 1], `where ${JSON.stringify(where)}`);
    },
  },
  {
    name: "where takes hostile names for what they are: columns that do not exist",
    async run(ctx) {
      const { connector } = ctx;
      const table = await makePeople(ctx, PEOPLE);
      for (const name of HOSTILE)
        for (const where of [{ [name]: 1 }, { or: [{ [name]: null }] }, { not: { [name]: { gt: 1 } } }])
          await failure(connector.execute("delete", { table, where }), "not_found");
      for (const operator of HOSTILE)
        await failure(connector.execute("delete", { table, where: { age: { [operator]: 1 } } }), "input_invalid");
      assert.equal(await size(ctx, table), PEOPLE.length);
    },
  },
];
