import { describe, expect, test } from "vitest";
import type { ConnectorError } from "../../core/errors.ts";
import { openForTest } from "./open-for-test.ts";
import { mariadb } from "../../testkit/index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";

await describeService("streams of MySQL, on MariaDB", mariadb(), async () => {
  const { service, connected } = await openForTest();
  const proxy = await service.proxied();
  const admin = await connected();

  /** Statements on numbers that the server is working on, or whose rows it keeps. */
  const busy = async (): Promise<number> => {
    const sql =
      "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE info LIKE '%seq_1_to%' AND id <> CONNECTION_ID()";
    return Number((await admin.query({ sql }))[0]?.["n"]);
  };

  const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
    work.then(
      () => expect.unreachable("must fail"),
      (error: unknown) => error as ConnectorError,
    );

  describe("a stream of 200,000 rows", () => {
    const sql = "SELECT seq AS n, REPEAT('x', 200) AS filler FROM seq_1_to_200000";

    test("trap 23: is read in constant memory", async () => {
      const db = await connected();
      let seen = 0;
      let most = 0;
      const before = process.memoryUsage();
      for await (const batch of db.queryStream({ sql }).batches()) {
        seen += batch.length;
        if (seen % 20_000 === 0) {
          const { heapUsed, external } = process.memoryUsage();
          most = Math.max(most, heapUsed + external - before.heapUsed - before.external);
        }
      }
      expect(seen).toBe(200_000);
      // All of it would be 80 MB and more.
      expect(most).toBeLessThan(60e6);
    });
  });

  describe("a stream", () => {
    const endless = "SELECT seq AS n FROM seq_1_to_100000000";

    test("starts when it is read, and holds a connection until its end, once", async () => {
      const db = await connected({ maxConnections: 1 });
      for (let time = 0; time < 10; time++) db.queryStream({ sql: endless });
      expect(await busy()).toBe(0);
      const stream = db.queryStream({ sql: endless, batchSize: 1 });
      await stream.next();
      expect(await busy()).toBe(1);
      await stream.return();
      await stream.return();
      expect(await busy()).toBe(0);
      expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
      expect(await db.healthCheck()).toMatchObject({ status: "healthy" });
    });

    test("ends the server's work when its reader breaks off while a batch is under way", async () => {
      const db = await connected({ maxConnections: 1 });
      const stream = db.queryStream({ sql: "SELECT SLEEP(60 * (seq DIV 3)) FROM seq_1_to_9", batchSize: 1 });
      // The server keeps rows back until its buffer is full.
      const first = stream.next().catch((error: unknown) => error);
      await expect.poll(() => busy()).toBe(1);
      await stream.return();
      expect(await first).toMatchObject({});
      await expect.poll(() => busy(), { timeout: 1_500 }).toBe(0);
    });

    test("ends with its caller's abort, between two reads as well", async () => {
      const db = await connected({ maxConnections: 1 });
      const abort = new AbortController();
      const stream = db.queryStream({ sql: endless, batchSize: 1 }, { signal: abort.signal });
      await stream.next();
      abort.abort();
      expect(await failure(stream.next())).toMatchObject({ kind: "cancelled" });
      await expect.poll(() => busy(), { timeout: 1_500 }).toBe(0);
    });

    test("that writes is kept when it is read out, and undone when it is broken off", async () => {
      const db = await connected();
      await db.query({ sql: "CREATE TABLE written (n int)" });
      const sql = "INSERT INTO written SELECT seq FROM seq_1_to_100 RETURNING n";
      for await (const row of db.queryStream({ sql, batchSize: 10 })) if (row["n"] === 50) break;
      expect(await db.query({ sql: "SELECT COUNT(*) AS n FROM written" })).toEqual([{ n: "0" }]);
      let seen = 0;
      for await (const row of db.queryStream({ sql, batchSize: 10 })) seen += row["n"] === undefined ? 0 : 1;
      expect(seen).toBe(100);
      expect(await db.query({ sql: "SELECT COUNT(*) AS n FROM written" })).toEqual([{ n: "100" }]);
    });

    test("is opened again where its connection was lost before the first row, and never later", async () => {
      const db = await connected({ port: proxy.port, maxConnections: 1 });
      await db.query({ sql: "SELECT 1" });
      proxy.cutAfterBytesDown = 60;
      const first = db.queryStream({ sql: "SELECT seq AS n FROM seq_1_to_5" });
      expect(await first.next()).toEqual({ done: false, value: { n: "1" } });
      await first.return();

      const second = db.queryStream({ sql: endless, batchSize: 100 });
      await second.next();
      proxy.cut();
      const lost = await failure(
        (async () => {
          for await (const row of second) expect(row).toBeDefined();
        })(),
      );
      expect(lost.kind).toBe("connection_lost");
      await proxy.heal();
      expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
    });

    test("tells its columns, and has no rows where the statement has none", async () => {
      const db = await connected();
      const rows: unknown[] = [];
      for await (const row of db.queryStream({ sql: "SELECT ? AS a, ? AS b", values: ["x", 3] })) rows.push(row);
      expect(rows).toEqual([{ a: "x", b: "3" }]);
      expect(await db.queryStream({ sql: "DO 1" }).next()).toEqual({ done: true, value: undefined });
    });

    test("whose reader rests keeps nothing but its batch, and goes on", async () => {
      const db = await connected();
      let seen = 0;
      for await (const batch of db
        .queryStream({ sql: "SELECT seq AS n FROM seq_1_to_50000", batchSize: 500 })
        .batches()) {
        expect(batch.length).toBeLessThan(30_000);
        seen += batch.length;
        await new Promise((resolve) => setImmediate(resolve));
      }
      expect(seen).toBe(50_000);
    });

    test("of many at a time share the pool", async () => {
      const db = await connected({ maxConnections: 3 });
      const sums = await Promise.all(
        Array.from({ length: 12 }, async () => {
          let sum = 0;
          for await (const { n } of db.queryStream({ sql: "SELECT seq AS n FROM seq_1_to_1000", batchSize: 37 }))
            sum += Number(n);
          return sum;
        }),
      );
      expect(new Set(sums)).toEqual(new Set([500_500]));
    });
  });
});
