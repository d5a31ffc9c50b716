import { afterEach, describe, expect, test } from "vitest";
import { systemClock, type Clock } from "../../core/clock.ts";
import type { ConnectorError } from "../../core/errors.ts";
import type { PostgreSQLConnector } from "./index.ts";
import { openForTest, type Settings } from "./open-for-test.ts";

const { service, connected: opened, disconnectAll } = await openForTest();
const proxy = await service.proxied();
/** Not through the proxy. */
const admin = await opened();
let tables = 0;

/** A connector through the proxy. */
const connected = (settings: Partial<Settings> = {}, clock?: Clock): Promise<PostgreSQLConnector> =>
  opened({ host: proxy.host, port: proxy.port, retry: { delay: 20 }, ...settings }, { clock });

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

async function makeTable(): Promise<string> {
  const table = `t_${++tables}`;
  await admin.query({ sql: `CREATE TABLE ${table} (id serial PRIMARY KEY, n int)` });
  return table;
}

const size = async (table: string): Promise<unknown> =>
  (await admin.query({ sql: `SELECT count(*)::int AS n FROM ${table}` }))[0]?.["n"];

/** Loses what the server answers from now on, once it has done what it was asked. */
async function loseAnswers(isDone: () => Promise<boolean>): Promise<void> {
  proxy.blackhole = "down";
  await expect.poll(isDone).toBe(true);
  proxy.cut();
  proxy.blackhole = "none";
}

afterEach(async () => {
  await proxy.heal();
  await disconnectAll(admin);
});

describe("trap 12: a server that is killed and comes back", () => {
  test("is used again by the next call, a write included, on its first try", async () => {
    const db = await connected({ maxConnections: 4 });
    const table = await makeTable();
    await Promise.all([1, 2, 3, 4].map(() => db.query({ sql: "SELECT pg_sleep(0.02)" })));
    await service.crash();
    const down = await failure(db.query({ sql: "SELECT 1" }));
    expect(["unavailable", "connection_lost"]).toContain(down.kind);
    expect(await db.healthCheck()).toMatchObject({ status: "unhealthy", connected: false });
    await service.start();
    expect(await db.insert({ table, data: { n: 1 } })).toEqual({ id: 1, n: 1 });
    const { meta } = await db.call("query", { sql: "SELECT 1" });
    expect(meta.attempts).toBe(1);
    expect(await db.healthCheck()).toMatchObject({ status: "healthy", connected: true });
  });

  test("does not keep those from their answer who ask to read while it restarts", async () => {
    const db = await connected({ retryAttempts: 20, timeout: 15_000 });
    let isOver = false;
    const readers = Promise.all(
      Array.from({ length: 10 }, async () => {
        let read = 0;
        for (; !isOver; read++) expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
        return read;
      }),
    );
    for (let time = 0; time < 2; time++) {
      await service.crash();
      await service.start();
    }
    isOver = true;
    for (const read of await readers) expect(read).toBeGreaterThan(0);
  });

  test("is not asked over a connection that died in silence: that is found out before anything is sent", async () => {
    const speed = 20;
    const clock: Clock = {
      now: () => systemClock.now() * speed,
      wall: () => systemClock.wall(),
      after: (ms, run) => systemClock.after(ms / speed, run),
      background: (ms, run) => systemClock.background(ms / speed, run),
      timeout: (ms, run) => systemClock.timeout(ms / speed, run),
    };
    const db = await connected({ maxConnections: 3, connectionTimeout: 20_000, timeout: 100_000 }, clock);
    const table = await makeTable();
    await Promise.all([1, 2, 3].map(() => db.query({ sql: "SELECT pg_sleep(0.02)" })));
    // Idle for two seconds of that clock: no longer trusted.
    await expect.poll(() => proxy.open).toBe(3);
    await new Promise((resolve) => void clock.after(2_000, () => resolve(undefined)));
    proxy.blackhole = "both";
    const insert = db.call("insert", { table, data: { n: 1 } });
    // Three connections stood idle; one sign of life that does not come convicts all of them.
    await expect.poll(() => proxy.accepted, { timeout: 2_000 }).toBeGreaterThan(3);
    await proxy.heal();
    const { data, meta } = await insert;
    expect(data).toEqual({ id: 1, n: 1 });
    expect(meta.attempts).toBe(1);
    expect(await size(table)).toBe(1);
  });
});

describe("trap 1: an answer that is lost", () => {
  test("leaves a write at once with an unknown outcome, and the write is not repeated", async () => {
    const db = await connected({ maxConnections: 1 });
    const table = await makeTable();
    const call = failure(db.insert({ table, data: { n: 1 } }));
    await loseAnswers(async () => (await size(table)) === 1);
    expect(await call).toMatchObject({ kind: "connection_lost", outcome: "unknown", attempts: 1 });
    expect(await size(table)).toBe(1);
    expect(await db.insert({ table, data: { n: 2 } })).toEqual({ id: 2, n: 2 });
  });

  test("of a raw statement that reads makes it be read again", async () => {
    const db = await connected({ maxConnections: 1 });
    await db.query({ sql: "SELECT 1" });
    const table = await makeTable();
    const call = db.call("query", { sql: `SELECT count(*)::int AS n, pg_sleep(0.05) FROM ${table}` });
    await loseAnswers(async () => true);
    const { data, meta } = await call;
    expect(data).toMatchObject([{ n: 0 }]);
    expect(meta.attempts).toBe(2);
  });

  test.each(["INSERT INTO TABLE (n) VALUES (1)", "INSERT INTO TABLE (n) VALUES (1) RETURNING id"])(
    "of a raw statement that writes leaves its outcome unknown, and it is written once: %s",
    async (template) => {
      const db = await connected({ maxConnections: 1 });
      const table = await makeTable();
      const call = failure(db.query({ sql: template.replace("TABLE", table) }));
      await loseAnswers(async () => (await size(table)) === 1);
      expect(await call).toMatchObject({ kind: "connection_lost", outcome: "unknown" });
      expect(await size(table)).toBe(1);
    },
  );

  test("in the middle makes a read be read again", async () => {
    const db = await connected({ maxConnections: 1 });
    proxy.cutAfterBytesDown = 20_000;
    const { data, meta } = await db.call("query", { sql: "SELECT n FROM generate_series(1, 50000) AS n" });
    expect(data).toHaveLength(50_000);
    expect(meta.attempts).toBe(2);
  });
});

describe("trap 14: a transaction whose connection dies", () => {
  const killMe = async (pid: unknown): Promise<void> => {
    await admin.query({ sql: "SELECT pg_terminate_backend($1)", values: [pid] });
  };

  test("ends with it: nothing of the rest runs anywhere else", async () => {
    const db = await connected({ retryAttempts: 1 });
    const table = await makeTable();
    let after: ConnectorError | undefined;
    const work = db.transaction(async (tx) => {
      await tx.insert({ table, data: { n: 1 } });
      const [me] = await tx.query({ sql: "SELECT pg_backend_pid() AS pid" });
      await killMe(me?.["pid"]);
      await tx.insert({ table, data: { n: 2 } }).catch(() => {});
      after = await failure(tx.insert({ table, data: { n: 3 } }));
    });
    expect(await failure(work)).toMatchObject({ kind: "connection_lost", outcome: "none", operation: "transaction" });
    expect(after).toMatchObject({ kind: "connection_lost" });
    expect(await size(table)).toBe(0);
  });

  test("before COMMIT is run again from its start", async () => {
    const db = await connected();
    const table = await makeTable();
    let runs = 0;
    await db.transaction(async (tx) => {
      await tx.insert({ table, data: { n: ++runs } });
      const [me] = await tx.query({ sql: "SELECT pg_backend_pid() AS pid" });
      if (runs < 3) await killMe(me?.["pid"]);
      await tx.insert({ table, data: { n: runs } });
    });
    expect(runs).toBe(3);
    expect(await admin.query({ sql: `SELECT n FROM ${table}` })).toEqual([{ n: 3 }, { n: 3 }]);
  });

  test("is run again as a list of statements too, and when its connection is cut rather than ended", async () => {
    const db = await connected();
    const table = await makeTable();
    let isCut = false;
    const cutOnce = setInterval(() => {
      if (isCut || proxy.open === 0) return;
      isCut = true;
      proxy.cut();
    }, 10);
    const statements = [{ sql: `INSERT INTO ${table} (n) VALUES (1)` }, { sql: "SELECT pg_sleep(0.1)" }];
    const { meta } = await db.call("transaction", { statements });
    clearInterval(cutOnce);
    expect(meta.attempts).toBe(2);
    expect(await size(table)).toBe(1);
  });

  test("during COMMIT has an unknown outcome and is not run again", async () => {
    const db = await connected();
    const table = await makeTable();
    let runs = 0;
    let losing: Promise<void> | undefined;
    const work = failure(
      db.transaction(async (tx) => {
        runs++;
        await tx.insert({ table, data: { n: 1 } });
        losing = loseAnswers(async () => (await size(table)) === 1);
      }),
    );
    await expect.poll(() => losing !== undefined).toBe(true);
    await losing;
    expect(await work).toMatchObject({ kind: "connection_lost", outcome: "unknown", attempts: 1 });
    expect(runs).toBe(1);
    expect(await size(table)).toBe(1);
  });

  test("many rows at once are inserted once, although the connection breaks between them", async () => {
    const db = await connected();
    const table = await makeTable();
    proxy.rateBytesPerSec = 300_000;
    const rows = Array.from({ length: 10_000 }, (_, n) => ({ n }));
    const insert = db.call("insertMany", { table, rows });
    const isBetween = async (): Promise<boolean> => {
      const sql = "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'COPY%' AND state = 'active'";
      return (await admin.query({ sql })).length > 0;
    };
    await expect.poll(isBetween, { interval: 5, timeout: 5_000 }).toBe(true);
    proxy.cut();
    await proxy.heal();
    const { data, meta } = await insert;
    expect(data).toEqual({ count: 10_000 });
    expect(meta.attempts).toBe(2);
    expect(await size(table)).toBe(10_000);
  });
});

test("a server that freezes times a call out, and is used again when it thaws", async () => {
  const db = await connected({ maxConnections: 2 });
  await db.query({ sql: "SELECT 1" });
  await service.pause();
  const startedAt = performance.now();
  expect(await failure(db.query({ sql: "SELECT 1" }, { timeout: 100 }))).toMatchObject({ kind: "timeout" });
  expect(performance.now() - startedAt).toBeLessThan(1_000);
  await service.resume();
  expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
});

test("a server that cannot be reached is told of in time, and used again by the same connector", async () => {
  const db = await connected({ retryAttempts: 2 });
  proxy.cut();
  proxy.closeListener();
  const refused = await failure(db.insert({ table: "t_1", data: {} }));
  expect(refused).toMatchObject({ kind: "unavailable", outcome: "none", attempts: 2 });
  expect(refused.message).toMatch(/^Operation failed after 2 attempts: /);
  await proxy.heal();
  expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
});

test("a server that hangs up is not asked again over that connection, however soon", async () => {
  const db = await connected({ maxConnections: 1, retryAttempts: 1 });
  await db.query({ sql: "SELECT 1" });
  proxy.halfClose();
  let failed = 0;
  // Without a pause, so that nothing but the connection's own state can tell.
  for (let call = 0; call < 50; call++) await db.query({ sql: "SELECT 1" }).catch(() => failed++);
  expect(failed).toBeLessThanOrEqual(1);
});

test("a slow network only slows", async () => {
  const db = await connected({ maxConnections: 2 });
  proxy.latencyUpMs = 10;
  proxy.latencyDownMs = 10;
  proxy.rateBytesPerSec = 200_000;
  expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
  expect(await db.query({ sql: "SELECT repeat('x', 20000) AS a" })).toHaveLength(1);
});
