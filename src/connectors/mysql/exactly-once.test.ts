import { createServer, connect, type Socket } from "node:net";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ConnectorError } from "../../core/errors.ts";
import { mariadb, startService, type FaultProxy, type Service } from "../../testkit/index.ts";
import { MySQLConnector } from "./index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";

await describeService("exactly once, on MariaDB", mariadb(), () => {
  type Settings = ConstructorParameters<typeof MySQLConnector>[0];

  let service: Service;
  let proxy: FaultProxy;
  /** Not through the proxy. */
  let admin: MySQLConnector;
  const open: MySQLConnector[] = [];
  let names = 0;

  async function connected(settings: Partial<Settings> = {}): Promise<MySQLConnector> {
    const { database, username, password } = service;
    const { host, port } = proxy;
    const all = { host, port, database, username, password, retry: { delay: 2 }, ...settings };
    const connector = new MySQLConnector(all);
    open.push(connector);
    await connector.connect();
    return connector;
  }

  const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
    work.then(
      () => expect.unreachable("must fail"),
      (error: unknown) => error as ConnectorError,
    );

  async function makeTable(): Promise<string> {
    const table = `t_${++names}`;
    await admin.query({ sql: `CREATE TABLE ${table} (id int AUTO_INCREMENT PRIMARY KEY, n int)` });
    return table;
  }

  const rowsOf = (table: string): Promise<readonly unknown[]> =>
    admin.query({ sql: `SELECT id, n FROM ${table} ORDER BY id` });

  /** Passes bytes on, and cuts the connection when `cutAfter` more of them have gone to the server, which gets them all. */
  async function startRelay(to: Service) {
    const state: { port: number; cutAfter: number; isCut: boolean; close(): void } = {
      port: 0,
      cutAfter: Infinity,
      isCut: false,
      close: () => void server.close(),
    };
    const server = createServer((client) => {
      const upstream: Socket = connect({ host: to.host, port: to.port });
      client.on("error", () => upstream.destroy());
      upstream.on("error", () => client.destroy());
      upstream.pipe(client);
      client.on("close", () => upstream.end());
      client.on("data", (bytes: Buffer) => {
        if (bytes.length < state.cutAfter) {
          state.cutAfter -= bytes.length;
          upstream.write(bytes);
          return;
        }
        upstream.unpipe(client);
        upstream.resume();
        upstream.end(bytes.subarray(0, state.cutAfter));
        state.cutAfter = Infinity;
        state.isCut = true;
        client.resetAndDestroy();
      });
    });
    server.listen(0, "127.0.0.1").unref();
    await once(server, "listening");
    state.port = (server.address() as AddressInfo).port;
    return state;
  }

  beforeAll(async () => {
    service = await startService(mariadb());
    proxy = await service.proxied();
    const { host, port, database, username, password } = service;
    admin = new MySQLConnector({ host, port, database, username, password });
    await admin.connect();
  });
  afterEach(async () => {
    await proxy.heal();
    await Promise.all(open.splice(0).map((connector) => connector.disconnect({ timeout: 100 })));
  });
  afterAll(async () => {
    await admin.disconnect();
    await service.destroy();
  });

  describe("trap 1: a write with a key whose answer is lost", () => {
    /** What is sent with a key, each of which inserts one row. */
    const ways: readonly {
      readonly name: string;
      send(db: MySQLConnector, table: string, n: number): Promise<{ data: unknown; replayed: boolean }>;
    }[] = [
      {
        name: "an insert",
        async send(db, table, n) {
          const { data, meta } = await db.call("insert", { table, data: { n } }, { idempotencyKey: `${table} ${n}` });
          return { data, replayed: meta.replayed === true };
        },
      },
      {
        name: "a transaction of statements",
        async send(db, table, n) {
          const statements = [{ sql: `INSERT INTO ${table} (n) VALUES (?) RETURNING *`, values: [n] }];
          const { data, meta } = await db.call("transaction", { statements }, { idempotencyKey: `${table} ${n}` });
          return { data: data[0]?.rows[0], replayed: meta.replayed === true };
        },
      },
      {
        name: "a function",
        async send(db, table, n) {
          const work = db.transaction((tx) => tx.insert({ table, data: { n } }), { idempotencyKey: `${table} ${n}` });
          return { data: await work, replayed: false };
        },
      },
    ];

    test.each(ways)("is there once wherever in the server's answer the connection is cut: $name", async ({ send }) => {
      const table = await makeTable();
      const db = await connected({ maxConnections: 1 });
      const expected: unknown[] = [];
      let [position, replayed] = [0, 0];
      for (; position < 2_000; position += 11) {
        await db.query({ sql: "SELECT 1" });
        proxy.cutAfterBytesDown = position;
        const answer = await send(db, table, position);
        if (answer.replayed) replayed++;
        expected.push(answer.data);
        if (proxy.cutAfterBytesDown !== undefined) break;
      }
      expect(position).toBeGreaterThan(100);
      expect(position).toBeLessThan(2_000);
      expect(await rowsOf(table)).toEqual(expected);
      expect(expected).toEqual(
        Array.from({ length: expected.length }, (_, at) => ({ id: expect.any(Number), n: at * 11 })),
      );
      if (send !== ways[2]!.send) expect(replayed).toBeGreaterThan(0);
    });

    test.each(ways)("is there once wherever in the request the connection is cut: $name", async ({ send }) => {
      const table = await makeTable();
      const relay = await startRelay(service);
      const db = await connected({ host: "127.0.0.1", port: relay.port, maxConnections: 1 });
      const expected: unknown[] = [];
      let [position, replayed] = [1, 0];
      for (; position < 2_000; position += 11) {
        await db.query({ sql: "SELECT 1" });
        relay.isCut = false;
        relay.cutAfter = position;
        const answer = await send(db, table, position);
        if (answer.replayed) replayed++;
        expected.push(answer.data);
        if (!relay.isCut) break;
      }
      relay.close();
      expect(position).toBeGreaterThan(150);
      expect(position).toBeLessThan(2_000);
      expect(await rowsOf(table)).toEqual(expected);
      expect(replayed).toBeLessThan(expected.length);
    });

    test("that is given up is told by a later call with the same key", async () => {
      const db = await connected({ maxConnections: 1 });
      const table = await makeTable();
      await db.query({ sql: "SELECT 1" });
      proxy.blackhole = "down";
      const send = (timeout: number): Promise<unknown> =>
        db.insert({ table, data: { n: 1 } }, { idempotencyKey: table, timeout });
      expect(await failure(send(100))).toMatchObject({ kind: "timeout", outcome: "none" });
      await proxy.heal();
      expect(await send(5_000)).toMatchObject({ n: 1 });
      expect(await rowsOf(table)).toHaveLength(1);
    });

    test("is there once although callers give up at any moment, and come again", async () => {
      const db = await connected({ maxConnections: 6 });
      const table = await makeTable();
      await db.ledger.create();
      const send = (n: number, signal?: AbortSignal): Promise<unknown> =>
        db.insert({ table, data: { n } }, { idempotencyKey: `${table} ${n}`, signal });
      let given = 0;
      const callers = Array.from({ length: 300 }, async (_, n) => {
        const abort = new AbortController();
        const first = send(n, abort.signal).catch((error: unknown) => {
          expect(error).toMatchObject({ kind: "cancelled" });
          given++;
        });
        setTimeout(() => abort.abort(), n % 40);
        await first;
        return send(n);
      });
      const answers = await Promise.all(callers);
      expect(given).toBeGreaterThan(0);
      const rows = await admin.query({ sql: `SELECT id, n FROM ${table} ORDER BY n` });
      expect(rows).toEqual(answers);
    });

    test("is tried again while the first try hangs, and is there once", async () => {
      const db = await connected({ maxConnections: 4, attemptTimeout: 150, retryAttempts: 50, retry: { delay: 5 } });
      const table = await makeTable();
      await db.ledger.create();
      proxy.latencyDownMs = 5;
      const sending = Promise.all(
        [1, 2, 3].map((n) => db.insert({ table, data: { n } }, { idempotencyKey: `${table} ${n}` })),
      );
      proxy.blackhole = "down";
      await new Promise((resolve) => setTimeout(resolve, 20));
      proxy.blackhole = "none";
      const answers = await sending;
      expect(await admin.query({ sql: `SELECT id, n FROM ${table} ORDER BY n` })).toEqual(answers);
    });

    test("waits for a try of its own that the server still works on, and has its answer", async () => {
      const db = await connected({ maxConnections: 2 });
      const table = await makeTable();
      await admin.query({
        sql: `CREATE TRIGGER slowly BEFORE INSERT ON ${table} FOR EACH ROW SET @slept = SLEEP(0.3)`,
      });
      const insert = db.call("insert", { table, data: { n: 1 } }, { idempotencyKey: table });
      const sql = "SELECT 1 FROM information_schema.processlist WHERE state = 'User sleep'";
      await expect.poll(async () => (await admin.query({ sql })).length, { timeout: 5_000 }).toBe(1);
      proxy.cut();
      const { data, meta } = await insert;
      expect(meta.attempts).toBe(2);
      expect(await rowsOf(table)).toEqual([data]);
    });
  });

  test("trap 1: nothing that has a key is lost or doubled while the server is killed again and again", async () => {
    const table = await makeTable();
    const db = await connected({
      maxConnections: 16,
      retryAttempts: 100,
      retry: { delay: 50, maxDelay: 400, budget: false },
    });
    await db.ledger.create();
    let next = 0;
    const callers = Array.from({ length: 16 }, async () => {
      for (let n = next++; n < 400; n = next++) {
        const row = await db.insert({ table, data: { n } }, { idempotencyKey: `${table} ${n}`, timeout: 60_000 });
        expect(row).toMatchObject({ n });
      }
    });
    const all = Promise.all(callers);
    for (const kill of [1, 2, 3]) {
      await expect.poll(() => next, { timeout: 20_000 }).toBeGreaterThan(kill * 90);
      await service.crash();
      await service.start();
      proxy.cut();
    }
    await all;
    const rows = await rowsOf(table);
    expect(rows.map((row) => (row as { n: number }).n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 400 }, (_, n) => n),
    );
  }, 60_000);
});
