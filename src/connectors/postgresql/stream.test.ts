import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { ConnectorError } from "../../core/errors.ts";
import { openForTest } from "./open-for-test.ts";

const { service, connected } = await openForTest();
const proxy = await service.proxied();
const admin = await connected();

/** Connections of an application that are doing something, or keep a transaction open. */
const busy = async (applicationName: string): Promise<unknown> => {
  const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = $1 AND state <> 'idle'";
  return (await admin.query({ sql, values: [applicationName] }))[0]?.["n"];
};

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

describe("a stream of 200,000 rows", () => {
  const sql = "SELECT n, repeat('x', 200) AS filler FROM generate_series(1, 200000) AS n";

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

  test("fetches what is read, and one batch ahead", async () => {
    const db = await connected({ maxConnections: 1 });
    await db.query({ sql: "CREATE SEQUENCE fetched" });
    const counting = "SELECT nextval('fetched')::int AS n FROM generate_series(1, 200000)";
    let seen = 0;
    for await (const row of db.queryStream({ sql: counting, batchSize: 100 })) {
      expect(row["n"]).toBe(++seen);
      if (seen === 250) break;
    }
    expect(await db.query({ sql: "SELECT last_value::int AS n FROM fetched" })).toEqual([{ n: 400 }]);
  });
});

describe("a stream", () => {
  const endless = "SELECT generate_series(1, 100000000) AS n";

  test("starts when it is read, and holds a connection until its end, once", async () => {
    const db = await connected({ maxConnections: 1, applicationName: "lazy" });
    for (let time = 0; time < 10; time++) db.queryStream({ sql: endless });
    expect(await busy("lazy")).toBe(0);
    const stream = db.queryStream({ sql: endless, batchSize: 1 });
    await stream.next();
    expect(await busy("lazy")).toBe(1);
    await stream.return();
    await stream.return();
    expect(await busy("lazy")).toBe(0);
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
    expect(await db.healthCheck()).toMatchObject({ status: "healthy" });
  });

  test("ends the server's work when its reader breaks off while the batch ahead takes long", async () => {
    const db = await connected({ maxConnections: 1, applicationName: "ahead" });
    const sql = "SELECT pg_sleep(CASE n WHEN 2 THEN 60 ELSE 0 END) FROM generate_series(1, 9) AS n";
    const stream = db.queryStream({ sql, batchSize: 1 });
    await stream.next();
    await stream.return();
    expect(await busy("ahead")).toBe(0);
    expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
  });

  test("tells of an error in the batch ahead only when what came before has been read", async () => {
    const db = await connected({ maxConnections: 1 });
    const seen: unknown[] = [];
    const reading = async (): Promise<void> => {
      const sql = "SELECT 10 / (3 - n) AS n FROM generate_series(1, 9) AS n";
      for await (const { n } of db.queryStream({ sql, batchSize: 2 })) {
        seen.push(n);
        await sleep(20);
      }
    };
    expect((await failure(reading())).kind).toBe("input_invalid");
    expect(seen).toEqual([5, 10]);
  });

  test("ends the server's work when its reader breaks off while a batch is under way", async () => {
    const db = await connected({ maxConnections: 1, applicationName: "breaking" });
    const stream = db.queryStream({
      sql: "SELECT pg_sleep(60 * (n / 3)) FROM generate_series(1, 9) AS n",
      batchSize: 1,
    });
    await stream.next();
    await stream.next();
    const third = stream.next().catch((error: unknown) => error);
    await expect.poll(() => busy("breaking")).toBe(1);
    await stream.return();
    expect(await third).toMatchObject({});
    await expect.poll(() => busy("breaking"), { timeout: 1_500 }).toBe(0);
  });

  test("ends with its caller's abort, between two reads as well", async () => {
    const db = await connected({ maxConnections: 1, applicationName: "aborted" });
    const abort = new AbortController();
    const stream = db.queryStream({ sql: endless, batchSize: 1 }, { signal: abort.signal });
    await stream.next();
    abort.abort();
    expect(await failure(stream.next())).toMatchObject({ kind: "cancelled" });
    await expect.poll(() => busy("aborted"), { timeout: 1_500 }).toBe(0);
  });

  test("that writes is kept when it is read out, and undone when it is broken off", async () => {
    const db = await connected();
    await db.query({ sql: "CREATE TABLE written (n int)" });
    const sql = "INSERT INTO written SELECT * FROM generate_series(1, 100) RETURNING n";
    for await (const row of db.queryStream({ sql, batchSize: 10 })) if (row["n"] === 50) break;
    expect(await db.query({ sql: "SELECT count(*)::int AS n FROM written" })).toEqual([{ n: 0 }]);
    let seen = 0;
    for await (const row of db.queryStream({ sql, batchSize: 10 })) seen += row["n"] === undefined ? 0 : 1;
    expect(seen).toBe(100);
    expect(await db.query({ sql: "SELECT count(*)::int AS n FROM written" })).toEqual([{ n: 100 }]);
  });

  test("is opened again where its connection was lost before the first row, and never later", async () => {
    const db = await connected({ port: proxy.port, maxConnections: 1 });
    await db.query({ sql: "SELECT 1" });
    proxy.cutAfterBytesDown = 60;
    const first = db.queryStream({ sql: "SELECT n FROM generate_series(1, 5) AS n" });
    expect(await first.next()).toEqual({ done: false, value: { n: 1 } });
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

  test("tells its columns, and binds lists to JSON as any other statement", async () => {
    const db = await connected();
    const rows: unknown[] = [];
    for await (const row of db.queryStream({ sql: "SELECT $1::jsonb AS a, $2::int AS b", values: [[1, [2]], 3] }))
      rows.push(row);
    expect(rows).toEqual([{ a: [1, [2]], b: 3 }]);
    for (const sql of ["-- nothing", "SET work_mem TO '1MB'"])
      expect(await db.queryStream({ sql }).next()).toEqual({ done: true, value: undefined });
  });

  test("of many at a time share the pool", async () => {
    const db = await connected({ maxConnections: 3 });
    const sums = await Promise.all(
      Array.from({ length: 12 }, async () => {
        let sum = 0;
        for await (const { n } of db.queryStream({ sql: "SELECT n FROM generate_series(1, 1000) AS n", batchSize: 37 }))
          sum += n as number;
        return sum;
      }),
    );
    expect(new Set(sums)).toEqual(new Set([500_500]));
  });
});
