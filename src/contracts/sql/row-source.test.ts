import { describe, expect, test } from "vitest";
import { ConnectorError } from "../../core/errors.ts";
import { makeCall } from "../../testkit/make-call.ts";
import { rowSource, type Row, type Rows } from "./fields.ts";
import { RowSource, SourceFailed } from "./row-source.ts";

const call = makeCall();

/** All rows of a source, or what it fails with. */
async function drained(rows: unknown): Promise<unknown> {
  const source = new RowSource(rows as Rows);
  const all: unknown[] = [];
  try {
    for (let batch = await source.next(call); batch !== undefined; batch = await source.next(call)) all.push(...batch);
    return all;
  } catch (error) {
    return error;
  } finally {
    source.close();
  }
}

const boom = new Error("boom");
const throws = (): never => {
  throw boom;
};
const steps = (...values: readonly unknown[]): (() => unknown) => {
  const left = [...values];
  return () => left.shift();
};
const sync = (next: unknown): unknown => ({ [Symbol.iterator]: () => ({ next }) });
const async = (next: unknown): unknown => ({ [Symbol.asyncIterator]: () => ({ next }) });
const END = { done: true, value: undefined };

describe("a source of rows", () => {
  test.each<[string, () => unknown]>([
    ["a list", () => [{ a: 1 }, { a: 2 }]],
    ["a generator", () => [{ a: 1 }, { a: 2 }].values()],
    ["an iterator written by hand", () => sync(steps({ value: { a: 1 } }, { done: false, value: { a: 2 } }, END))],
    [
      "an async one that answers at once",
      () => async(steps({ done: false, value: { a: 1 } }, { done: false, value: { a: 2 } }, END)),
    ],
    [
      "both an iterable and an async iterable",
      () => ({
        [Symbol.iterator]: throws,
        [Symbol.asyncIterator]: async function* () {
          yield* await Promise.resolve([{ a: 1 }, { a: 2 }]);
        },
      }),
    ],
  ])("is read to its end: %s", async (_, make) => {
    expect(await drained(make())).toEqual([{ a: 1 }, { a: 2 }]);
  });

  test.each<[string, unknown, unknown]>([
    ["cannot be begun", { [Symbol.iterator]: throws }, boom],
    ["cannot be begun, and is async", { [Symbol.asyncIterator]: throws }, boom],
    ["throws", sync(throws), boom],
    ["rejects", async(() => Promise.reject(boom)), boom],
    ["gives no result", sync(steps(undefined)), expect.any(TypeError)],
    ["gives no result, and is async", async(steps(Promise.resolve(5))), expect.any(TypeError)],
    ["has nothing to ask", sync(undefined), expect.any(TypeError)],
    ["is begun with null", { [Symbol.iterator]: () => null }, expect.any(TypeError)],
  ])("fails with what it threw where it %s", async (_, rows, thrown) => {
    const error = await drained(rows);
    expect(error).toBeInstanceOf(SourceFailed);
    expect((error as SourceFailed).thrown).toEqual(thrown);
  });

  test.each<[string, unknown, RegExp]>([
    ["no map", [[1]].values(), /^Row 1 is no map/],
    ["null", [{ a: 1 }, null].values(), /^Row 2 is no map/],
    ["a row without columns", [{}].values(), /no columns/],
    ["a row with another column", [{ a: 1 }, { b: 1 }].values(), /^Row 2 has no column "a"/],
    ["a row with a column more", [{ a: 1 }, { a: 1, b: 1 }].values(), /^Row 2 has a column "b"/],
  ])("is refused where it yields %s", async (_, rows, message) => {
    const error = await drained(rows);
    expect(error).toBeInstanceOf(ConnectorError);
    expect((error as ConnectorError).message).toMatch(message);
  });

  test("is refused where it changes one object for all rows, which would store the last of them again and again", async () => {
    function* changing(): Generator<Row> {
      const row: Row = {};
      for (row["a"] = 1; (row["a"] as number) < 3; row["a"] = (row["a"] as number) + 1) yield row;
    }
    const error = await drained(changing());
    expect((error as ConnectorError).message).toMatch(/^Row 2 is the same object/);
    const same: Row = { a: 1 };
    expect(await drained([same, same])).toEqual([same, same]);
  });

  test("is told once that no more is wanted, whatever it makes of that", async () => {
    let told = 0;
    const iterator = {
      next: () => ({ done: false, value: 5 }),
      return: () => {
        told++;
        throw boom;
      },
    };
    expect(await drained({ [Symbol.iterator]: () => iterator })).toBeInstanceOf(ConnectorError);
    expect(told).toBe(1);
  });

  test("that nobody read is not begun", () => {
    new RowSource({ [Symbol.iterator]: throws }).close();
  });
});

test.each([5, "rows", null, undefined, {}, { [Symbol.iterator]: 1 }, { [Symbol.asyncIterator]: {} }, () => []])(
  "%o is no source of rows",
  (rows) => {
    expect(rowSource.safeParse(rows).success).toBe(false);
  },
);
