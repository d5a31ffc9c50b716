/** Values: what goes in comes out, and what JavaScript cannot hold exactly comes out as text. */
import assert from "node:assert/strict";
import { failure, makeTable, type SqlCase, type SqlContext, type SqlTypes } from "./context.ts";

/** A value that comes out as another. */
interface Changed {
  readonly in: unknown;
  readonly out: unknown;
}

const as = (value: unknown, out: unknown): Changed => ({ in: value, out });
const isChanged = (sample: unknown): sample is Changed =>
  typeof sample === "object" && sample !== null && "in" in sample && "out" in sample;

const SAMPLES: Readonly<Record<Exclude<keyof SqlTypes, "id" | "fineTimestamp" | "fineDecimal">, readonly unknown[]>> = {
  text: ["", "a", " b ", "'", "Ünïcödé", "😀", "line\nline", "\u0001", "x".repeat(100_000)],
  int32: [0, 1, -1, 2_147_483_647, -2_147_483_648],
  int64: [
    as(0, "0"),
    as(42n, "42"),
    as("9223372036854775807", "9223372036854775807"),
    as(-9_223_372_036_854_775_808n, "-9223372036854775808"),
    as(9_007_199_254_740_993n, "9007199254740993"),
  ],
  decimal: [
    as("1234567890123456789012345678901234567890.5", "1234567890123456789012345678901234567890.5"),
    as("-0.1", "-0.1"),
    as(1.5, "1.5"),
  ],
  float64: [0, 1.5, -1.5, 0.1, 5e-324, 1.7976931348623157e308, Math.PI],
  boolean: [true, false],
  bytes: [
    new Uint8Array(0),
    Uint8Array.from({ length: 256 }, (_, at) => at),
    as(Buffer.from("bytes"), new TextEncoder().encode("bytes")),
    as(new Uint8Array([1, 2, 3, 4]).subarray(1, 3), new Uint8Array([2, 3])),
  ],
  json: [
    { a: [1, "two", null, true, { b: {} }] },
    ...[[1, [2], { c: 3 }], [], {}, ["a,b", '"', "{}", "9007199254740993"]],
    as('{"n": [9007199254740993, -0.12345678901234567890, 1.5]}', {
      n: ["9007199254740993", "-0.12345678901234567890", 1.5],
    }),
  ],
  uuid: ["6f9619ff-8b86-d011-b42d-00cf4fc964ff"],
  instant: [
    new Date("2024-02-29T12:34:56.789Z"),
    new Date(0),
    new Date("1969-12-31T23:59:59.999Z"),
    new Date("1883-11-18T12:03:58.000Z"),
    new Date("9999-12-31T23:59:59.999Z"),
  ],
  date: ["2024-02-29", "0001-01-01", "9999-12-31"],
  time: ["00:00:00", "23:59:59"],
  timestamp: ["2024-02-29 12:34:56", "1883-11-18 12:03:58"],
};

async function roundTrip(ctx: SqlContext, type: string, values: readonly unknown[]): Promise<unknown[]> {
  const table = await makeTable(ctx, `id ${ctx.types.int32}, it ${type}`);
  await ctx.connector.execute("insertMany", { table, rows: values.map((it, id) => ({ id, it })) });
  const rows = await ctx.connector.execute("query", { sql: `SELECT it FROM ${table} ORDER BY id` });
  return rows.map(({ it }) => it);
}

export const valueCases: readonly SqlCase[] = [
  ...Object.entries(SAMPLES).map(([name, samples]): SqlCase => {
    return {
      name: `${name} values come out as they went in, NULL included`,
      async run(ctx) {
        const values = samples.map((sample) => (isChanged(sample) ? sample.in : sample));
        const isInstant = name === "timestamp" && !ctx.hasZonelessTimestamps;
        const expected = samples.map((sample) =>
          isInstant ? new Date(`${String(sample)}Z`) : isChanged(sample) ? sample.out : sample,
        );
        const found = await roundTrip(ctx, ctx.types[name as keyof SqlTypes], [...values, null]);
        assert.deepEqual(found, [...expected, null]);
      },
    };
  }),
  {
    name: "values that cannot be sent are refused by their place, never by what they are",
    async run(ctx) {
      const sql = `SELECT ${ctx.placeholder(1)} AS a`;
      for (const value of [undefined, Symbol("canary"), () => "canary", new Date(NaN), "canary\ud800", [undefined]]) {
        const error = await failure(ctx.connector.execute("query", { sql, values: [value] }), "input_invalid");
        assert.match(error.message, /parameter 1/);
        assert.doesNotMatch(error.message, /canary/);
      }
    },
  },
  {
    name: "text with the character NUL is refused",
    needs: "no NUL in text",
    async run(ctx) {
      const table = await makeTable(ctx, `it ${ctx.types.text}`);
      await failure(ctx.connector.execute("insertMany", { table, rows: [{ it: "a\0b" }] }), "input_invalid");
    },
  },
];
