import { describe, expect, test } from "vitest";
import { openForTest } from "../open-for-test.ts";

const { connected } = await openForTest();
const db = await connected();
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const locks = async (): Promise<unknown> =>
  (await db.query({ sql: "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'" }))[0]?.["n"];

describe("withLock", () => {
  test("runs one at a time, whoever asks, and others with other keys meanwhile", async () => {
    const others = await Promise.all([connected({ maxConnections: 1 }), connected({ maxConnections: 1 })]);
    let inside = 0;
    let most = 0;
    const work = async (): Promise<number> => {
      most = Math.max(most, ++inside);
      for (let at = 0; at < 5; at++) await turn();
      return inside--;
    };
    const answers = await Promise.all(
      Array.from({ length: 12 }, (_, n) => others[n % 2]!.withLock("nightly", work, { timeout: 20_000 })),
    );
    expect(answers).toEqual(Array.from({ length: 12 }, () => 1));
    expect(most).toBe(1);
    const nested = await db.withLock("a", () => db.withLock("b", () => Promise.resolve("both")));
    expect(nested).toBe("both");
    await expect.poll(locks).toBe(0);
  });

  test("lets its work use the pool, however small", async () => {
    const small = await connected({ maxConnections: 1 });
    expect(await small.withLock("k", () => small.query({ sql: "SELECT 1 AS one" }))).toEqual([{ one: 1 }]);
  });

  test("without waiting fails at once where somebody has it", async () => {
    await db.withLock("k", async () => {
      const error: unknown = await db
        .withLock("k", () => Promise.resolve(), { wait: false })
        .catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ kind: "contention", attempts: 1 });
    });
    expect(await db.withLock("k", () => Promise.resolve(1), { wait: false })).toBe(1);
  });

  test("gives up waiting at its time limit, and what its work throws is thrown on", async () => {
    await db.withLock("k", async () => {
      await expect(db.withLock("k", () => Promise.resolve(), { timeout: 100 })).rejects.toMatchObject({
        kind: "timeout",
      });
    });
    const thrown = new Error("mine");
    let runs = 0;
    const work = (): Promise<never> => {
      runs++;
      return Promise.reject(thrown);
    };
    await expect(db.withLock("k", work)).rejects.toBe(thrown);
    expect(runs).toBe(1);
    await expect.poll(locks).toBe(0);
  });

  test("whose connection is killed tells its work, fails, and runs nothing twice", async () => {
    const own = await connected({ applicationName: "holder", maxConnections: 1 });
    let runs = 0;
    const lost = own.withLock("k", async ({ signal }) => {
      runs++;
      const sql = "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory'";
      await db.query({ sql });
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener("abort", resolve));
      return db.withLock("k", () => Promise.resolve("somebody else"), { wait: false });
    });
    await expect(lost).rejects.toMatchObject({ kind: "connection_lost", outcome: "unknown", attempts: 1 });
    expect(runs).toBe(1);
  });
});
