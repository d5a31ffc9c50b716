import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { openForTest } from "./open-for-test.ts";
import { encodeParameters } from "./values/parameters.ts";
import { decoderOf, nameOf } from "./values/types.ts";

const { connected } = await openForTest();
const db = await connected();

/** What comes back of values that are sent as one type. */
async function through(type: string, values: readonly unknown[]): Promise<unknown[]> {
  const list = values.map((_, at) => `(${at}, $${at + 1}::${type})`).join(", ");
  const rows = await db.query({
    sql: `SELECT it FROM (VALUES ${list}) AS sent (n, it) ORDER BY n`,
    values: [...values],
  });
  return rows.map(({ it }) => it);
}

const text = fc.string({ unit: "grapheme" }).filter((each) => !each.includes("\0"));
const json = fc.jsonValue({ noUnicodeString: false }).filter((each) => !JSON.stringify(each).includes("\\u0000"));
const sorts: readonly (readonly [string, fc.Arbitrary<unknown>, ((value: never) => unknown)?])[] = [
  ["text", text],
  ["int4", fc.integer()],
  ["int2", fc.integer({ min: -32_768, max: 32_767 })],
  ["int8", fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), String],
  ["numeric", fc.tuple(fc.bigInt(), fc.nat()).map(([a, b]) => `${a}.${b}`)],
  ["float8", fc.double({ noNaN: false })],
  ["float4", fc.integer({ min: -(2 ** 24), max: 2 ** 24 })],
  ["boolean", fc.boolean()],
  ["bytea", fc.uint8Array()],
  ["timestamptz", fc.date({ min: new Date("-004700-01-01"), max: new Date("+275000-01-01"), noInvalidDate: true })],
  ["uuid", fc.uuid()],
  ["jsonb", fc.dictionary(text, json)],
  ["jsonb", fc.array(json)],
  ["text[]", fc.array(fc.option(text))],
  ["int4[]", fc.array(fc.option(fc.integer()))],
  ["bytea[]", fc.array(fc.uint8Array())],
  ["timestamptz[]", fc.array(fc.date({ min: new Date(0), max: new Date("9999-01-01"), noInvalidDate: true }))],
  ["boolean[]", fc.array(fc.boolean())],
  ["float8[]", fc.array(fc.double())],
];

describe("values come out as they went in", () => {
  test.each(sorts.map(([type, values, out]) => [type, values, out] as const))("%s", async (type, values, out) => {
    const many = fc.array(values, { minLength: 1, maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(many, async (sent) => {
        const expected = out === undefined ? sent : sent.map((each) => out(each as never));
        expect(normal(await through(type, sent))).toEqual(normal(expected));
      }),
      { numRuns: 15 },
    );
  });

  /** JSON has no -0, and a table no prototype: keys are compared as they are. */
  function normal(value: unknown): unknown {
    return JSON.parse(
      JSON.stringify(value, (_, each: unknown) => {
        if (typeof each === "number" && !Number.isFinite(each)) return `number ${each}`;
        return each instanceof Uint8Array ? `bytes ${Buffer.from(each).toString("hex")}` : each;
      }),
    );
  }
});

test("what no number can be stays text", async () => {
  const digits = "1234567890".repeat(4);
  const sql = `SELECT 'NaN'::numeric AS a, 'Infinity'::numeric AS b, ${digits}.${digits} AS c,
    'NaN'::float8 AS d, '-Infinity'::float4 AS e, '{"n": [1e400, 0.${digits}]}'::json AS f`;
  const json = { n: ["1e400", `0.${digits}`] };
  const exact = { a: "NaN", b: "Infinity", c: `${digits}.${digits}`, d: NaN, e: -Infinity, f: json };
  expect(await db.query({ sql })).toEqual([exact]);
});

describe("what no Date can be stays text", () => {
  test.each([
    ["'infinity'", "infinity"],
    ["'-infinity'", "-infinity"],
    ["'294276-12-31 23:59:59+00'", expect.stringMatching(/^294276-12-31/)],
  ])("%s", async (sql, expected) => {
    expect(await db.query({ sql: `SELECT ${sql}::timestamptz AS it` })).toEqual([{ it: expected }]);
  });

  test("dates and times without a zone keep all their digits", async () => {
    const sql = "SELECT '2024-01-02 03:04:05.123456'::timestamp AS a, '24:00:00'::time AS b, 'infinity'::date AS c";
    expect(await db.query({ sql })).toEqual([{ a: "2024-01-02 03:04:05.123456", b: "24:00:00", c: "infinity" }]);
  });
});

test("an instant is the same one whatever the zones of machine and session", async () => {
  const instants = ["1883-11-18T12:03:58.000Z", "2024-03-31T01:30:00.000Z", "0001-01-01T00:00:00.000Z"].map(
    (each) => new Date(each),
  );
  for (const zone of ["UTC", "America/New_York", "Asia/Kolkata", "Europe/Amsterdam", "Australia/Lord_Howe"]) {
    const found = await db.transaction(async (tx) => {
      await tx.query({ sql: "SELECT set_config('timezone', $1, true)", values: [zone] });
      const [row] = await tx.query({
        sql: "SELECT $1::timestamptz AS a, $2::timestamptz AS b, $3::timestamptz AS c",
        values: instants,
      });
      return row;
    });
    expect(found).toEqual({ a: instants[0], b: instants[1], c: instants[2] });
  }
});

test("values are read the same whatever the server's output settings", async () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, at) => at);
  const found = await db.transaction(async (tx) => {
    await tx.query({
      sql: "SELECT set_config('bytea_output', 'escape', true), set_config('datestyle', 'German', true)",
    });
    const [row] = await tx.query({
      sql: "SELECT $1::bytea AS bytes, '2024-01-02 03:04:05+00'::timestamptz AS at",
      values: [bytes],
    });
    return row;
  });
  expect(found?.["bytes"]).toEqual(bytes);
  // Not understood, so handed on as it came rather than read wrongly.
  expect(found?.["at"]).toMatch(/^02\.01\.2024/);
});

test("trap 22: rows have column names and types, no digit is lost, and nobody else's type parsers count", async () => {
  const { default: pg } = await import("pg");
  pg.types.setTypeParser(20, () => "spoilt");
  const { data, meta } = await db.call("query", {
    sql: `SELECT 9007199254740993::int8 AS big, 0.1000000000000000055511151231257827::numeric AS exact,
            '6f9619ff-8b86-d011-b42d-00cf4fc964ff'::uuid AS id, ARRAY[1,2]::int8[] AS list, NULL::int4 AS none,
            '[0:1]={7,8}'::int4[] AS shifted, '{{1,2},{3,4}}'::int4[] AS deep, '1 day'::interval AS span`,
  });
  expect(data).toEqual([
    {
      big: "9007199254740993",
      exact: "0.1000000000000000055511151231257827",
      id: "6f9619ff-8b86-d011-b42d-00cf4fc964ff",
      list: ["1", "2"],
      none: null,
      shifted: [7, 8],
      deep: [
        [1, 2],
        [3, 4],
      ],
      span: "1 day",
    },
  ]);
  expect(meta.columns).toEqual([
    { name: "big", type: "bigint" },
    { name: "exact", type: "numeric" },
    { name: "id", type: "uuid" },
    { name: "list", type: "bigint[]" },
    { name: "none", type: "integer" },
    { name: "shifted", type: "integer[]" },
    { name: "deep", type: "integer[]" },
    { name: "span", type: "interval" },
  ]);
});

test("types that users make are text", async () => {
  await db.query({ sql: "CREATE TYPE mood AS ENUM ('sad', 'happy')" });
  const { data, meta } = await db.call("query", { sql: "SELECT 'sad'::mood AS a, ARRAY['happy']::mood[] AS b" });
  expect(data).toEqual([{ a: "sad", b: "{happy}" }]);
  expect(meta.columns?.[0]?.type).toMatch(/^oid \d+$/);
});

test("the table of types is PostgreSQL's", async () => {
  const rows = await db.query({
    sql: "SELECT oid::int AS oid, typarray::int AS list, format_type(oid, NULL) AS name FROM pg_type WHERE oid < 16384",
  });
  const names = new Map(rows.map(({ oid, name }) => [oid as number, name as string]));
  for (const [oid, name] of names) {
    const known = nameOf(oid);
    if (!known.startsWith("oid ")) expect(known.replaceAll('"', "")).toBe(name.replaceAll('"', ""));
  }
  for (const { oid, list } of rows)
    if (!nameOf(oid as number).startsWith("oid ") && list !== 0)
      expect(nameOf(list as number)).toBe(`${nameOf(oid as number)}[]`);
});

test("an array literal that is not one does not hang", () => {
  expect(decoderOf(1007)("{}")).toEqual([]);
  expect(() => encodeParameters([[Symbol("a")]])).toThrow("parameter 1");
});
