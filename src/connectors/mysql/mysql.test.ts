import { describe, expect, test } from "vitest";
import { ConnectorError } from "../../core/errors.ts";
import { MySQLConnector } from "./index.ts";
import { openForTest } from "./open-for-test.ts";
import { mariadb } from "../../testkit/index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";

await describeService("MySQL, on MariaDB", mariadb(), async () => {
  const { service, make, connected } = await openForTest();
  const admin = await connected();
  let names = 0;

  const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
    work.then(
      () => expect.unreachable("must fail"),
      (error: unknown) => error as ConnectorError,
    );

  async function makeTable(columns = "id int AUTO_INCREMENT PRIMARY KEY, n int"): Promise<string> {
    const table = `t_${++names}`;
    await admin.query({ sql: `CREATE TABLE ${table} (${columns})` });
    return table;
  }

  const numbers = async (table: string): Promise<unknown[]> =>
    (await admin.query({ sql: `SELECT n FROM ${table} ORDER BY n` })).map(({ n }) => n);

  describe("connecting", () => {
    test("by a URL, whose scheme may be mariadb too", async () => {
      for (const scheme of ["mysql", "mariadb"]) {
        const db = new MySQLConnector({ url: service.url.replace("mysql:", `${scheme}:`) });
        await db.connect();
        expect(await db.query({ sql: "SELECT DATABASE() AS name" })).toEqual([{ name: service.database }]);
        await db.disconnect();
      }
    });

    test("tells what is wrong with user, password or database, and nothing of the password", async () => {
      const cases = [
        [{ password: "canary-7" }, "unauthenticated", "ER_ACCESS_DENIED_ERROR"],
        [{ username: "nobody" }, "unauthenticated", "ER_ACCESS_DENIED_ERROR"],
        [{ database: "missing" }, "not_found", "ER_BAD_DB_ERROR"],
      ] as const;
      for (const [settings, kind, code] of cases) {
        const error = await failure(make(settings).connect());
        expect(error).toMatchObject({ kind, code, outcome: "none" });
        expect(error.message).toMatch(/^Failed to connect to MySQL: /);
        expect(`${error.message} ${JSON.stringify(error)}`).not.toContain("canary");
      }
    });

    test("makes zone, modes and limits explicit, whatever the server's configuration says", async () => {
      const db = await connected({ statementTimeout: "1500ms" });
      const [row] = await db.query({
        sql: "SELECT @@time_zone AS zone, @@sql_mode AS modes, @@autocommit AS autocommit, @@max_statement_time AS most",
      });
      expect(row).toEqual({
        zone: "+00:00",
        modes: expect.stringContaining("STRICT_ALL_TABLES") as string,
        autocommit: "1",
        most: 1.5,
      });
    });

    test("a statement that takes longer than the server allows is ended by it", async () => {
      const db = await connected({ statementTimeout: 50, retryAttempts: 1 });
      const error = await failure(db.query({ sql: "SELECT COUNT(*) FROM seq_1_to_100000000 WHERE SLEEP(0) = 0" }));
      expect(error).toMatchObject({ kind: "timeout", code: "1969" });
      expect(await db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
    });

    test("modes that are none are refused", () => {
      expect(() => make({ sqlMode: "ANSI', @@global.read_only='1" })).toThrow(ConnectorError);
    });

    test("a server without room says so, and health is degraded", async () => {
      await admin.query({ sql: "CREATE USER few@'127.0.0.1' IDENTIFIED BY 'p' WITH MAX_USER_CONNECTIONS 1" });
      await admin.query({ sql: "GRANT ALL ON test.* TO few@'127.0.0.1'" });
      const settings = { username: "few", password: "p", maxConnections: 1 };
      const db = await connected(settings);
      expect(await failure(make(settings).connect())).toMatchObject({ kind: "unavailable", outcome: "none" });
      const busy = db.query({ sql: "SELECT SLEEP(0.3)" });
      expect(await db.healthCheck()).toMatchObject({ status: "degraded" });
      await busy;
      expect(await db.healthCheck()).toMatchObject({ status: "healthy" });
    });
  });

  describe("what a statement leaves in its session", () => {
    test.each([
      ["a setting", "SET SESSION sort_buffer_size = 111616", "SELECT @@sort_buffer_size <> 111616 AS ok"],
      ["a variable", "SET @canary = 1", "SELECT @canary IS NULL AS ok"],
      ["a mode", "SET sql_mode = ''", "SELECT @@sql_mode <> '' AS ok"],
      ["no autocommit", "SET autocommit = 0", "SELECT @@autocommit = 1 AS ok"],
      ["another database", "USE mysql", "SELECT DATABASE() = 'test' AS ok"],
      ["an isolation level", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "SELECT 1 AS ok"],
      ["a temporary table", "CREATE TEMPORARY TABLE canary (a int)", "SELECT COUNT(*) = 1 AS ok FROM seq_1_to_1"],
    ])("is gone for the next caller: %s", async (_, sql, probe) => {
      const db = await connected({ maxConnections: 1 });
      const id = { sql: "SELECT CONNECTION_ID() AS id" };
      const before = await db.query(id);
      await db.query({ sql });
      expect(await db.query({ sql: probe })).toEqual([{ ok: 1 }]);
      expect(await db.query(id)).not.toEqual(before);
    });

    test("is nothing as a rule, so that the connection is kept", async () => {
      const table = await makeTable();
      const db = await connected({ maxConnections: 1 });
      const id = { sql: "SELECT CONNECTION_ID() AS id" };
      const before = await db.query(id);
      await db.insertMany({ table, rows: [{ n: 1 }] });
      await db.transaction((tx) => tx.update({ table, data: { n: 2 }, all: true }), { isolation: "serializable" });
      await failure(db.query({ sql: "SELECT missing" }));
      await db.insert({ table, data: { n: 3 } }, { idempotencyKey: table });
      expect(await db.query(id)).toEqual(before);
    });
  });

  describe("transactions", () => {
    test.each(["BEGIN", "START TRANSACTION", "COMMIT AND CHAIN", "/* a */ begin work"])(
      "cannot be begun anew by a statement unnoticed: %s",
      async (sql) => {
        const table = await makeTable();
        const db = await connected({ maxConnections: 1 });
        const work = db.transaction(async (tx) => {
          await tx.insertMany({ table, rows: [{ n: 1 }] });
          await tx.query({ sql }).catch(() => {});
          await tx.insertMany({ table, rows: [{ n: 2 }] });
        });
        expect(await failure(work)).toMatchObject({ kind: "unsupported", outcome: "unknown" });
        // What came before is kept by the server, what came after is not.
        expect(await numbers(table)).toEqual([1]);
      },
    );

    test("a procedure that commits is noticed as well", async () => {
      const table = await makeTable();
      await admin.query({
        sql: `CREATE PROCEDURE chains_${table}() BEGIN COMMIT; START TRANSACTION; END`,
      });
      const work = admin.transaction(async (tx) => {
        await tx.insertMany({ table, rows: [{ n: 1 }] });
        await tx.query({ sql: `CALL chains_${table}()` });
        await tx.insertMany({ table, rows: [{ n: 2 }] });
      });
      expect(await failure(work)).toMatchObject({ kind: "unsupported", outcome: "unknown" });
      expect(await numbers(table)).toEqual([1]);
    });

    test("DDL, which commits by itself, is noticed", async () => {
      const table = await makeTable();
      const work = admin.transaction(async (tx) => {
        await tx.insertMany({ table, rows: [{ n: 1 }] });
        await tx.query({ sql: `CREATE TABLE other_${table} (a int)` });
      });
      expect(await failure(work)).toMatchObject({ kind: "unsupported", outcome: "unknown" });
    });

    test("a deadlock, of which the server forgets the transaction, runs the function again", async () => {
      const table = await makeTable();
      await admin.insertMany({ table, rows: [{ n: 1 }, { n: 2 }] });
      let arrived = 0;
      let runs = 0;
      let open = (): void => {};
      const both = new Promise<void>((resolve) => (open = resolve));
      const cross = (first: number, second: number): Promise<void> =>
        admin.transaction(async (tx) => {
          runs++;
          await tx.update({ table, data: { n: first }, where: { id: first } });
          if (++arrived === 2) open();
          await both;
          await tx.transaction((inner) => inner.update({ table, data: { n: first }, where: { id: second } }));
        });
      await Promise.all([cross(1, 2), cross(2, 1)]);
      expect(runs).toBeGreaterThan(2);
      const rows = await numbers(table);
      expect(rows[0]).toBe(rows[1]);
    });

    test("a connection that is killed inside one takes the rest of it along", async () => {
      const table = await makeTable();
      const db = await connected({ maxConnections: 2, retryAttempts: 1 });
      const work = db.transaction(async (tx) => {
        await tx.insertMany({ table, rows: [{ n: 1 }] });
        const [row] = await tx.query({ sql: "SELECT CONNECTION_ID() AS id" });
        await admin.query({ sql: `KILL ${Number(row?.["id"])}` });
        await tx.insertMany({ table, rows: [{ n: 2 }] });
      });
      expect(await failure(work)).toMatchObject({ kind: "connection_lost", outcome: "none" });
      expect(await numbers(table)).toEqual([]);
      await expect.poll(() => db.query({ sql: "SELECT 1 AS a" })).toEqual([{ a: 1 }]);
    });
  });

  describe("procedures", () => {
    test("answer with their first rows", async () => {
      await admin.query({ sql: "CREATE PROCEDURE two() BEGIN SELECT 1 AS a; SELECT 2 AS b, 3 AS c; END" });
      expect(await admin.query({ sql: "CALL two()" })).toEqual([{ a: 1 }]);
      await admin.query({ sql: "CREATE PROCEDURE none() BEGIN DO 1; END" });
      expect(await admin.query({ sql: "CALL none()" })).toEqual([]);
    });
  });

  describe("statements", () => {
    test("with another number of values than placeholders are refused", async () => {
      for (const values of [[], [1, 2, 3]])
        expect(await failure(admin.query({ sql: "SELECT ?, ?", values }))).toMatchObject({
          kind: "input_invalid",
          message: expect.stringContaining("another number of parameters") as string,
        });
    });

    test("whole numbers are sent as such, wherever they stand", async () => {
      const sql = "SELECT seq FROM seq_1_to_10 LIMIT ? OFFSET ?";
      expect(await admin.query({ sql, values: [2, 3n] })).toEqual([{ seq: "4" }, { seq: "5" }]);
    });

    test("64-bit numbers are told apart, also where they are given as text", async () => {
      const table = await makeTable("id bigint PRIMARY KEY, n int");
      const ids = ["9007199254740992", "9007199254740993"];
      await admin.insertMany({ table, rows: ids.map((id, n) => ({ id, n })) });
      for (const [n, id] of ids.entries())
        for (const given of [id, BigInt(id)]) {
          expect(await admin.query({ sql: `SELECT n FROM ${table} WHERE id = ?`, values: [given] })).toEqual([{ n }]);
          expect(await admin.update({ table, data: { n }, where: { id: given } })).toEqual({ count: 1 });
        }
    });

    test("a table that was changed since its statement was prepared is read as it is", async () => {
      const table = await makeTable();
      const db = await connected({ maxConnections: 1 });
      await db.insert({ table, data: { n: 1 } });
      const read = { sql: `SELECT * FROM ${table}` };
      expect(await db.query(read)).toEqual([{ id: 1, n: 1 }]);
      await admin.query({ sql: `ALTER TABLE ${table} ADD COLUMN more varchar(9) DEFAULT 'x', MODIFY n bigint` });
      expect(await db.query(read)).toEqual([{ id: 1, n: "1", more: "x" }]);
    });

    test("hundreds of different ones do not stay prepared on the server", async () => {
      const db = await connected({ maxConnections: 1 });
      for (let n = 0; n < 250; n++) await db.query({ sql: `SELECT ${n} AS n` });
      const [row] = await db.query({ sql: "SHOW GLOBAL STATUS LIKE 'Prepared_stmt_count'" });
      expect(Number(row?.["Value"])).toBeLessThan(200);
    });
  });
});
