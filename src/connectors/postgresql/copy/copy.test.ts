import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import type { Row } from "../../../contracts/sql/operations.ts";
import { type ConnectorError } from "../../../core/errors.ts";
import { openForTest } from "../open-for-test.ts";

const { service, connected, make } = await openForTest();
const db = await connected();

const COLUMNS = {
  i2: "smallint",
  i4: "integer",
  i8: "bigint",
  f4: "real",
  f8: "double precision",
  num: "numeric",
  money: "numeric(12,2)",
  bool: "boolean",
  txt: "text",
  vc: "varchar(40)",
  ch: "character(5)",
  raw: "bytea",
  id: "uuid",
  j: "json",
  jb: "jsonb",
  d: "date",
  t: "time",
  ts: "timestamp",
  tz: "timestamp with time zone",
  e: "mood",
  dom: "positive",
  ints: "integer[]",
  texts: "text[]",
  longs: "bigint[]",
  raws: "bytea[]",
  jsons: "jsonb[]",
  instants: "timestamp with time zone[]",
  moods: "mood[]",
  few: "positive_list",
};

beforeAll(async () => {
  for (const sql of [
    "CREATE TYPE mood AS ENUM ('sad', 'ok')",
    "CREATE DOMAIN positive AS integer CHECK (VALUE > 0)",
    "CREATE DOMAIN positive_list AS integer[] CHECK (0 < ALL (VALUE))",
    ...["one", "many"].map(
      (name) =>
        `CREATE TABLE ${name} (n int, ${Object.entries(COLUMNS)
          .map(([column, type]) => `${column} ${type}`)
          .join(", ")})`,
    ),
  ])
    await db.query({ sql });
});

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must be refused"),
    (error: unknown) => error as ConnectorError,
  );

/** Everything in a table, as the server writes it. */
async function stored(table: string): Promise<unknown> {
  const texts = Object.keys(COLUMNS).map((column) => `${column}::text`);
  return db.query({ sql: `SELECT n, ${texts.join(", ")} FROM ${table} ORDER BY n` });
}

const instant = fc.date({
  min: new Date(-200_000_000_000_000),
  max: new Date(250_000_000_000_000),
  noInvalidDate: true,
});
const text = fc.string({ unit: "grapheme" }).map((each) => each.replaceAll("\0", ""));
const digits = fc.stringMatching(/^-?\d{1,40}(\.\d{1,30})?$/);
const day = fc
  .date({ min: new Date("0001-01-01"), max: new Date("9999-12-31"), noInvalidDate: true })
  .map((each) => each.toISOString().slice(0, 10));
const clock = fc.stringMatching(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,6})?$/);
const two = (n: number) => String(n).padStart(2, "0");
const zone = fc.oneof(
  fc.constant("Z"),
  fc
    .tuple(fc.integer({ min: -13, max: 13 }), fc.integer({ min: 0, max: 59 }))
    .map(([h, m]) => `${h < 0 ? "-" : "+"}${two(Math.abs(h))}:${two(m)}`),
);

/** Lists of one to three dimensions, NULLs among the items, and texts of lists. */
function listOf(item: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> {
  const each = fc.oneof({ weight: 5, arbitrary: item }, fc.constant(null));
  const grid = (width: number, height: number): fc.Arbitrary<unknown> =>
    fc.array(fc.array(each, { minLength: width, maxLength: width }), { minLength: height, maxLength: height });
  return fc.oneof(
    fc.array(each),
    fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 3 })).chain(([w, h]) => grid(w, h)),
    grid(2, 2).map((plane) => [plane, plane]),
    fc.constant("{}"),
  );
}

const VALUES: Readonly<Record<keyof typeof COLUMNS, fc.Arbitrary<unknown>>> = {
  i2: fc.oneof(fc.integer({ min: -32768, max: 32767 }), fc.integer({ min: -32768, max: 32767 }).map(String)),
  i4: fc.oneof(fc.integer(), fc.integer().map(String), fc.integer().map(BigInt)),
  i8: fc.oneof(
    fc.maxSafeInteger(),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
    fc.constant(" 7 "),
  ),
  f4: fc.oneof(
    fc.float(),
    fc.double({ min: -1e30, max: 1e30, noNaN: true }).filter((each) => Math.abs(each) > 1e-30 || each === 0),
  ),
  f8: fc.oneof(fc.double(), fc.constant("1e5")),
  num: fc.oneof(
    digits,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.bigInt(),
    fc.constant("NaN"),
    fc.constant("-0.000"),
    fc.constant("0001.100"),
  ),
  money: fc.stringMatching(/^-?\d{1,9}\.\d{1,5}$/),
  bool: fc.oneof(fc.boolean(), fc.constant("yes"), fc.constant("f")),
  txt: fc.oneof(
    text,
    fc.double(),
    fc.bigInt(),
    fc.boolean(),
    fc.string({ maxLength: 300 }).map((each) => each.replaceAll("\0", "")),
  ),
  vc: fc.string({ unit: "binary-ascii", maxLength: 40 }).map((each) => each.replaceAll("\0", "")),
  ch: fc.stringMatching(/^[a-z ]{0,5}$/),
  raw: fc.oneof(
    fc.uint8Array(),
    fc.uint8Array().map((each) => Buffer.from(each)),
    fc.constant(new Uint16Array([1, 65535])),
  ),
  id: fc.oneof(
    fc.uuid(),
    fc.uuid().map((each) => each.toUpperCase()),
    fc.uuid().map((each) => `{${each}}`),
  ),
  j: fc.oneof(
    fc
      .jsonValue()
      .map((each) => JSON.stringify(each))
      .filter((each) => !each.includes("\\u0000")),
    fc.constant({ a: [1, "b"] }),
    fc.constant([1, [2]]),
    fc.integer(),
  ),
  jb: fc.oneof(
    fc.constant({ a: { b: "😀" } }),
    fc.constant([{}]),
    fc.boolean(),
    fc.constant('{"big": 12345678901234567890}'),
  ),
  d: fc.oneof(day, instant, fc.constant("infinity"), fc.constant("4 July 2020"), fc.constant("0044-03-15 BC")),
  t: fc.oneof(clock, fc.constant("24:00:00"), fc.constant("04:05 PM")),
  ts: fc.oneof(
    instant,
    fc.tuple(day, clock).map(([a, b]) => `${a} ${b}`),
    fc.tuple(day, clock, zone).map((each) => each.join("T").replace(/T([Z+-])/, "$1")),
    fc.constant("-infinity"),
  ),
  tz: fc.oneof(
    instant,
    fc.tuple(day, clock, zone).map(([a, b, c]) => `${a}T${b}${c}`),
    fc.tuple(day, clock).map((each) => each.join(" ")),
    fc.constant("epoch"),
  ),
  e: fc.constantFrom("sad", "ok"),
  dom: fc.integer({ min: 1, max: 2 ** 31 - 1 }),
  ints: listOf(fc.integer()),
  texts: listOf(text),
  longs: listOf(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  raws: listOf(fc.uint8Array()),
  jsons: fc.array(fc.oneof(fc.constant({ a: [1] }), fc.integer(), fc.constant(null))),
  instants: listOf(instant),
  moods: listOf(fc.constantFrom("sad", "ok")),
  few: fc.array(fc.integer({ min: 1, max: 9 })),
};

describe("rows by COPY", () => {
  test.each(Object.keys(COLUMNS) as (keyof typeof COLUMNS)[])(
    "are stored as INSERT stores them: %s",
    async (column) => {
      const values = fc.array(fc.option(VALUES[column]), { minLength: 1, maxLength: 10 });
      await fc.assert(
        fc.asyncProperty(values, async (found) => {
          const rows = found.map((value, n): Row => ({ n, [column]: value }));
          await db.query({ sql: "TRUNCATE one, many" });
          // A load of its own for each, so that one odd value does not take the others along.
          for (const each of rows) await db.insertMany({ table: "many", rows: [each].values() });
          await db.insertMany({ table: "one", rows });
          expect(await stored("many")).toEqual(await stored("one"));
        }),
        { numRuns: 12 },
      );
    },
  );

  test("go by COPY where every value allows, and around it where one does not", async () => {
    await db.query({ sql: "CREATE TABLE seen (i4 int, txt text, list int[])" });
    const spied = make();
    await spied.connect();
    const statements = async (rows: Iterable<Row>): Promise<number[]> =>
      spied.transaction(async (tx) => {
        await tx.insertMany({ table: "seen", rows });
        const [row] = await tx.query({
          sql: "SELECT count(DISTINCT cmin::text)::int AS commands, count(*)::int AS rows FROM seen WHERE xmin::text = txid_current()::text",
        });
        return [row!["commands"] as number, row!["rows"] as number];
      });
    const plain = Array.from({ length: 3_000 }, (_, i4) => ({ i4, txt: "x", list: [i4, null] }));
    expect(await statements(plain.values())).toEqual([1, 3_000]);
    const odd = plain.map((each) => (each.i4 === 1_500 ? { ...each, i4: " 1500 " } : each));
    expect(await statements(odd.values())).toEqual([3, 3_000]);
  });

  test("that the server refuses are named by number and column, without a value", async () => {
    await db.query({ sql: "CREATE TABLE picky (id int PRIMARY KEY, word varchar(5), score int CHECK (score < 9000))" });
    const rows = (wrong: Row, at = 4_321) =>
      (function* (): Generator<Row> {
        for (let id = 1; id <= 9_000; id++)
          yield id === at ? { id, word: "x", score: 1, ...wrong } : { id, word: "y", score: 1 };
      })();
    const long = await failure(db.insertMany({ table: "picky", rows: rows({ word: "SECRET value" }) }));
    expect(long).toMatchObject({ kind: "input_invalid", outcome: "none" });
    expect(long.message).toMatch(/^Row 4321, column word: /);
    const taken = await failure(db.insertMany({ table: "picky", rows: rows({ id: 77 }) }));
    expect(taken.kind).toBe("conflict");
    expect(taken.message).toMatch(/^Row 4321: .*picky_pkey/);
    const checked = await failure(db.insertMany({ table: "picky", rows: rows({ score: 9_999 }) }));
    expect(checked.message).toMatch(/^Row 4321: .*picky_score_check/);
    for (const { message } of [long, taken, checked]) expect(message).not.toMatch(/SECRET|9999/);
    // After a batch by INSERT, rows are counted on.
    const later = await failure(
      db.insertMany({
        table: "picky",
        rows: [...rows({ id: 77 }, 6_001)].map((row) => (row["id"] === 1_500 ? { ...row, score: " 1 " } : row)),
      }),
    );
    expect(later.message).toMatch(/^Row 6001: /);
    expect(await db.query({ sql: "SELECT count(*)::int AS n FROM picky" })).toEqual([{ n: 0 }]);
  });

  test("leave views, rules, row security, generated columns and unknown types to INSERT", async () => {
    for (const sql of [
      "CREATE TABLE below (id int GENERATED ALWAYS AS IDENTITY, a int, twice int GENERATED ALWAYS AS (a * 2) STORED, spot point, list int[])",
      "CREATE VIEW above AS SELECT a FROM below",
      "CREATE TABLE ruled (a int)",
      "CREATE RULE away AS ON INSERT TO ruled DO INSTEAD INSERT INTO below (a) VALUES (NEW.a)",
    ])
      await db.query({ sql });
    const rows = (row: Row) => Array.from({ length: 60 }, () => row);
    expect(await db.insertMany({ table: "above", rows: rows({ a: 1 }) })).toEqual({ count: 60 });
    await db.insertMany({ table: "ruled", rows: rows({ a: 2 }) });
    await db.insertMany({ table: "below", rows: rows({ a: 3, spot: "(1,2)", list: [1, null] }) });
    expect((await failure(db.insertMany({ table: "below", rows: rows({ id: 5, a: 4 }) }))).kind).toBe("input_invalid");
    expect((await failure(db.insertMany({ table: "below", rows: rows({ twice: 5 }) }))).kind).toBe("input_invalid");
    expect((await failure(db.insertMany({ table: "nowhere", rows: rows({ a: 1 }) }))).kind).toBe("not_found");
    expect((await failure(db.insertMany({ table: "below", rows: rows({ nothing: 1 }) }))).kind).toBe("not_found");
    expect(await db.query({ sql: "SELECT a, count(*)::int AS n FROM below GROUP BY a ORDER BY a" })).toEqual([
      { a: 1, n: 60 },
      { a: 2, n: 60 },
      { a: 3, n: 60 },
    ]);
  });

  test("keep lists that are larger than a message", async () => {
    await db.query({ sql: "CREATE TABLE lists (n int, texts text[], grid bigint[])" });
    const rows = [1, 2, 3].map((n) => ({
      n,
      texts: Array.from({ length: 5_000 }, (_, at) => (at % 7 === 0 ? null : "é".repeat(at % 50))),
      grid: Array.from({ length: 100 }, (_, x) =>
        Array.from({ length: 300 }, (_unused, y) => String(x * y * 10 ** 10)),
      ),
    }));
    await db.insertMany({ table: "lists", rows: rows.values() });
    expect(await db.query({ sql: "SELECT * FROM lists ORDER BY n" })).toEqual(rows);
  });

  test("larger than a message, and a thousand loads at once", async () => {
    await db.query({ sql: "CREATE TABLE big (id int, raw bytea, txt text)" });
    const raw = new Uint8Array(10 * 2 ** 20).fill(7);
    const large = [1, 2, 3].map((id) => ({ id, raw, txt: "ü".repeat(2 ** 20) }));
    expect(await db.insertMany({ table: "big", rows: large.values() })).toEqual({ count: 3 });
    expect(
      await db.query({ sql: "SELECT sum(length(raw))::int AS raw, sum(length(txt))::int AS txt FROM big" }),
    ).toEqual([{ raw: 30 * 2 ** 20, txt: 3 * 2 ** 20 }]);
    const rows = Array.from({ length: 60 }, (_, id) => ({ id, raw: null, txt: null }));
    await Promise.all(Array.from({ length: 1_000 }, () => db.insertMany({ table: "big", rows })));
    expect(await db.query({ sql: "SELECT count(*)::int AS n FROM big" })).toEqual([{ n: 60_003 }]);
  });

  test("end with their connection, and nothing is kept", async () => {
    await db.query({ sql: "CREATE TABLE cut (id int)" });
    const own = await connected({ applicationName: "loader", maxConnections: 1 });
    let killed = 0;
    async function* rows(): AsyncGenerator<Row> {
      for (let id = 0; id < 200_000; id++) {
        if (id === 100_000) {
          const sql = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'loader'";
          killed += (await db.query({ sql })).length;
        }
        yield { id };
      }
    }
    const error = await failure(own.insertMany({ table: "cut", rows: rows() }));
    expect(killed).toBe(1);
    expect(error).toMatchObject({
      kind: expect.stringMatching(/connection_lost|unavailable/) as string,
      outcome: "none",
      attempts: 1,
    });
    expect(await db.query({ sql: "SELECT count(*)::int AS n FROM cut" })).toEqual([{ n: 0 }]);
    expect(await own.insertMany({ table: "cut", rows: [{ id: 1 }].values() })).toEqual({ count: 1 });
    expect(service.port).toBeGreaterThan(0);
  });
});
