import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { postgresql, postgresqlStandby, startService, type Service } from "../../../testkit/index.ts";
import { PostgreSQLConnector } from "../index.ts";

type Settings = ConstructorParameters<typeof PostgreSQLConnector>[0];

let primary: Service;
let standbys: Service[];
const made: PostgreSQLConnector[] = [];

const placeOf = ({ host, port }: { readonly host: string; readonly port: number }): string => `${host}:${port}`;

async function connected(settings: Partial<Settings> = {}): Promise<PostgreSQLConnector> {
  const { host, port, database, username, password } = primary;
  const replicas = standbys.map(placeOf);
  const connector = new PostgreSQLConnector({ host, port, database, username, password, replicas, ...settings });
  made.push(connector);
  await connector.connect();
  return connector;
}

const PORT = { sql: "SELECT inet_server_port() AS port" };
const READ = { effect: "read" } as const;
const portOf = async (rows: Promise<readonly Readonly<Record<string, unknown>>[]>): Promise<unknown> =>
  (await rows)[0]?.["port"];
const readPort = (db: PostgreSQLConnector): Promise<unknown> => portOf(db.query(PORT, READ));
/** Waits until all replicas are in use. */
const ready = (db: PostgreSQLConnector): Promise<void> =>
  expect
    .poll(async () => (await db.query(PORT, READ), (await db.healthCheck()).status), { timeout: 10_000 })
    .toBe("healthy");

beforeAll(async () => {
  primary = await startService(postgresql());
  standbys = [];
  for (let nth = 0; nth < 2; nth++) standbys.push(await startService(postgresqlStandby(primary)));
  const admin = await connected({ replicas: undefined });
  await admin.query({ sql: "CREATE TABLE entry (id int PRIMARY KEY, note text)" });
  await admin.insertMany({ table: "entry", rows: Array.from({ length: 100 }, (_, id) => ({ id, note: "x" })) });
  const [{ lsn } = {}] = await admin.query({ sql: "SELECT pg_current_wal_lsn()::text AS lsn" });
  for (const { host, port } of standbys) {
    const standby = await connected({ host, port, replicas: undefined });
    const sql = "SELECT pg_last_wal_replay_lsn() >= $1::pg_lsn AS is_there";
    await vi.waitFor(
      async () => expect(await standby.query({ sql, values: [lsn] })).toEqual([{ is_there: true }]),
      10_000,
    );
  }
});

afterAll(async () => {
  await Promise.all(made.map((connector) => connector.disconnect({ timeout: 100 })));
  for (const each of [...(standbys ?? []), primary]) await each?.destroy();
});

describe("replicas", () => {
  test("get what only reads, in turn; the primary all else", async () => {
    const db = await connected();
    await ready(db);
    const ports = await Promise.all(Array.from({ length: 20 }, () => readPort(db)));
    expect(new Set(ports)).toEqual(new Set(standbys.map(({ port }) => port)));
    expect(await portOf(db.query(PORT))).toBe(primary.port);
    expect(await portOf(db.transaction((tx) => tx.query(PORT)))).toBe(primary.port);
    expect(await db.select({ table: "entry", where: { id: 7 } })).toMatchObject({ rows: [{ id: 7 }] });
    await db.insert({ table: "entry", data: { id: 1_000, note: "written" } });
    expect(await db.delete({ table: "entry", where: { id: 1_000 } })).toMatchObject({ count: 1 });
  });

  test("carry streams to their end, and breaking off ends the work there", async () => {
    const db = await connected({ maxConnections: 1 });
    await ready(db);
    let seen = 0;
    const sql = "SELECT inet_server_port() AS port FROM generate_series(1, 5000)";
    for await (const { port } of db.queryStream({ sql }, READ)) {
      expect(port).not.toBe(primary.port);
      seen++;
    }
    expect(seen).toBe(5_000);
    for (let round = 0; round < 4; round++)
      for await (const { port } of db.queryStream({ sql, batchSize: 10 }, READ)) if (port !== primary.port) break;
    expect(await readPort(db)).not.toBe(primary.port);
  });

  test("refuse what a caller wrongly says only reads", async () => {
    const db = await connected();
    await ready(db);
    await expect(db.query({ sql: "INSERT INTO entry VALUES (2000, 'no')" }, READ)).rejects.toMatchObject({
      kind: "permission_denied",
    });
    // The primary under the name of a replica does not write either.
    const wrong = await connected({ replicas: [placeOf(primary)] });
    await ready(wrong);
    await expect(wrong.query({ sql: "INSERT INTO entry VALUES (2000, 'no')" }, READ)).rejects.toMatchObject({
      kind: "permission_denied",
    });
    expect(await db.query({ sql: "SELECT 1 FROM entry WHERE id = 2000" })).toEqual([]);
  });

  test("errors of statements are the caller's, and are not tried elsewhere", async () => {
    const db = await connected();
    await ready(db);
    const error = await db.call("query", { sql: "SELECT 1/0" }, READ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "input_invalid", attempts: 1 });
    expect((await db.healthCheck()).status).toBe("healthy");
  });

  test("that cannot be reached fail nothing, and health names them", async () => {
    const nowhere = await standbys[0]!.proxied();
    nowhere.refuse = true;
    const db = await connected({ replicas: [placeOf(nowhere)] });
    expect(await readPort(db)).toBe(primary.port);
    expect(await db.healthCheck()).toMatchObject({
      status: "degraded",
      error: expect.stringContaining(placeOf(nowhere)) as string,
    });
    nowhere.refuse = false;
    await ready(db);
    expect(await readPort(db)).toBe(standbys[0]!.port);
    await nowhere.close();
  });
});

describe("while 32 read", () => {
  /** Reads until `work` is over, and fails with the first read that does. */
  async function whileReading(db: PostgreSQLConnector, work: () => Promise<void>): Promise<number> {
    let isOver = false;
    let reads = 0;
    const readers = Array.from({ length: 32 }, async (_, at) => {
      while (!isOver) {
        const { rows } = await db.select({ table: "entry", where: { id: at }, limit: 1 });
        expect(rows).toEqual([{ id: at, note: "x" }]);
        let seen = 0;
        for await (const { n } of db.queryStream({ sql: "SELECT generate_series(1, 50) AS n" }, READ))
          expect(n).toBe(++seen);
        reads++;
      }
    });
    const all = Promise.all(readers);
    await Promise.race([work().finally(() => (isOver = true)), all]);
    isOver = true;
    await all;
    return reads;
  }

  const isAway = (db: PostgreSQLConnector): Promise<void> =>
    expect.poll(async () => (await db.healthCheck()).status, { timeout: 15_000 }).toBe("degraded");

  test("a replica that is killed fails no read, and is used again when it is back", async () => {
    const db = await connected();
    await ready(db);
    const reads = await whileReading(db, async () => {
      await standbys[0]!.crash();
      await isAway(db);
      await standbys[0]!.start();
      await expect.poll(async () => (await db.healthCheck()).status, { timeout: 15_000 }).toBe("healthy");
    });
    expect(reads).toBeGreaterThan(32);
  });

  test("a replica that is frozen fails no read", async () => {
    const db = await connected();
    await ready(db);
    await whileReading(db, async () => {
      await standbys[1]!.pause();
      await isAway(db);
      await standbys[1]!.resume();
      await expect.poll(async () => (await db.healthCheck()).status, { timeout: 15_000 }).toBe("healthy");
    });
  });

  test("a line that is cut again and again, in the middle of answers too, fails no read", async () => {
    const proxy = await standbys[0]!.proxied();
    const db = await connected({ replicas: [placeOf(proxy)] });
    await ready(db);
    await whileReading(db, async () => {
      for (let round = 0; round < 10; round++) {
        proxy.cutEachAfterBytesDown = 2_000 + 997 * round;
        await expect.poll(async () => (await db.healthCheck()).status).toBeDefined();
        await proxy.heal();
        proxy.cut();
      }
    });
    await ready(db);
    await proxy.close();
  });

  test("new settings move reads to other replicas, and fail none", async () => {
    const db = await connected({ replicas: [placeOf(standbys[0]!)] });
    await ready(db);
    const { host, port, database, username, password } = primary;
    const replicas = [placeOf(standbys[1]!)];
    const next = new PostgreSQLConnector({ host, port, database, username, password, replicas });
    await whileReading(db, () => db.reconfigure(next));
    await ready(db);
    expect(await readPort(db)).toBe(standbys[1]!.port);
  });
});
