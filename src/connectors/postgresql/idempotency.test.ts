import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ConnectorError } from "../../core/errors.ts";
import { channels, type NoticeEvent } from "../../core/events.ts";
import { fakeClock, postgresql, startService, type Service } from "../../testkit/index.ts";
import { PostgreSQLConnector } from "./index.ts";

type Settings = ConstructorParameters<typeof PostgreSQLConnector>[0];
type Around = ConstructorParameters<typeof PostgreSQLConnector>[1];

let service: Service;
let admin: PostgreSQLConnector;
const open: PostgreSQLConnector[] = [];
let names = 0;

async function connected(settings: Partial<Settings> = {}, around?: Around): Promise<PostgreSQLConnector> {
  const { host, port, database, username, password } = service;
  const connector = new PostgreSQLConnector({ host, port, database, username, password, ...settings }, around);
  open.push(connector);
  await connector.connect();
  return connector;
}

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

async function makeTable(columns = "id serial PRIMARY KEY, n int"): Promise<string> {
  const table = `t_${++names}`;
  await admin.query({ sql: `CREATE TABLE ${table} (${columns})` });
  return table;
}

const size = async (table: string): Promise<unknown> =>
  (await admin.query({ sql: `SELECT count(*)::int AS n FROM ${table}` }))[0]?.["n"];

const exists = async (table: string): Promise<boolean> =>
  (await admin.query({ sql: "SELECT to_regclass($1) AS it", values: [table] }))[0]?.["it"] !== null;

/** A name for a ledger of a test's own. */
const ownLedger = (): string => `ledger_${++names}`;

/** A role that may use schema and tables of others, and make none. */
async function makeRole(): Promise<{ readonly username: string; readonly password: string }> {
  const username = `role_${++names}`;
  await admin.query({ sql: `CREATE ROLE ${username} LOGIN PASSWORD 'role-password'` });
  await admin.query({ sql: "REVOKE CREATE ON SCHEMA public FROM PUBLIC" });
  return { username, password: "role-password" };
}

beforeAll(async () => {
  service = await startService(postgresql({ source: "embedded" }));
  const { host, port, database, username, password } = service;
  admin = new PostgreSQLConnector({ host, port, database, username, password });
  await admin.connect();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((connector) => connector.disconnect({ timeout: 100 })));
});
afterAll(async () => {
  await admin.disconnect();
  await service.destroy();
});

describe("the ledger's table", () => {
  test("is made once when 32 callers on two connectors find it missing at the same time", async () => {
    const ledger = ownLedger();
    const two = await Promise.all([1, 2].map(() => connected({ maxConnections: 16, idempotency: { table: ledger } })));
    const table = await makeTable();
    const calls = Array.from({ length: 32 }, (_, n) =>
      two[n % 2]!.insert({ table, data: { n } }, { idempotencyKey: `k${n}` }),
    );
    await Promise.all(calls);
    expect(await size(table)).toBe(32);
    expect(await size(ledger)).toBe(32);
  });

  test("is not touched, nor made, by calls without a key", async () => {
    const ledger = ownLedger();
    const db = await connected({ idempotency: { table: ledger } });
    const table = await makeTable();
    await db.insert({ table, data: { n: 1 } });
    await db.update({ table, data: { n: 2 }, all: true }, { effect: "idempotent" });
    await db.transaction(async (tx) => tx.delete({ table, all: true }));
    expect(await exists(ledger)).toBe(false);
  });

  test("may stand in a schema of its own, under any name", async () => {
    await admin.query({ sql: `CREATE SCHEMA "My Ops"` });
    const db = await connected({ idempotency: { table: ["My Ops", 'the "ledger"'], keep: "1h" } });
    const table = await makeTable();
    await db.insert({ table, data: { n: 1 } }, { idempotencyKey: "k" });
    expect(await size(`"My Ops"."the ""ledger"""`)).toBe(1);
    expect(db.ledger.table).toBe(`"My Ops"."the ""ledger"""`);
    expect((await connected({ idempotency: { table: "nowhere.ledger" } })).ledger.statements.join()).toContain(
      "nowhere",
    );
    expect(() => new PostgreSQLConnector({ host: "x", idempotency: { table: "x".repeat(49) } })).toThrow(
      "has a name of more than 48 characters",
    );
  });

  test("that a role may not make is told of with a way out, and nothing is written", async () => {
    const role = await makeRole();
    const ledger = ownLedger();
    const db = await connected({ ...role, idempotency: { table: ledger } });
    const table = await makeTable();
    await admin.query({ sql: `GRANT ALL ON ${table}, ${table}_id_seq TO ${role.username}` });
    const send = (): Promise<unknown> => db.insert({ table, data: { n: 1 } }, { idempotencyKey: "k" });
    const mayNotMake = await failure(send());
    expect(mayNotMake).toMatchObject({ kind: "permission_denied", outcome: "none", attempts: 1 });
    expect(mayNotMake.message).toContain("The ledger of idempotency keys cannot be used: permission denied");
    expect(mayNotMake.hint).toContain("busbar sql ledger");
    const other = await connected({ idempotency: { table: ledger } });
    await other.ledger.create();
    await other.ledger.create();
    expect(await failure(send())).toMatchObject({ kind: "permission_denied", hint: mayNotMake.hint });
    await admin.query({ sql: `GRANT SELECT, INSERT, UPDATE, DELETE ON ${ledger} TO ${role.username}` });
    expect(await send()).toEqual(await send());
    expect(await size(table)).toBe(1);
  });

  test("is not made where only reading is allowed: the database refuses the write itself", async () => {
    const ledger = ownLedger();
    const db = await connected({ access: "read-only", idempotency: { table: ledger } });
    const table = await makeTable();
    const refused = await failure(db.insert({ table, data: { n: 1 } }, { idempotencyKey: "k" }));
    expect(refused).toMatchObject({ kind: "permission_denied", outcome: "none" });
    const inside = db.transaction(async (tx) => tx.insert({ table, data: { n: 1 } }), { idempotencyKey: "k" });
    expect(await failure(inside)).toMatchObject({ kind: "permission_denied" });
    const reading = db.transaction((tx) => tx.query({ sql: "SELECT 1 AS a" }), { idempotencyKey: "k" });
    expect(await reading).toEqual([{ a: 1 }]);
    expect(await exists(ledger)).toBe(false);
    expect(await failure(db.ledger.create())).toMatchObject({ kind: "permission_denied" });
  });

  test("is not to blame where all of a database is only for reading", async () => {
    const role = await makeRole();
    await admin.query({ sql: `ALTER ROLE ${role.username} SET default_transaction_read_only = on` });
    const db = await connected({ ...role, idempotency: { table: ownLedger() } });
    const refused = await failure(db.insert({ table: await makeTable(), data: { n: 1 } }, { idempotencyKey: "k" }));
    expect(refused).toMatchObject({
      kind: "permission_denied",
      outcome: "none",
      hint: "Only reading is allowed here.",
    });
    expect(refused.message).not.toContain("ledger");
  });

  test("is what decides about a key, whichever connector brings it", async () => {
    const ledger = ownLedger();
    const table = await makeTable();
    const [one, two, other] = await Promise.all([
      connected({ idempotency: { table: ledger } }, { name: "one" }),
      connected({ idempotency: { table: ledger } }, { name: "two" }),
      connected({ idempotency: { table: ownLedger() } }),
    ]);
    const send = (db: PostgreSQLConnector): Promise<unknown> =>
      db.insert({ table, data: { n: 1 } }, { idempotencyKey: "k" });
    const first = await send(one);
    expect(await send(two)).toEqual(first);
    expect(await send(other)).not.toEqual(first);
    expect(await size(table)).toBe(2);
  });
});

describe("a call with a key", () => {
  test("gives lists to arrays and to JSON as any other does", async () => {
    const db = await connected();
    const table = await makeTable("tags text[], doc jsonb");
    const data = { tags: ["a", null], doc: [1, { b: [2] }] };
    const send = (): Promise<unknown> => db.insert({ table, data }, { idempotencyKey: `${table}` });
    expect(await send()).toEqual(data);
    expect(await send()).toEqual(data);
    const bad = db.insert({ table, data: { tags: undefined } }, { idempotencyKey: `${table} bad` });
    expect(await failure(bad)).toMatchObject({ kind: "input_invalid", outcome: "none" });
    const worse = db.insert({ table, data: { doc: new Map() } }, { idempotencyKey: `${table} bad` });
    expect(await failure(worse)).toMatchObject({ kind: "input_invalid", outcome: "none" });
    const text = db.insert({ table, data: { doc: "\ud800" } }, { idempotencyKey: `${table} bad` });
    expect(await failure(text)).toMatchObject({ kind: "input_invalid", outcome: "none" });
    expect(await size(table)).toBe(1);
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
  });

  test("is undone whole by a deferred constraint, which COMMIT finds", async () => {
    const db = await connected();
    const table = await makeTable("id int PRIMARY KEY, up int REFERENCES t_up DEFERRABLE INITIALLY DEFERRED").catch(
      async () => {
        await admin.query({ sql: "CREATE TABLE t_up (id int PRIMARY KEY)" });
        return makeTable("id int PRIMARY KEY, up int REFERENCES t_up DEFERRABLE INITIALLY DEFERRED");
      },
    );
    const send = (): Promise<unknown> => db.insert({ table, data: { id: 1, up: 1 } }, { idempotencyKey: table });
    expect(await failure(send())).toMatchObject({ kind: "conflict", outcome: "none" });
    expect(await size(table)).toBe(0);
    await admin.query({ sql: "INSERT INTO t_up VALUES (1)" });
    expect(await send()).toEqual({ id: 1, up: 1 });
  });

  test("is given up by the server soon where its client falls silent, and leaves the session as it was", async () => {
    const db = await connected({ maxConnections: 1 });
    const timeout = "current_setting('idle_in_transaction_session_timeout')";
    const table = await makeTable(`n int, timeout text DEFAULT ${timeout}`);
    const row = await db.insert({ table, data: { n: 1 } }, { idempotencyKey: table });
    expect(row).toEqual({ n: 1, timeout: "10s" });
    expect(await db.query({ sql: `SELECT ${timeout} AS it` })).toEqual([{ it: "0" }]);
    const statements = [{ sql: `INSERT INTO ${table} (n) VALUES (3) RETURNING timeout` }];
    const list = await db.transaction({ statements }, { idempotencyKey: `${table} l` });
    expect(list[0]?.rows).toEqual([{ timeout: "10s" }]);
    // A function may wait for other systems.
    const inside = await db.transaction((tx) => tx.insert({ table, data: { n: 2 } }), { idempotencyKey: `${table} f` });
    expect(inside).toEqual({ n: 2, timeout: "0" });
  });

  test("that is given up while it waits for its key leaves no statement on the server", async () => {
    const db = await connected({ applicationName: "waiting-for-key", maxConnections: 2 });
    const table = await makeTable();
    await admin.ledger.create();
    const holder = admin.transaction(
      async (tx) => {
        await tx.insert({ table, data: { n: 1 } });
        const abort = new AbortController();
        const options = { idempotencyKey: table, signal: abort.signal };
        const waiting = failure(db.transaction(async () => {}, options));
        const sql = "SELECT 1 FROM pg_stat_activity WHERE application_name = 'waiting-for-key' AND state <> 'idle'";
        await expect.poll(async () => (await admin.query({ sql })).length, { timeout: 5_000 }).toBe(1);
        abort.abort();
        expect(await waiting).toMatchObject({ kind: "cancelled", outcome: "none" });
        await expect.poll(async () => (await admin.query({ sql })).length, { timeout: 5_000 }).toBe(0);
      },
      { idempotencyKey: table },
    );
    await holder;
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
  });

  test("stands beside a thousand others", async () => {
    const db = await connected({ maxConnections: 8 });
    const table = await makeTable();
    // Each key comes three times, in no order.
    const calls = Array.from({ length: 1_000 }, (_, n) =>
      db.insert({ table, data: { n: n % 334 } }, { idempotencyKey: `${table} ${n % 334}` }),
    );
    const answers = await Promise.all(calls);
    expect(await size(table)).toBe(334);
    const rows = await admin.query({ sql: `SELECT id, n FROM ${table}` });
    const byN = new Map(rows.map((row) => [row["n"], row]));
    for (const answer of answers) expect(answer).toEqual(byN.get(answer["n"]));
  });
});

describe("old rows", () => {
  const age = (ledger: string, key: string, age: string): Promise<unknown> =>
    admin.query({
      sql: `UPDATE ${ledger} SET created_at = now() - $1::interval WHERE key = $2`,
      values: [age, key],
    });

  test("go once they are older than `keep`, after another call with a key, and never those that are not", async () => {
    const ledger = ownLedger();
    const clock = fakeClock();
    const db = await connected({ idempotency: { table: ledger, keep: "2h" } }, { clock });
    const table = await makeTable();
    const send = (key: string): Promise<unknown> => db.insert({ table, data: { n: 1 } }, { idempotencyKey: key });
    await send("old");
    await send("young");
    await age(ledger, "old", "3 hours");
    await age(ledger, "young", "1 hour");
    await send("next");
    // Not so soon after the first look.
    expect(await size(ledger)).toBe(3);
    await clock.advance(60_000);
    await send("last");
    await expect.poll(() => size(ledger), { timeout: 5_000 }).toBe(3);
    const keys = await admin.query({ sql: `SELECT key FROM ${ledger} ORDER BY key` });
    expect(keys.map(({ key }) => key)).toEqual(["last", "next", "young"]);
    await send("old");
    expect(await size(table)).toBe(5);
  });

  test("go by hand, however many, past those that somebody holds", async () => {
    const ledger = ownLedger();
    const db = await connected({ idempotency: { table: ledger, keep: "1h" } });
    await db.ledger.create();
    await admin.query({
      sql:
        `INSERT INTO ${ledger} SELECT 'k' || n, 'insert', 'f', '{}', now() - interval '2 hours' ` +
        "FROM generate_series(1, 2500) AS n",
    });
    await admin.transaction(async (tx) => {
      await tx.query({ sql: `SELECT 1 FROM ${ledger} WHERE key = 'k7' FOR UPDATE` });
      expect(await db.ledger.purge()).toBe(2_499);
    });
    expect(await db.ledger.purge()).toBe(1);
    const forEver = await connected({ idempotency: { table: ledger, keep: 0 } });
    expect(await forEver.ledger.purge()).toBe(0);
  });

  test("that may not be deleted stay, and that is told", async () => {
    const role = await makeRole();
    const ledger = ownLedger();
    await (await connected({ idempotency: { table: ledger } })).ledger.create();
    const table = await makeTable();
    await admin.query({ sql: `GRANT ALL ON ${table}, ${table}_id_seq TO ${role.username}` });
    await admin.query({ sql: `GRANT SELECT, INSERT, UPDATE ON ${ledger} TO ${role.username}` });
    const told: unknown[] = [];
    const hear = (event: unknown): void => {
      const { name, detail } = event as NoticeEvent;
      if (name === "ledger not purged") told.push(detail);
    };
    channels.notice.subscribe(hear);
    const db = await connected({ ...role, idempotency: { table: ledger } });
    await db.insert({ table, data: { n: 1 } }, { idempotencyKey: "k" });
    await expect.poll(() => told, { timeout: 5_000 }).toEqual([{ kind: "permission_denied" }]);
    channels.notice.unsubscribe(hear);
  });
});
