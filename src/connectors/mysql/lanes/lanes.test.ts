import { beforeAll, describe, expect, test } from "vitest";
import type { ConnectorError } from "../../../core/errors.ts";
import { mariadb } from "../../../testkit/index.ts";
import { describeService } from "../../../testkit/services/describe-service.ts";
import type { MySQLConnector } from "../index.ts";
import { openForTest } from "../open-for-test.ts";

const CALLERS = 100;
const BY_ID = "SELECT id, word FROM entry WHERE id = ?";
/** Brief for whoever asks for a number, and slow for whoever asks for a negative one. */
const PICK = "SELECT pick(?) AS it";

/** Calls one after the other, as many callers at a time. */
async function callers(count: number, each: number, call: (n: number) => Promise<void>): Promise<void> {
  let n = 0;
  await Promise.all(
    Array.from({ length: count }, async () => {
      for (let at = 0; at < each; at++) await call(++n);
    }),
  );
}

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

await describeService("calls that share a connection of MySQL, on MariaDB", mariadb(), async () => {
  const { connected } = await openForTest({ conf: { "log-bin-trust-function-creators": "1" } });
  const admin = await connected();

  beforeAll(async () => {
    for (const sql of [
      "CREATE TABLE entry (id int PRIMARY KEY, word varchar(50))",
      "INSERT INTO entry SELECT seq, CONCAT('word ', seq) FROM seq_1_to_1000",
      "CREATE FUNCTION pick(n int) RETURNS int BEGIN IF n < 0 THEN DO SLEEP(-n / 1000); END IF; RETURN n; END",
      "CREATE TABLE noted (n int) ENGINE = MyISAM",
      "CREATE FUNCTION note(n int) RETURNS int BEGIN INSERT INTO noted VALUES (n); RETURN pick(n); END",
    ])
      await admin.query({ sql });
  });

  /** A connector whose lanes are open. */
  async function busy(sql: string, settings: Parameters<typeof connected>[0] = {}): Promise<MySQLConnector> {
    const db = await connected({ maxConnections: 8, ...settings });
    await callers(CALLERS, 10, async (n) => void (await db.query({ sql, values: [n % 1_000] })));
    return db;
  }

  /** Connections that the server is working for. */
  async function working(): Promise<number> {
    const sql =
      "SELECT COUNT(*) AS n FROM information_schema.processlist WHERE command <> 'Sleep' AND info LIKE 'SELECT%' AND id <> CONNECTION_ID()";
    const [row] = await admin.query({ sql });
    return Number(row!["n"]);
  }

  test("get each their own answer", async () => {
    const db = await busy(BY_ID);
    await callers(CALLERS, 50, async (n) => {
      const id = 1 + (n % 1_200);
      const rows = await db.query({ sql: BY_ID, values: [id] });
      expect(rows).toEqual(id > 1_000 ? [] : [{ id, word: `word ${id}` }]);
    });
    await db.disconnect();
  });

  /** How many of a thousand calls stood in a lane, which is a session that may only read. */
  async function shared(db: MySQLConnector): Promise<number> {
    let count = 0;
    await callers(CALLERS, 10, async () => {
      const [row] = await db.query({ sql: "SELECT @@SESSION.tx_read_only AS is_shared" });
      count += Number(row!["is_shared"]);
    });
    return count;
  }

  test("are made where calls wait, and none of them without pipelining", { timeout: 60_000 }, async () => {
    const db = await connected({ maxConnections: 8 });
    await expect.poll(() => shared(db), { timeout: 30_000 }).toBeGreaterThan(0);
    await db.disconnect();
    const apart = await connected({ maxConnections: 8, pipelining: false });
    for (let round = 0; round < 5; round++) expect(await shared(apart)).toBe(0);
    await apart.disconnect();
  });

  test("are few connections: most of the pool stays free", async () => {
    const db = await busy(BY_ID);
    let most = 0;
    const load = callers(CALLERS, 200, async (n) => void (await db.query({ sql: BY_ID, values: [n % 1_000] })));
    for (let look = 0; look < 20; look++) most = Math.max(most, await working());
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

  test("are not answered wrongly where a statement does not tell that it was struck", async () => {
    const sql = "SELECT BENCHMARK(?, MD5('x')) AS zero, ? AS n";
    const db = await connected({ maxConnections: 8 });
    await callers(CALLERS, 10, async (n) => void (await db.query({ sql, values: [1, n] })));
    const lock = "SELECT GET_LOCK('held', ?) AS got";
    await callers(CALLERS, 10, async () => void (await db.query({ sql: lock, values: [0] })));
    const slow = db.query({ sql: lock, values: [1] });
    await callers(CALLERS, 20, async (n) =>
      expect(await db.query({ sql, values: [1, n] })).toEqual([{ zero: 0, n: String(n) }]),
    );
    // Struck, it would say NULL.
    expect((await slow)[0]?.["got"]).toBeTypeOf("number");
    await db.disconnect();
  });

  test("a slow one whose caller gives up is ended at the server", async () => {
    const db = await busy(PICK);
    expect((await failure(db.query({ sql: PICK, values: [-60_000] }, { timeout: 100 }))).kind).toBe("timeout");
    await expect.poll(working, { timeout: 5_000 }).toBe(0);
    expect(await db.query({ sql: PICK, values: [1] })).toEqual([{ it: 1 }]);
    await db.disconnect();
  });

  test("an error, a value that cannot be sent, a large one and an answer that is too large are one caller's own", async () => {
    const sql =
      "SELECT 100 DIV ? AS it, REPEAT('x', ?) AS filler, IF(? = 1, (SELECT 1 UNION SELECT 2), LENGTH(?)) AS n";
    const db = await connected({ maxConnections: 8 });
    await callers(CALLERS, 10, async () => void (await db.query({ sql, values: [1, 1, 0, ""] })));
    const large = "y".repeat(100_000);
    await callers(CALLERS, 20, async (n) => {
      const bad = n % 5;
      const values = [2, bad === 2 ? 5_000 : 1, bad === 0 ? 1 : 0, bad === 1 ? "\ud800" : bad === 4 ? large : "z"];
      const asked = db.query({ sql, values, ...(bad === 2 ? { maxBytes: 1_000 } : {}) });
      if (bad >= 3) expect(await asked).toEqual([{ it: 50, filler: "x", n: bad === 4 ? 100_000 : 1 }]);
      else expect((await failure(asked)).kind).toBe((["conflict", "input_invalid", "too_large"] as const)[bad]);
    });
    await db.disconnect();
  });

  test("write nothing twice: one that writes through a function runs by itself", async () => {
    const sql = "SELECT note(?) AS it";
    const db = await connected({ maxConnections: 8 });
    await callers(CALLERS, 40, async (n) => void (await db.query({ sql, values: [n % 500 === 0 ? -120 : n] })));
    const [row] = await admin.query({ sql: "SELECT COUNT(*) AS n FROM noted" });
    expect(row).toEqual({ n: String(CALLERS * 40) });
    await db.disconnect();
  });

  test("are SELECTs with rows: one that stores them in a variable runs by itself", async () => {
    const db = await connected({ maxConnections: 8 });
    await callers(CALLERS, 20, async () => {
      expect(await db.query({ sql: "SELECT 1 INTO @one" })).toEqual([]);
    });
    await db.disconnect();
  });

  test("leave connections as they were: what comes after them may write", async () => {
    const db = await busy(BY_ID, { maxConnections: 4 });
    await admin.query({ sql: "CREATE TABLE written (n int)" });
    await callers(CALLERS, 20, async (n) => {
      if (n % 10 === 0) await db.insert({ table: "written", data: { n } });
      else await db.query({ sql: BY_ID, values: [1] });
    });
    expect(await admin.query({ sql: "SELECT COUNT(*) AS n FROM written" })).toEqual([{ n: "200" }]);
    await db.disconnect();
  });

  test("go on when their connections are killed, and when a table is changed under them", async () => {
    const sql = "SELECT * FROM entry WHERE id = ?";
    const db = await busy(sql, { retryAttempts: 5 });
    let isOver = false;
    const trouble = (async () => {
      for (let round = 0; !isOver && round < 30; round++) {
        const [victim] = await admin.query({
          sql: "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() ORDER BY RAND() LIMIT 1",
        });
        if (victim !== undefined) await admin.query({ sql: `KILL ${String(victim["id"])}` }).catch(() => {});
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
    await expect.poll(working, { timeout: 5_000 }).toBe(0);
  });

  describe("with more statements than a connection keeps prepared", () => {
    test("get each their own answer too", async () => {
      const db = await connected({ maxConnections: 8 });
      await callers(CALLERS, 60, async (n) => {
        const at = n % 150;
        expect(await db.query({ sql: `SELECT ? AS n, ${at} AS at`, values: [n] })).toEqual([{ n: String(n), at }]);
      });
      await db.disconnect();
    });
  });
});
