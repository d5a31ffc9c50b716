import { describe, expect, test } from "vitest";
import { type ConnectorError } from "../../core/errors.ts";
import type { PostgreSQLConnector } from "./index.ts";
import { openForTest } from "./open-for-test.ts";

const { service, connected } = await openForTest();
const proxy = await service.proxied();

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

/** Statements of a connector that the server is working on. */
async function running(admin: PostgreSQLConnector, applicationName: string): Promise<number> {
  const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'";
  const [row] = await admin.query({ sql, values: [applicationName] });
  return row?.["n"] as number;
}

describe("a call that is given up", () => {
  test("is answered at once, and its statement ends on the server", async () => {
    const db = await connected({ applicationName: "aborting" });
    const admin = await connected();
    const abort = new AbortController();
    const call = failure(db.query({ sql: "SELECT pg_sleep(60)" }, { signal: abort.signal }));
    await expect.poll(() => running(admin, "aborting")).toBe(1);
    const startedAt = performance.now();
    abort.abort();
    expect(await call).toMatchObject({ kind: "cancelled", outcome: "unknown" });
    // How soon, the fault suite measures; without an abort it would be a minute.
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    await expect.poll(() => running(admin, "aborting"), { timeout: 900 }).toBe(0);
  });

  test("by its deadline ends on the server as well, and keeps its connection", async () => {
    const db = await connected({ applicationName: "late", maxConnections: 1 });
    const admin = await connected();
    const pid = async (): Promise<unknown> => (await db.query({ sql: "SELECT pg_backend_pid() AS pid" }))[0]?.["pid"];
    const before = await pid();
    const late = await failure(db.query({ sql: "SELECT pg_sleep(60)" }, { timeout: 50 }));
    expect(late).toMatchObject({ kind: "timeout", outcome: "unknown" });
    expect(late.message).toContain("Timed out after 50 ms while running");
    expect(await pid()).toBe(before);
    expect(await running(admin, "late")).toBe(0);
  });

  test("ends on the server also when its cancellation comes before its statement", async () => {
    const db = await connected({ port: proxy.port, maxConnections: 1 });
    const pid = async (): Promise<unknown> => (await db.query({ sql: "SELECT pg_backend_pid() AS pid" }))[0]?.["pid"];
    const before = await pid();
    // The statement takes 0.4 s to the server, the cancellation next to nothing.
    proxy.rateBytesPerSec = 20_000;
    const abort = new AbortController();
    const call = failure(db.query({ sql: `SELECT pg_sleep(60) /* ${"x".repeat(8_000)} */` }, { signal: abort.signal }));
    await new Promise((resolve) => setImmediate(resolve));
    abort.abort();
    expect(await call).toMatchObject({ kind: "cancelled" });
    expect(await pid()).toBe(before);
    await proxy.heal();
  });

  test("while it waits for a connection was never sent", async () => {
    const db = await connected({ maxConnections: 1 });
    const held = db.query({ sql: "SELECT pg_sleep(0.3)" });
    const waiting = await failure(db.query({ sql: "CREATE TABLE never (a int)" }, { timeout: 30 }));
    expect(waiting).toMatchObject({ kind: "timeout", outcome: "none" });
    expect(waiting.message).toContain("Timed out after 30 ms while waiting for a connection");
    await held;
    expect(await failure(db.query({ sql: "SELECT * FROM never" }))).toMatchObject({ kind: "not_found" });
  });

  test("trap 3: ends although the connection is half-open and nothing comes back", async () => {
    const db = await connected({ port: proxy.port, maxConnections: 1 });
    proxy.blackhole = "both";
    const startedAt = performance.now();
    expect(await failure(db.query({ sql: "SELECT 1" }, { timeout: 150 }))).toMatchObject({ kind: "timeout" });
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    await proxy.heal();
    // The cancel request is stuck in the same black hole; the connection is given up after its grace.
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
  });

  test("gives its connection up where the cancel request does not get through", async () => {
    const admin = await connected();
    const db = await connected({ port: proxy.port, maxConnections: 1, applicationName: "stuck" });
    proxy.closeListener();
    const late = failure(db.query({ sql: "SELECT pg_sleep(60)" }, { timeout: 50 }));
    expect(await late).toMatchObject({ kind: "timeout" });
    await proxy.heal();
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
    await expect
      .poll(async () => {
        const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'stuck'";
        return (await admin.query({ sql }))[0]?.["n"];
      })
      .toBeLessThanOrEqual(2);
  });
});

describe("trap 15: a late cancel request", () => {
  test("never ends the next caller's statement, however the two race", async () => {
    const db = await connected({ maxConnections: 2 });
    let cancelled = 0;
    let answered = 0;
    for (let round = 0; round < 60; round++) {
      const given = Array.from({ length: 5 }, async (_, n) => {
        const abort = new AbortController();
        const call = db.query({ sql: "SELECT pg_sleep($1)", values: [0.001] }, { signal: abort.signal });
        // From before the statement is sent to after its answer is on the way.
        setTimeout(() => abort.abort(), (round + n) % 9);
        await call.then(
          () => answered++,
          (error: ConnectorError) => {
            expect(error.kind).toBe("cancelled");
            cancelled++;
          },
        );
      });
      const kept = Array.from({ length: 3 }, async (_, n) => {
        const sql = "SELECT $1::int AS n, pg_sleep(0.0005)";
        expect((await db.query({ sql, values: [n] }))[0]?.["n"]).toBe(n);
      });
      await Promise.all([...given, ...kept]);
    }
    expect(cancelled).toBeGreaterThan(50);
    expect(cancelled + answered).toBe(300);
  });

  test("does not reach it through a slow network either", async () => {
    const db = await connected({ port: proxy.port, maxConnections: 1 });
    await db.query({ sql: "SELECT 1" });
    proxy.latencyUpMs = 5;
    for (let round = 0; round < 20; round++) {
      const abort = new AbortController();
      const call = failure(db.query({ sql: "SELECT pg_sleep(0.01)" }, { signal: abort.signal }));
      setTimeout(() => abort.abort(), round);
      await call.catch(() => {});
      expect(await db.query({ sql: "SELECT pg_sleep(0.002), 1 AS a" })).toMatchObject([{ a: 1 }]);
    }
    await proxy.heal();
  });

  test("does not reach the ROLLBACK of its own transaction", async () => {
    const db = await connected({ maxConnections: 1 });
    await db.query({ sql: "CREATE TABLE kept (a int)" });
    for (let round = 0; round < 30; round++) {
      const abort = new AbortController();
      const work = db.transaction(
        async (tx) => {
          await tx.insert({ table: "kept", data: { a: round } });
          setTimeout(() => abort.abort(), round % 6);
          await tx.query({ sql: "SELECT pg_sleep(0.004)" });
          await tx.query({ sql: "SELECT pg_sleep(60)" });
        },
        { signal: abort.signal },
      );
      expect(await failure(work)).toMatchObject({ kind: "cancelled", outcome: "none" });
    }
    expect(await db.query({ sql: "SELECT * FROM kept" })).toEqual([]);
  });
});

test("a thousand aborted calls leave no connection, no statement and no queue behind", async () => {
  const db = await connected({ maxConnections: 3, applicationName: "many" });
  const admin = await connected();
  const calls = Array.from({ length: 1_000 }, async (_, n) => {
    const abort = new AbortController();
    const call = db.query({ sql: "SELECT pg_sleep(1)" }, { signal: abort.signal });
    setTimeout(() => abort.abort(), n % 20);
    await failure(call);
  });
  await Promise.all(calls);
  expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
  // The last of them may still be on its way to its end.
  await expect.poll(() => running(admin, "many")).toBe(0);
  expect(await db.healthCheck()).toMatchObject({ status: "healthy" });
});
