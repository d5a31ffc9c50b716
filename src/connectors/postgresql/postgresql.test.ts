import { randomUUID } from "node:crypto";
import { describe, expect, test } from "vitest";
import { channels, type NoticeEvent } from "../../core/events.ts";
import { claimPort, frozenListener, postgresql, startService } from "../../testkit/index.ts";
import PostgreSQLDefault, { PostgreSQLConnector } from "./index.ts";
import { openForTest } from "./open-for-test.ts";

const { service, make, connected } = await openForTest();

const failure = (work: Promise<unknown>): Promise<Record<string, unknown>> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as Record<string, unknown>,
  );

/** Something to wait for until the test lets go. */
function held(): { readonly until: Promise<void>; readonly release: () => void } {
  let release = (): void => {};
  const until = new Promise<void>((resolve) => (release = resolve));
  return { until, release };
}

describe("the contract, literally", () => {
  test("connect, query, insert, health, disconnect", async () => {
    const { host, port, database, username, password } = service;
    const db = new PostgreSQLConnector({ host, port, database, username, password });
    expect(db.isConnected).toBe(false);
    await db.connect();
    expect(db.isConnected).toBe(true);
    await db.execute("query", { sql: "CREATE TABLE users (id serial PRIMARY KEY, name text, email text)" });
    const rows = await db.execute("query", { sql: "SELECT $1::int AS number", values: [1] });
    expect(rows).toEqual([{ number: 1 }]);
    const row = await db.execute("insert", { table: "users", data: { name: "Ada", email: "ada@example.org" } });
    expect(row).toEqual({ id: 1, name: "Ada", email: "ada@example.org" });
    expect(row["id"]).toBe(1);
    const health = await db.healthCheck();
    expect(health).toMatchObject({ status: "healthy", connected: true });
    expect(new Date(health.timestamp).toISOString()).toBe(health.timestamp);
    await db.disconnect();
    expect(db.isConnected).toBe(false);
    await db.disconnect();
  });

  test("fails before connect, for an unknown operation, and for a wrong input", async () => {
    const db = make();
    await expect(db.execute("query", { sql: "SELECT 1" })).rejects.toThrow("Connector not connected");
    await db.connect();
    await expect(db.execute("qurey" as "query", { sql: "SELECT 1" })).rejects.toThrow("Unknown operation: qurey");
    expect(await failure(db.execute("query", { sql: 1 } as never))).toMatchObject({ kind: "input_invalid" });
    expect(await failure(db.execute("insert", { table: "users", data: [] } as never))).toMatchObject({
      kind: "input_invalid",
      connector: "postgresql",
      operation: "insert",
      outcome: "none",
    });
  });

  test("connects once however many ask, and again after disconnect", async () => {
    const db = make();
    await Promise.all([db.connect(), db.connect(), db.connect()]);
    const [{ n } = {}] = await db.query({
      sql: "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'busbar' AND pid = pg_backend_pid()",
    });
    expect(n).toBe(1);
    await db.disconnect();
    await db.connect();
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
  });

  test("the class is the default export too, and can be told everything by one URL", async () => {
    expect(PostgreSQLDefault).toBe(PostgreSQLConnector);
    const db = new PostgreSQLConnector({ url: service.url });
    await db.connect();
    expect(await db.query({ sql: "SELECT current_user AS me" })).toEqual([{ me: service.username }]);
    await db.disconnect();
    expect(JSON.stringify(db.describe().settings)).not.toContain(service.password);
  });
});

describe("settings", () => {
  test("reach the server", async () => {
    const db = await connected({ applicationName: "my app", statementTimeout: "70ms" });
    expect(await db.query({ sql: "SHOW application_name" })).toEqual([{ application_name: "my app" }]);
    expect(await db.query({ sql: "SHOW statement_timeout" })).toEqual([{ statement_timeout: "70ms" }]);
    const slow = await failure(db.query({ sql: "SELECT pg_sleep(10)" }, { effect: "read", timeout: 5_000 }));
    expect(slow).toMatchObject({ kind: "timeout", code: "57014" });
  });

  test("do not come from the environment", async () => {
    const before = { ...process.env };
    Object.assign(process.env, { PGPASSWORD: service.password, PGSSLMODE: "require", PGAPPNAME: "other", PGUSER: "x" });
    try {
      const { host, port, database, username } = service;
      const db = new PostgreSQLConnector({ host, port, database, username });
      expect(await failure(db.connect())).toMatchObject({ kind: "unauthenticated" });
      const other = await connected();
      expect(await other.query({ sql: "SHOW application_name" })).toEqual([{ application_name: "busbar" }]);
    } finally {
      for (const key of ["PGPASSWORD", "PGSSLMODE", "PGAPPNAME", "PGUSER"]) delete process.env[key];
      Object.assign(process.env, before);
    }
  });

  test("that contradict each other are refused", () => {
    const { host, port, database, username, password } = service;
    const refused = (more: object) => () =>
      new PostgreSQLConnector({ host, port, database, username, password, ...more });
    expect(refused({ maxConnections: 3, poolSize: 4 })).toThrow("poolSize");
    expect(refused({ url: service.url })).toThrow("stands in `url` already");
    expect(refused({ hots: "x" })).toThrow('did you mean "host"');
    expect(refused({ access: "readonly" })).toThrow("access");
  });
});

describe("a connect that fails", () => {
  test("for a wrong password says so, and never what it was", async () => {
    const password = `wrong-${randomUUID()}`;
    const error = await failure(make({ password }).connect());
    expect(error).toMatchObject({ kind: "unauthenticated", connector: "postgresql", outcome: "none", code: "28P01" });
    expect(error["message"]).toMatch(/^Failed to connect to PostgreSQL: password authentication failed/);
    expect(JSON.stringify(error)).not.toContain(password);
  });

  test.each([
    ["a database that does not exist", { database: "nope" }, "not_found", /database "nope" does not exist/],
    ["a user that does not exist", { username: "nobody" }, "unauthenticated", /authentication failed/],
    ["TLS at a server without it", { ssl: "verify-full" as const }, "config_invalid", /does not support SSL/],
    ["a host whose name does not resolve", { host: "nope.invalid" }, "unavailable", /nope\.invalid/],
  ])("for %s", async (_, settings, kind, message) => {
    const error = await failure(make(settings).connect());
    expect(error).toMatchObject({ kind, outcome: "none" });
    expect(error["message"]).toMatch(/^Failed to connect to PostgreSQL: /);
    expect(error["message"]).toMatch(message);
  });

  test("for a host that refuses", async () => {
    const claimed = await claimPort();
    const error = await failure(make({ port: claimed.port }).connect());
    expect(error).toMatchObject({ kind: "unavailable", outcome: "none", code: "ECONNREFUSED" });
    claimed.release();
  });

  test("for a host that never answers, after the time that connecting may take", async () => {
    await using silent = await frozenListener();
    const startedAt = performance.now();
    const error = await failure(make({ host: silent.host, port: silent.port, connectionTimeout: 200 }).connect());
    expect(error).toMatchObject({ kind: "timeout", outcome: "none" });
    expect(error["message"]).toMatch(/^Failed to connect to PostgreSQL: No connection within 200 ms/);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
  });

  test("for a server that accepts and stays silent", async () => {
    await using proxy = await service.proxied();
    proxy.blackhole = "down";
    const error = await failure(make({ port: proxy.port, connectionTimeout: 200 }).connect());
    expect(error).toMatchObject({ kind: "timeout", outcome: "none" });
    await expect.poll(() => proxy.open).toBe(0);
  });

  test("because the server is full says how to help that", async () => {
    await using small = await startService(
      postgresql({ source: "embedded", conf: { max_connections: "5", superuser_reserved_connections: "1" } }),
    );
    const { host, port, database, username, password } = small;
    const all = { host, port, database, username, password, maxConnections: 20, retryAttempts: 1 };
    const db = new PostgreSQLConnector(all);
    await db.connect();
    const many = await Promise.allSettled(Array.from({ length: 20 }, () => db.query({ sql: "SELECT pg_sleep(0.2)" })));
    const reasons = many.flatMap((each) => (each.status === "rejected" ? [each.reason as object] : []));
    expect(reasons.length).toBeGreaterThan(0);
    expect(reasons.length).toBeLessThan(20);
    for (const reason of reasons)
      expect(reason).toMatchObject({
        kind: "unavailable",
        outcome: "none",
        code: "53300",
        hint: expect.stringContaining("maxConnections"),
      });
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
    await db.disconnect();
  });

  test("whose connections are all busy on a server that is full is degraded, not down", async () => {
    const admin = await connected();
    await admin.query({ sql: "CREATE ROLE two LOGIN PASSWORD 'two' CONNECTION LIMIT 2" });
    await using db = Object.assign(await connected({ username: "two", password: "two", maxConnections: 2 }), {
      [Symbol.asyncDispose]: () => db.disconnect(),
    });
    const busy = [1, 2].map(() => db.query({ sql: "SELECT pg_sleep(0.3)" }));
    await expect
      .poll(() => db.healthCheck())
      .toMatchObject({
        status: "degraded",
        error: "all 2 connections are busy, and the server has none left",
      });
    await Promise.all(busy);
    expect(await db.healthCheck()).toMatchObject({ status: "healthy" });
  });
});

describe("a thousand calls at a time on five connections", () => {
  test("are all answered, each with its own answer, over no more than five connections", async () => {
    const db = await connected({ maxConnections: 5, applicationName: "thousand" });
    const answers = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) =>
        db.query({ sql: "SELECT $1::int AS n, pg_backend_pid() AS pid", values: [n] }),
      ),
    );
    expect(answers.map(([row]) => row?.["n"])).toEqual(Array.from({ length: 1_000 }, (_, n) => n));
    expect(new Set(answers.map(([row]) => row?.["pid"])).size).toBeLessThanOrEqual(5);
    const [count] = await db.query({
      sql: "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'thousand'",
    });
    expect(count?.["n"]).toBeLessThanOrEqual(5);
  });
});

describe("what one caller changes in a session", () => {
  test("is not there for the next", async () => {
    const db = await connected({ maxConnections: 1 });
    await db.query({ sql: "SET search_path TO nowhere" });
    await db.query({ sql: "PREPARE canary AS SELECT 1" });
    await db.query({ sql: "LISTEN canary" });
    await db.transaction(async (tx) => {
      await tx.query({ sql: "SET work_mem TO '1MB'" });
    });
    const [state] = await db.query({
      sql: `SELECT current_setting('search_path') AS path, current_setting('work_mem') AS memory,
              (SELECT count(*)::int FROM pg_prepared_statements) AS prepared,
              (SELECT count(*)::int FROM pg_listening_channels()) AS channels`,
    });
    expect(state).toEqual({ path: '"$user", public', memory: "4MB", prepared: 0, channels: 0 });
  });

  test("does not cost a connection where nothing was changed", async () => {
    const db = await connected({ maxConnections: 1 });
    const pid = async (): Promise<unknown> => (await db.query({ sql: "SELECT pg_backend_pid() AS pid" }))[0]?.["pid"];
    const first = await pid();
    await db.query({ sql: "SELECT * FROM nowhere" }).catch(() => {});
    await db.query({ sql: "SET work_mem TO '1MB'" });
    await db.transaction(async (tx) => tx.query({ sql: "SELECT 1" }));
    expect(await pid()).toBe(first);
  });
});

describe("lists and JSON", () => {
  test("a list is an array to an array and JSON to JSON, and both come back", async () => {
    const db = await connected();
    await db.query({ sql: "CREATE TABLE lists (id int, tags text[], doc jsonb, deep int[][])" });
    const row = {
      id: 1,
      tags: ["a,b", 'q"', "NULL", null, "", "\\"],
      doc: [1, ["x", null], { a: "b" }],
      deep: [
        [1, 2],
        [3, 4],
      ],
    };
    expect(await db.insert({ table: "lists", data: row })).toEqual(row);
    expect(
      await db.update({ table: "lists", data: { ...row, doc: [] }, where: { id: 1 }, returning: ["doc"] }),
    ).toEqual({
      count: 1,
      rows: [{ doc: [] }],
    });
    await db.insertMany({ table: "lists", rows: [row, { ...row, id: 2 }] });
    const found = await db.query({
      sql: "SELECT * FROM lists WHERE tags = $1 AND id = ANY($2) ORDER BY id",
      values: [row.tags, [2]],
    });
    expect(found).toEqual([{ ...row, id: 2 }]);
  });
});

describe("health", () => {
  test("trap 13: a health check closes nothing and disturbs nobody", async () => {
    const db = await connected({ maxConnections: 2 });
    const running = Promise.all([1, 2, 3, 4].map(() => db.query({ sql: "SELECT pg_sleep(0.1), 1 AS a" })));
    const checks = await Promise.all(Array.from({ length: 10 }, () => db.healthCheck()));
    for (const check of checks) expect(check.connected).toBe(true);
    expect((await running).map(([row]) => row?.["a"])).toEqual([1, 1, 1, 1]);
    expect(db.isConnected).toBe(true);
    expect(await db.healthCheck()).toMatchObject({ status: "healthy" });
  });

  test("is degraded while calls wait for a connection, and asks the server all the same", async () => {
    const db = await connected({ maxConnections: 1 });
    const busy = held();
    const holder = db.transaction(() => busy.until);
    const calls = [1, 2].map(() => db.query({ sql: "SELECT 1" }));
    expect(await db.healthCheck()).toMatchObject({
      status: "degraded",
      connected: true,
      error: "2 calls wait for one of 1 connections",
    });
    busy.release();
    await Promise.all([holder, ...calls]);
    expect(await db.healthCheck()).toMatchObject({ status: "healthy" });
  });

  test("leaves no connection behind", async () => {
    const db = await connected({ maxConnections: 1, applicationName: "healthy" });
    const calls = db.query({ sql: "SELECT pg_sleep(0.1)" });
    await Promise.all([1, 2, 3].map(() => db.healthCheck()));
    await calls;
    const count = async (): Promise<unknown> =>
      (
        await db.query({ sql: "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'healthy'" })
      )[0]?.["n"];
    await expect.poll(count).toBe(1);
  });
});

describe("trap 11: an idle connection that is lost", () => {
  test("ends neither the process nor the connector, and is told of", async () => {
    const db = await connected({ maxConnections: 3 });
    const admin = await connected();
    const pids: unknown[] = [];
    const all = held();
    const sayPid = db.transaction.bind(db, async (tx) => {
      const [row] = await tx.query({ sql: "SELECT pg_backend_pid() AS pid" });
      if (pids.push(row?.["pid"]) === 3) all.release();
      await all.until;
    });
    await Promise.all([sayPid(), sayPid(), sayPid()]);
    const notices: NoticeEvent[] = [];
    const listen = (notice: unknown): void => void notices.push(notice as NoticeEvent);
    channels.notice.subscribe(listen);
    for (const pid of pids) await admin.query({ sql: "SELECT pg_terminate_backend($1)", values: [pid] });
    await expect.poll(() => notices.length).toBe(3);
    channels.notice.unsubscribe(listen);
    expect(notices[0]).toMatchObject({ connector: "postgresql", name: "connection lost", severity: "warning" });
    expect(db.isConnected).toBe(true);
    const { meta } = await db.call("query", { sql: "SELECT 1 AS a" });
    expect(meta.attempts).toBe(1);
  });
});

test("disconnect waits for running calls, cancels those that take too long, and leaves nothing behind", async () => {
  const db = await connected({ applicationName: "leaving" });
  const admin = await connected();
  const short = db.query({ sql: "SELECT pg_sleep(0.05), 1 AS a" });
  const long = failure(db.query({ sql: "SELECT pg_sleep(60)" }));
  await db.disconnect({ timeout: 200 });
  expect(await short).toMatchObject([{ a: 1 }]);
  expect(await long).toMatchObject({ kind: "cancelled" });
  const left = async (): Promise<unknown> =>
    (
      await admin.query({ sql: "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'leaving'" })
    )[0]?.["n"];
  await expect.poll(left).toBe(0);
});
