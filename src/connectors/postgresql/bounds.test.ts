import { expect, test } from "vitest";
import { openForTest } from "./open-for-test.ts";

const { connected } = await openForTest();
/** One connection, so that every call meets what the one before has left. */
const db = await connected({ maxConnections: 1 });

const tooLarge = (message: RegExp): unknown =>
  expect.objectContaining({ kind: "too_large", message: expect.stringMatching(message) as string });

test("trap 23: an unbounded result does not fill the heap", async () => {
  // A terabyte, if anybody waited for it.
  const sql = "SELECT repeat('x', 100000) AS it FROM generate_series(1, 10000000) AS n";
  const before = process.memoryUsage().rss;
  const [{ pid } = { pid: 0 }] = await db.query({ sql: "SELECT pg_backend_pid() AS pid" });
  for (const maxBytes of [undefined, 2 ** 20]) {
    const bounds = maxBytes === undefined ? { maxRows: 100 } : { maxBytes };
    await expect(db.query({ sql, ...bounds })).rejects.toEqual(tooLarge(/more than max/));
    await expect(db.execute("query", { sql, ...bounds }, { effect: "read" })).rejects.toEqual(tooLarge(/more than/));
    // The connection is the same, and the server has ended the statement.
    expect(await db.query({ sql: "SELECT pg_backend_pid() AS pid" })).toEqual([{ pid }]);
  }
  expect(process.memoryUsage().rss - before).toBeLessThan(200 * 2 ** 20);
});

test("what a refused statement wrote is undone where it was ended, and unknown where it came to its end", async () => {
  await db.query({ sql: "CREATE TABLE kept (n int)" });
  const few = { sql: "INSERT INTO kept SELECT generate_series(1, 3) RETURNING n", maxRows: 2 };
  const error = (await db.query(few).catch((thrown: unknown) => thrown)) as { readonly outcome?: string };
  const [row] = await db.query({ sql: "SELECT count(*)::int AS n FROM kept" });
  expect([{ n: 0 }, { n: 3 }]).toContainEqual(row);
  expect(error.outcome).toBe(row?.["n"] === 0 ? "none" : "unknown");
});

test("limits are limits of one call", async () => {
  const sql = "SELECT generate_series(1, 3) AS n";
  await expect(db.query({ sql, maxRows: 2 })).rejects.toEqual(tooLarge(/maxRows \(2\)/));
  expect(await db.query({ sql, maxRows: 3 })).toHaveLength(3);
  expect(await db.query({ sql })).toHaveLength(3);
  await expect(db.query({ sql, maxRows: 0 })).rejects.toMatchObject({ kind: "input_invalid" });
});
