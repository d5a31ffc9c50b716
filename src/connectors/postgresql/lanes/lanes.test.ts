import { beforeAll, describe, expect, test } from "vitest";
import { type ConnectorError } from "../../../core/errors.ts";
import type { PostgreSQLConnector } from "../index.ts";
import { openForTest } from "../open-for-test.ts";

const { connected } = await openForTest();
const admin = await connected();

const CALLERS = 100;
const BY_ID = "SELECT id, word FROM entry WHERE id = $1";
/** Brief for whoever asks for a number, and slow for whoever asks for a negative one. */
const PICK = "SELECT pick($1::int) AS it";

beforeAll(async () => {
  for (const sql of [
    "CREATE TABLE entry (id int PRIMARY KEY, word text)",
    "INSERT INTO entry SELECT i, 'word ' || i FROM generate_series(1, 1000) i",
    `CREATE FUNCTION pick(n int) RETURNS int LANGUAGE plpgsql AS $$
       BEGIN IF n < 0 THEN PERFORM pg_sleep(-n / 1000.0); END IF; RETURN n; END $$`,
  ])
    await admin.query({ sql });
});

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

/** Calls one after the other, as many callers at a time. */
async function callers(count: number, each: number, call: (n: number) => Promise<void>): Promise<void> {
  let n = 0;
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let at = 0; at < each; at++) await call(++n);
    }),
  );
}

/** A connector whose lanes are open. */
async function busy(sql: string, settings: Parameters<typeof connected>[0] = {}): Promise<PostgreSQLConnector> {
  const db = await connected({ maxConnections: 8, applicationName: "lanes", ...settings });
  await callers(CALLERS, 10, async (n) => void (await db.query({ sql, values: [n % 1_000] })));
  return db;
}

/** Statements that the server has got in one go, as far as can be seen from outside: calls for each connection in use. */
async function backends(): Promise<number> {
  const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'lanes' AND state = 'active'";
  const [row] = await admin.query({ sql });
  return row!["n"] as number;
}

describe("calls that share a connection", () => {
  test("get each their own answer", async () => {
    const db = await busy(BY_ID);
    await callers(CALLERS, 50, async (n) => {
      const id = 1 + (n % 1_200);
      const rows = await db.query({ sql: BY_ID, values: [id] });
      expect(rows).toEqual(id > 1_000 ? [] : [{ id, word: `word ${id}` }]);
    });
    await db.disconnect();
  });

  test("are few connections: most of the pool stays free", async () => {
    const db = await busy(BY_ID);
    let most = 0;
    const load = callers(CALLERS, 200, async (n) => void (await db.query({ sql: BY_ID, values: [n % 1_000] })));
    for (let look = 0; look < 20; look++) most = Math.max(most, await backends());
    await load;
    expect(most).toBeLessThanOrEqual(4);
    await db.disconnect();
  });

  test("trap 15: one that gives up cancels, fails and delays nobody else", async () => {
    const db = await busy(BY_ID);
    let givenUp = 0;
    await callers(CALLERS, 60, async (n) => {
      const id = 1 + (n % 1_000);
      if (n % 3 !== 0)
        return expect(await db.query({ sql: BY_ID, values: [id] })).toEqual([{ id, word: `word ${id}` }]);
      const abort = new AbortController();
      if (n % 2 === 0) setImmediate(() => abort.abort());
      else queueMicrotask(() => abort.abort());
      await db.query({ sql: BY_ID, values: [id] }, { signal: abort.signal }).catch(({ kind }: ConnectorError) => {
        expect(kind).toBe("cancelled");
        givenUp++;
      });
    });
    expect(givenUp).toBeGreaterThan(100);
    await db.disconnect();
  });

  test("wait for no slow one: it is run by itself, and answered all the same", async () => {
    const db = await busy(PICK);
    const slow = db.query({ sql: PICK, values: [-1_500] });
    const startedAt = performance.now();
    await callers(CALLERS, 20, async (n) => expect(await db.query({ sql: PICK, values: [n] })).toEqual([{ it: n }]));
    expect(performance.now() - startedAt).toBeLessThan(1_200);
    expect(await slow).toEqual([{ it: -1_500 }]);
    await db.disconnect();
  });

  test("a slow one whose caller gives up is ended at the server", async () => {
    const db = await busy(PICK);
    expect((await failure(db.query({ sql: PICK, values: [-60_000] }, { timeout: 100 }))).kind).toBe("timeout");
    await expect.poll(backends, { timeout: 5_000 }).toBe(0);
    expect(await db.query({ sql: PICK, values: [1] })).toEqual([{ it: 1 }]);
    await db.disconnect();
  });

  test("an error, a value that cannot be sent and an answer that is too large are one caller's own", async () => {
    const sql = "SELECT 100 / $1::int AS it, repeat('x', $2::int) AS filler";
    const db = await connected({ maxConnections: 8, applicationName: "lanes" });
    await callers(CALLERS, 10, async () => void (await db.query({ sql, values: [1, 1] })));
    await callers(CALLERS, 20, async (n) => {
      const bad = n % 4;
      const values = bad === 0 ? [0, 1] : bad === 1 ? ["\ud800", 1] : [2, bad === 2 ? 5_000 : 1];
      const asked = db.query({ sql, values, ...(bad === 2 ? { maxBytes: 1_000 } : {}) });
      if (bad === 3) expect(await asked).toEqual([{ it: 50, filler: "x" }]);
      else expect((await failure(asked)).kind).toBe(bad === 2 ? "too_large" : "input_invalid");
    });
    await db.disconnect();
  });

  test("go on when their connections are killed, and when a table is changed under them", async () => {
    const sql = "SELECT * FROM entry WHERE id = $1";
    const db = await busy(sql, { retryAttempts: 5 });
    let isOver = false;
    const trouble = (async () => {
      for (let round = 0; !isOver && round < 30; round++) {
        await admin.query({
          sql: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'lanes' ORDER BY random() LIMIT 1",
        });
        await admin.query({ sql: round % 2 === 0 ? "ALTER TABLE entry ADD more int" : "ALTER TABLE entry DROP more" });
      }
    })();
    await callers(CALLERS, 60, async (n) => {
      const id = 1 + (n % 1_000);
      const [row] = await db.query({ sql, values: [id] }, { effect: "read" });
      expect(row).toMatchObject({ id, word: `word ${id}` });
    });
    isOver = true;
    await trouble;
    await db.disconnect();
  });

  test("are run once: nothing is counted twice while slow ones are ended around them", async () => {
    const write = "SELECT pick($1::int) AS it, note($2::int)";
    for (const each of [
      "CREATE TABLE noted (n int)",
      "CREATE FUNCTION note(n int) RETURNS void LANGUAGE sql AS 'INSERT INTO noted VALUES (n)'",
    ])
      await admin.query({ sql: each });
    const db = await connected({ maxConnections: 8, applicationName: "lanes" });
    let sent = 0;
    await callers(CALLERS, 40, async (n) => {
      const isSlow = n > 1_000 && n % 500 === 0;
      await db.query({ sql: write, values: [isSlow ? -120 : 1, n] });
      sent++;
    });
    expect(
      await admin.query({ sql: "SELECT count(*)::int AS n, count(DISTINCT n)::int AS different FROM noted" }),
    ).toEqual([{ n: sent, different: sent }]);
    await db.disconnect();
  });

  test("end with their connector, while calls are under way", async () => {
    const db = await busy(BY_ID);
    let refused = 0;
    const load = callers(CALLERS, 100, async (n) => {
      await db.query({ sql: BY_ID, values: [1 + (n % 1_000)] }).catch(({ kind }: ConnectorError) => {
        expect(kind).toBe("not_connected");
        refused++;
      });
    });
    await db.disconnect();
    await load;
    expect(refused).toBeGreaterThan(0);
    await expect.poll(backends, { timeout: 5_000 }).toBe(0);
  });
});
