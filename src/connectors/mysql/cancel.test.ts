import { describe, expect, test } from "vitest";
import { type ConnectorError } from "../../core/errors.ts";
import type { MySQLConnector } from "./index.ts";
import { openForTest } from "./open-for-test.ts";
import { mariadb } from "../../testkit/index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";

await describeService("cancelling, on MariaDB", mariadb(), async () => {
  const { service, connected } = await openForTest();
  const proxy = await service.proxied();

  const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
    work.then(
      () => expect.unreachable("must fail"),
      (error: unknown) => error as ConnectorError,
    );

  const SLEEP = "SELECT SLEEP(60) AS slept";

  /** Statements like `sql` that the server is working on. */
  async function running(admin: MySQLConnector, sql: string): Promise<number> {
    const count =
      "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE command = 'Execute' AND info LIKE CONCAT(?, '%')";
    const [row] = await admin.query({ sql: count, values: [sql] });
    return Number(row?.["n"]);
  }

  describe("a call that is given up", () => {
    test("is answered at once, and its statement ends on the server", async () => {
      const db = await connected();
      const admin = await connected();
      const abort = new AbortController();
      const call = failure(db.query({ sql: SLEEP }, { signal: abort.signal }));
      await expect.poll(() => running(admin, SLEEP)).toBe(1);
      const startedAt = performance.now();
      abort.abort();
      expect(await call).toMatchObject({ kind: "cancelled", outcome: "unknown" });
      // How soon, the fault suite measures; without an abort it would be a minute.
      expect(performance.now() - startedAt).toBeLessThan(2_000);
      await expect.poll(() => running(admin, SLEEP), { timeout: 900 }).toBe(0);
    });

    test("by its deadline ends on the server as well, and keeps its connection", async () => {
      const db = await connected({ maxConnections: 1 });
      const admin = await connected();
      const pid = async (): Promise<unknown> => (await db.query({ sql: "SELECT CONNECTION_ID() AS pid" }))[0]?.["pid"];
      const before = await pid();
      const late = await failure(db.query({ sql: SLEEP }, { timeout: 50 }));
      expect(late).toMatchObject({ kind: "timeout", outcome: "unknown" });
      expect(late.message).toContain("Timed out after 50 ms while running");
      expect(await pid()).toBe(before);
      expect(await running(admin, SLEEP)).toBe(0);
    });

    test("ends on the server also when its cancellation comes before its statement", async () => {
      const db = await connected({ port: proxy.port, maxConnections: 1 });
      const pid = async (): Promise<unknown> => (await db.query({ sql: "SELECT CONNECTION_ID() AS pid" }))[0]?.["pid"];
      const before = await pid();
      // The statement takes 0.4 s to the server, the cancellation next to nothing.
      proxy.rateBytesPerSec = 20_000;
      const abort = new AbortController();
      const call = failure(db.query({ sql: `SELECT SLEEP(60) /* ${"x".repeat(8_000)} */` }, { signal: abort.signal }));
      await new Promise((resolve) => setImmediate(resolve));
      abort.abort();
      expect(await call).toMatchObject({ kind: "cancelled" });
      expect(await pid()).toBe(before);
      await proxy.heal();
    });

    test("while it waits for a connection was never sent", async () => {
      const db = await connected({ maxConnections: 1 });
      const held = db.query({ sql: "SELECT SLEEP(0.3)" });
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
      const db = await connected({ port: proxy.port, maxConnections: 1 });
      proxy.closeListener();
      const late = failure(db.query({ sql: SLEEP }, { timeout: 50 }));
      expect(await late).toMatchObject({ kind: "timeout" });
      await proxy.heal();
      expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
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
          const call = db.query({ sql: "SELECT SLEEP(?)", values: [0.001] }, { signal: abort.signal });
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
          const sql = "SELECT ? AS n, SLEEP(0.0005)";
          expect((await db.query({ sql, values: [n] }))[0]?.["n"]).toBe(String(n));
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
        const call = failure(db.query({ sql: "SELECT SLEEP(0.01)" }, { signal: abort.signal }));
        setTimeout(() => abort.abort(), round);
        await call.catch(() => {});
        expect(await db.query({ sql: "SELECT SLEEP(0.002), 1 AS a" })).toMatchObject([{ a: 1 }]);
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
            await tx.query({ sql: "SELECT SLEEP(0.004)" });
            await tx.query({ sql: SLEEP });
          },
          { signal: abort.signal },
        );
        expect(await failure(work)).toMatchObject({ kind: "cancelled", outcome: "none" });
      }
      expect(await db.query({ sql: "SELECT * FROM kept" })).toEqual([]);
    });
  });

  test("a thousand aborted calls leave no connection, no statement and no queue behind", async () => {
    const db = await connected({ maxConnections: 3 });
    const admin = await connected();
    const calls = Array.from({ length: 1_000 }, async (_, n) => {
      const abort = new AbortController();
      const call = db.query({ sql: "SELECT SLEEP(1)" }, { signal: abort.signal });
      setTimeout(() => abort.abort(), n % 20);
      await failure(call);
    });
    await Promise.all(calls);
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
    expect(await running(admin, "SELECT SLEEP(1)")).toBe(0);
    expect(await db.healthCheck()).toMatchObject({ status: "healthy" });
  });
});
