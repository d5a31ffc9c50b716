import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type ConnectorError } from "../../../core/errors.ts";
import { postgresql, postgresqlStandby, startService, type Service } from "../../../testkit/index.ts";
import { PostgreSQLConnector } from "../index.ts";

type Settings = ConstructorParameters<typeof PostgreSQLConnector>[0];

let primary: Service;
let standby: Service;
const made: PostgreSQLConnector[] = [];

function make(settings: Partial<Settings> = {}): PostgreSQLConnector {
  const { host, port, database, username, password } = primary;
  const standbys = [`${standby.host}:${standby.port}`];
  const connector = new PostgreSQLConnector({
    host,
    port,
    database,
    username,
    password,
    standbys,
    ...settings,
  });
  made.push(connector);
  return connector;
}

async function connected(settings: Partial<Settings> = {}): Promise<PostgreSQLConnector> {
  const connector = make(settings);
  await connector.connect();
  return connector;
}

const serverOf = async (db: PostgreSQLConnector): Promise<unknown> =>
  (await db.query({ sql: "SELECT inet_server_port() AS port" }))[0]?.["port"];

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

beforeAll(async () => {
  primary = await startService(postgresql());
  standby = await startService(postgresqlStandby(primary));
  const admin = await connected();
  await admin.query({ sql: "CREATE TABLE entry (id int PRIMARY KEY, note text)" });
  // Acknowledged means on the standby as well, so that a failover loses nothing of it.
  await admin.query({ sql: "ALTER SYSTEM SET synchronous_standby_names = '*'" });
  await admin.query({ sql: "SELECT pg_reload_conf()" });
});

afterAll(async () => {
  await Promise.all(made.map((connector) => connector.disconnect({ timeout: 100 })));
  await standby?.destroy();
  await primary?.destroy();
});

describe("several servers", () => {
  test.each([
    ["any", "primary"],
    ["read-write", "primary"],
    ["primary", "primary"],
    ["standby", "standby"],
    ["read-only", "standby"],
    ["prefer-standby", "standby"],
  ] as const)("%s is the %s, whichever stands first", async (targetSessionAttrs, expected) => {
    const { host, port } = standby;
    const ports = { primary: primary.port, standby: port };
    expect(await serverOf(await connected({ targetSessionAttrs }))).toBe(ports[expected]);
    const standbys = [`${primary.host}:${primary.port}`];
    const turned = await connected({ host, port, standbys, targetSessionAttrs });
    expect(await serverOf(turned)).toBe(targetSessionAttrs === "any" ? port : ports[expected]);
  });

  test("that are all unsuitable are named with what they lack", async () => {
    const { host, port } = standby;
    const error = await failure(make({ host, port, standbys: ["127.0.0.1:1"], retryAttempts: 1 }).connect());
    expect(error).toMatchObject({ kind: "unavailable", outcome: "none" });
    expect(error.message).toContain(`${host}:${port} is a standby; 127.0.0.1:1 failed: `);
  });

  test("with a wrong password are not asked one after the other", async () => {
    const error = await failure(make({ password: "wrong" }).connect());
    expect(error.kind).toBe("unauthenticated");
  });

  test("that are written wrongly are refused", () => {
    for (const standbys of [["a:b"], ["a b"], [":1"], ["a:70000"], []])
      expect(() => make({ standbys })).toThrow(/standbys/);
  });

  test("a killed primary is replaced by the standby, once that is promoted: no write is lost or doubled", async () => {
    const admin = await connected();
    const isSynchronous = async (): Promise<unknown> =>
      (await admin.query({ sql: "SELECT count(*)::int AS n FROM pg_stat_replication WHERE sync_state = 'sync'" }))[0]?.[
        "n"
      ];
    await expect.poll(isSynchronous, { timeout: 10_000 }).toBe(1);
    const db = await connected({
      maxConnections: 8,
      retryAttempts: 40,
      timeout: 20_000,
      retry: { delay: 20, maxDelay: 200, budget: false },
    });
    const acknowledged = new Set<number>();
    const unknown = new Set<number>();
    let next = 0;
    let isOver = false;
    const writer = async (): Promise<void> => {
      while (!isOver) {
        const id = ++next;
        try {
          await db.insert({ table: "entry", data: { id, note: "x" } });
          acknowledged.add(id);
        } catch (error) {
          if ((error as ConnectorError).outcome === "unknown") unknown.add(id);
        }
      }
    };
    const writers = Promise.all(Array.from({ length: 16 }, writer));
    await expect.poll(() => acknowledged.size, { timeout: 10_000 }).toBeGreaterThan(200);
    await primary.crash();
    const before = acknowledged.size;
    const heir = await connected({ targetSessionAttrs: "any" });
    await heir.query({ sql: "SELECT pg_promote()" });
    await expect.poll(() => acknowledged.size, { timeout: 20_000 }).toBeGreaterThan(before + 200);
    isOver = true;
    await writers;
    const kept = new Set((await db.query({ sql: "SELECT id FROM entry" })).map(({ id }) => id as number));
    for (const id of acknowledged) expect(kept).toContain(id);
    for (const id of kept) expect(acknowledged.has(id) || unknown.has(id)).toBe(true);
    expect(await serverOf(db)).toBe(standby.port);
  }, 60_000);
});
