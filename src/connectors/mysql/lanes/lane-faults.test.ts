import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectorError } from "../../../core/errors.ts";
import { mariadb } from "../../../testkit/index.ts";
import { describeService } from "../../../testkit/services/describe-service.ts";
import type { MySQLConnector } from "../index.ts";
import { openForTest } from "../open-for-test.ts";

const CALLERS = 60;
const BY_ID = "SELECT id, word FROM entry WHERE id = ?";

/** What comes of one packet of the server. */
type Spoil = (packet: Buffer) => readonly Buffer[];

await describeService("shared connections of MySQL under faults, on MariaDB", mariadb(), async () => {
  const { service, connected } = await openForTest();
  const proxy = await service.proxied();
  const admin = await connected();
  let spoil: Spoil = (packet) => [packet];
  const sockets = new Set<Socket>();
  const relay = createServer((client) => {
    const server = connect(service.port, service.host);
    let rest = Buffer.alloc(0);
    server.on("data", (bytes: Buffer) => {
      rest = Buffer.concat([rest, bytes]);
      for (let end = 0; rest.length >= 4 && rest.length >= (end = 4 + rest.readUIntLE(0, 3));) {
        for (const packet of spoil(rest.subarray(0, end))) client.write(packet);
        rest = rest.subarray(end);
      }
    });
    client.pipe(server);
    for (const each of [client, server]) {
      sockets.add(each);
      each.setNoDelay(true);
      each.on("error", () => {});
      each.on("close", () => {
        client.destroy();
        server.destroy();
      });
    }
  });

  beforeAll(async () => {
    relay.listen(0, "127.0.0.1");
    await once(relay, "listening");
    await admin.query({ sql: "CREATE TABLE entry (id int PRIMARY KEY, word varchar(50))" });
    await admin.query({ sql: "INSERT INTO entry SELECT seq, CONCAT('word ', seq) FROM seq_1_to_1000" });
  });
  afterAll(() => {
    for (const each of sockets) each.destroy();
    relay.close();
  });

  interface Fates {
    readonly kinds: Set<string>;
    answered: number;
    slowestMs: number;
  }

  /** Many calls at once, each answered rightly or with an error. */
  async function load(db: MySQLConnector, each: number, timeout: number): Promise<Fates> {
    const fates: Fates = { kinds: new Set(), answered: 0, slowestMs: 0 };
    let n = 0;
    await Promise.all(
      Array.from({ length: CALLERS }, async () => {
        for (let at = 0; at < each; at++) {
          const id = 1 + (n++ % 1_000);
          const startedAt = performance.now();
          await db.query({ sql: BY_ID, values: [id] }, { timeout, effect: "read" }).then(
            (rows) => {
              expect(rows).toEqual([{ id, word: `word ${id}` }]);
              fates.answered++;
            },
            ({ kind }: ConnectorError) => fates.kinds.add(kind),
          );
          fates.slowestMs = Math.max(fates.slowestMs, performance.now() - startedAt);
        }
      }),
    );
    return fates;
  }

  /** Spoils one packet in so many while calls are under way, and then sees the connector well again. */
  async function spoiled(
    spoils: readonly Spoil[],
    { each, every, timeout }: { each: number; every: number; timeout: number },
  ) {
    const { port } = relay.address() as AddressInfo;
    const db = await connected({ port, maxConnections: 8, retryAttempts: 3 });
    await load(db, 20, 10_000);
    let packets = 0;
    spoil = (packet) => (++packets % every === 0 ? spoils[(packets / every) % spoils.length]!(packet) : [packet]);
    const fates = await load(db, each, timeout);
    spoil = (packet) => [packet];
    await expect.poll(() => load(db, 5, 5_000), { timeout: 15_000 }).toMatchObject({ answered: CALLERS * 5 });
    await db.disconnect();
    return { ...fates, packets };
  }

  test("packets that are lost, doubled or of another number give nobody the answer of another", async () => {
    const spoils: readonly Spoil[] = [
      // Where the last one of an answer is lost, or its only one, nothing is wrong but the time.
      (packet) => (packet[4] === 0xfe || packet[3] === 1 ? [packet] : []),
      (packet) => [packet, packet],
      (packet) => {
        const numbered = Buffer.from(packet);
        numbered[3]! ^= 1;
        return [numbered];
      },
    ];
    const { packets, answered } = await spoiled(spoils, { each: 60, every: 199, timeout: 10_000 });
    expect(packets).toBeGreaterThan(5_000);
    expect(answered).toBeGreaterThan(CALLERS * 20);
  }, 60_000);

  test("packets that end too soon, and garbage, hold nobody up for longer than allowed", async () => {
    const spoils: readonly Spoil[] = [
      (packet) => [packet.subarray(0, packet.length >> 1)],
      () => [Buffer.alloc(200, 0xff)],
    ];
    const { slowestMs } = await spoiled(spoils, { each: 15, every: 997, timeout: 200 });
    expect(slowestMs).toBeLessThan(2_000);
  }, 60_000);

  test("a network that swallows everything ends every call in time, and heals", async () => {
    const db = await connected({ port: proxy.port, maxConnections: 8, retryAttempts: 1 });
    await load(db, 20, 10_000);
    const under = load(db, 20, 200);
    proxy.blackhole = "both";
    const { slowestMs, kinds } = await under;
    expect(slowestMs).toBeLessThan(2_000);
    expect([...kinds]).toEqual(["timeout"]);
    await proxy.heal();
    await expect.poll(() => load(db, 5, 5_000), { timeout: 15_000 }).toMatchObject({ answered: CALLERS * 5 });
    await db.disconnect();
  }, 60_000);

  test("connections that are cut are noticed by nobody whose call may be repeated", async () => {
    const db = await connected({ port: proxy.port, maxConnections: 8, retryAttempts: 6 });
    await load(db, 20, 10_000);
    const under = load(db, 200, 20_000);
    for (let cut = 0; cut < 5; cut++) {
      await admin.query({ sql: "DO SLEEP(0.02)" });
      proxy.cut();
    }
    expect(await under).toMatchObject({ answered: CALLERS * 200 });
    await db.disconnect();
  }, 60_000);

  test("end cleanly where the server goes away and comes back", async () => {
    const db = await connected({ maxConnections: 8, retryAttempts: 1 });
    await load(db, 20, 10_000);
    const under = load(db, 100, 2_000);
    await service.crash();
    const { kinds } = await under;
    for (const kind of kinds) expect(["connection_lost", "unavailable", "timeout"]).toContain(kind);
    await service.start();
    await expect.poll(() => load(db, 5, 5_000), { timeout: 15_000 }).toMatchObject({ answered: CALLERS * 5 });
    await db.disconnect();
  }, 60_000);
});
