import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type ConnectorError } from "../../core/errors.ts";
import { openForTest } from "./open-for-test.ts";
import { mariadb } from "../../testkit/index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";

await describeService("reading only, on MariaDB", mariadb(), async () => {
  const { service, connected } = await openForTest();
  const admin = await connected();
  /** Reads only, as a user who may do everything: nothing but the connector keeps it from writing. */
  const reader = await connected({ access: "read-only", maxConnections: 2 });

  const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
    work.then(
      () => expect.unreachable("must be refused"),
      (error: unknown) => error as ConnectorError,
    );

  /** Everything that a statement could have changed. */
  async function state(): Promise<unknown> {
    const [row] = await admin.query({
      sql: `SELECT (SELECT GROUP_CONCAT(name ORDER BY id) FROM users) AS users,
            (SELECT GROUP_CONCAT(a) FROM aria) AS aria,
            (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema NOT IN ('information_schema')) AS all_tables,
            (SELECT COUNT(*) FROM information_schema.columns WHERE table_name = 'users') AS all_columns,
            (SELECT COUNT(*) FROM information_schema.routines) AS all_routines,
            (SELECT COUNT(*) FROM information_schema.schemata) AS all_databases,
            (SELECT COUNT(*) FROM mysql.global_priv) AS all_users,
            (SELECT COUNT(*) FROM mysql.column_stats) AS all_stats,
            (SELECT next_not_cached_value FROM numbers) AS numbered,
            @@GLOBAL.read_only AS setting, IS_FREE_LOCK('canary') AS is_free`,
    });
    return row;
  }

  beforeAll(async () => {
    for (const sql of [
      "CREATE TABLE users (id int AUTO_INCREMENT PRIMARY KEY, name varchar(50))",
      "INSERT INTO users (name) VALUES ('Ada'), ('Grace')",
      "CREATE TABLE aria (a int) ENGINE = Aria TRANSACTIONAL = 0",
      "CREATE SEQUENCE numbers",
      "CREATE FUNCTION writes() RETURNS int BEGIN INSERT INTO users (name) VALUES ('written'); RETURN 1; END",
      "CREATE FUNCTION locks() RETURNS int BEGIN RETURN GET_LOCK('canary', 0); END",
      "CREATE PROCEDURE commits() BEGIN COMMIT; INSERT INTO users (name) VALUES ('committed'); SELECT 1; END",
      "CREATE PROCEDURE begins() BEGIN START TRANSACTION READ WRITE; DELETE FROM users; COMMIT; SELECT 1; END",
    ])
      await admin.query({ sql });
  });

  test("reads as ever", async () => {
    expect(await reader.query({ sql: "SELECT name FROM users ORDER BY id" })).toEqual([
      { name: "Ada" },
      { name: "Grace" },
    ]);
    for (const sql of [
      "SHOW TABLES",
      "SHOW CREATE TABLE users",
      "EXPLAIN SELECT * FROM users",
      "VALUES (1)",
      "DESCRIBE users",
      "CHECKSUM TABLE users",
      "WITH a AS (SELECT 1) SELECT * FROM a",
      "SELECT 1 AS `Table`, 2 AS Op",
    ])
      expect((await reader.query({ sql })).length).toBeGreaterThan(0);
    const names: unknown[] = [];
    for await (const { name } of reader.queryStream({ sql: "SELECT name FROM users ORDER BY id", batchSize: 1 }))
      names.push(name);
    expect(names).toEqual(["Ada", "Grace"]);
    const [first, second] = await reader.transaction({
      statements: [{ sql: "SELECT 1 AS a" }, { sql: "SELECT name FROM users WHERE id = ?", values: [1] }],
      isolation: "repeatable read",
    });
    expect([first?.rows, second?.rows]).toEqual([[{ a: 1 }], [{ name: "Ada" }]]);
    expect(await reader.transaction((tx) => tx.query({ sql: "SELECT 1 AS a" }))).toEqual([{ a: 1 }]);
    const { plan } = await reader.explain({
      sql: "SELECT * FROM users WHERE id = :id",
      values: { id: 1 },
      analyze: true,
    });
    expect(JSON.stringify(plan)).toContain("r_total_time_ms");
    expect(await reader.healthCheck()).toMatchObject({ status: "healthy" });
  });

  test("every operation that writes is refused by the database", async () => {
    const before = await state();
    const attempts: (() => Promise<unknown>)[] = [
      () => reader.insert({ table: "users", data: { name: "x" } }),
      () => reader.insertMany({ table: "users", rows: [{ name: "x" }] }),
      () => reader.insertMany({ table: "users", rows: Array.from({ length: 3_000 }, () => ({ name: "x" })) }),
      () => reader.update({ table: "users", data: { name: "x" }, all: true }),
      () => reader.delete({ table: "users", all: true }),
      () => reader.transaction((tx) => tx.insert({ table: "users", data: { name: "x" } })),
      () => reader.transaction((tx) => tx.transaction((inner) => inner.delete({ table: "users", all: true }))),
    ];
    for (const attempt of attempts) {
      const error = await failure(attempt());
      expect(error).toMatchObject({
        kind: "permission_denied",
        code: "ER_CANT_EXECUTE_IN_READ_ONLY_TRANSACTION",
        outcome: "none",
      });
    }
    expect(await state()).toEqual(before);
  });

  const WRITES = [
    "INSERT INTO users (name) VALUES ('x')",
    "INSERT INTO users (name) VALUES ('x') RETURNING id",
    "REPLACE INTO users (id, name) VALUES (1, 'x') RETURNING id",
    "/* SELECT */ INSERT INTO users (name) VALUES ('x') RETURNING 1",
    "-- SELECT\nDELETE FROM users RETURNING *",
    "/*!50000 DELETE FROM users RETURNING id */",
    "/*M! DELETE FROM users RETURNING id */",
    "SELECT 1 /*! INTO OUTFILE 'FOLDER/out' */",
    "DELETE FROM aria RETURNING a",
    "INSERT INTO aria VALUES (1) RETURNING a",
    "(SELECT 1); DROP TABLE users",
    "COMMIT; DROP TABLE users",
    "SELECT 1; COMMIT; DELETE FROM users",
    "COMMIT",
    "commit and chain",
    "COMMIT AND CHAIN",
    "ROLLBACK AND CHAIN",
    "/**/COMMIT",
    "ROLLBACK",
    "BEGIN",
    "BEGIN WORK",
    "START TRANSACTION READ WRITE",
    "START TRANSACTION WITH CONSISTENT SNAPSHOT",
    "SAVEPOINT a",
    "SET TRANSACTION READ WRITE",
    "SET SESSION TRANSACTION READ WRITE",
    "SET tx_read_only = 0",
    "SET autocommit = 1",
    "SET GLOBAL read_only = 1",
    "SET STATEMENT max_statement_time = 0 FOR DELETE FROM users RETURNING id",
    "SET STATEMENT tx_read_only = 0 FOR INSERT INTO users (name) VALUES ('x') RETURNING id",
    "SET PASSWORD = PASSWORD('x')",
    "SELECT writes()",
    "SELECT * FROM users WHERE writes() > 0",
    "VALUES (writes())",
    "SELECT BENCHMARK(2, writes())",
    "SELECT NEXTVAL(numbers)",
    "SELECT SETVAL(numbers, 99)",
    "SELECT * FROM users FOR UPDATE",
    "SELECT 1 INTO OUTFILE 'FOLDER/out'",
    "SELECT 1 INTO DUMPFILE 'FOLDER/out'",
    "SELECT 1 INTO @canary",
    "VALUES (1) INTO OUTFILE 'FOLDER/out'",
    "(SELECT 1) UNION (SELECT 2) INTO OUTFILE 'FOLDER/out'",
    "WITH a AS (SELECT 1) SELECT * FROM a INTO OUTFILE 'FOLDER/out'",
    "ANALYZE SELECT 1 INTO OUTFILE 'FOLDER/out'",
    "ANALYZE SELECT name FROM users INTO OUTFILE 'FOLDER/out'",
    "ANALYZE FORMAT=JSON SELECT name INTO DUMPFILE 'FOLDER/out' FROM users LIMIT 1",
    "/*!50000 ANALYZE FORMAT=JSON */ SELECT 1 INTO OUTFILE 'FOLDER/out'",
    "SET STATEMENT max_statement_time = 5 FOR ANALYZE SELECT 1 INTO OUTFILE 'FOLDER/out'",
    "CREATE TABLE copied AS SELECT * FROM users",
    "CREATE TEMPORARY TABLE copied AS SELECT * FROM users",
    "CREATE OR REPLACE TABLE users (a int)",
    "CREATE DATABASE other",
    "CREATE USER other",
    "ANALYZE UPDATE users SET name = 'x'",
    "ANALYZE FORMAT=JSON DELETE FROM users",
    "ANALYZE TABLE users",
    "ANALYZE TABLE users PERSISTENT FOR ALL",
    "ANALYZE LOCAL TABLE users",
    "OPTIMIZE TABLE users",
    "REPAIR TABLE aria",
    "CHECK TABLE users FOR UPGRADE",
    "CALL commits()",
    "CALL begins()",
    "BEGIN NOT ATOMIC COMMIT; DELETE FROM users; SELECT 1; END",
    "IF 1 THEN COMMIT; DELETE FROM users; SELECT 1; END IF",
    "EXECUTE IMMEDIATE 'DELETE FROM users RETURNING id'",
    "PREPARE canary FROM 'DELETE FROM users'",
    "LOAD DATA LOCAL INFILE '/etc/passwd' INTO TABLE users (name)",
    "LOAD DATA INFILE '/etc/passwd' INTO TABLE users (name)",
    "ALTER TABLE users ADD COLUMN x int",
    "RENAME TABLE users TO people",
    "TRUNCATE users",
    "DROP TABLE users",
    "GRANT ALL ON *.* TO 'x'@'%'",
    "FLUSH TABLES",
    "FLUSH TABLES WITH READ LOCK",
    "RESET MASTER",
    "PURGE BINARY LOGS BEFORE NOW()",
    "LOCK TABLES users WRITE",
    "UNLOCK TABLES",
    "HANDLER users OPEN",
    "XA START 'canary'",
    "INSTALL SONAME 'ha_blackhole'",
    "KILL 999999",
    "DO GET_LOCK('canary', 0)",
    "USE mysql",
    "",
    ";",
  ];

  describe("trap 16: nothing is written by", () => {
    test.each(WRITES)("%s", async (template) => {
      const sql = template.replaceAll("FOLDER", service.dir);
      const before = await state();
      const ways: (() => Promise<unknown>)[] = [
        () => reader.query({ sql }),
        async () => {
          for await (const row of reader.queryStream({ sql })) expect(row).toBeDefined();
        },
        () => reader.transaction({ statements: [{ sql }, { sql: "DELETE FROM users RETURNING *" }] }),
        () => reader.transaction({ statements: [{ sql: "SELECT 1" }, { sql }] }),
        () =>
          reader.transaction(async (tx) => {
            await tx.query({ sql });
            await tx.delete({ table: "users", all: true });
          }),
        () => reader.explain({ sql, analyze: true }),
        () => reader.explain({ sql: sql.replace(/ANALYZE (FORMAT=JSON )?/, ""), analyze: true }),
      ];
      for (const way of ways)
        expect(["permission_denied", "unsupported", "input_invalid", "not_found"]).toContain(
          (await failure(way())).kind,
        );
      expect(await state()).toEqual(before);
      expect(existsSync(join(service.dir, "out"))).toBe(false);
    });

    test("anything that takes no statement of its own afterwards", async () => {
      const before = await state();
      // Two connections, so that each is used again after what it was asked to do.
      for (const sql of WRITES) await reader.query({ sql }).catch(() => {});
      for (let again = 0; again < 4; again++)
        expect(await failure(reader.query({ sql: "DELETE FROM users RETURNING *" }))).toMatchObject({
          kind: "permission_denied",
        });
      expect(await state()).toEqual(before);
    });

    test("a raw statement that is asked again because its answer was lost", async () => {
      const proxy = await service.proxied();
      const db = await connected({ port: proxy.port, maxConnections: 1, retry: { delay: 5 } });
      const sql = "INSERT INTO users (name) VALUES ('twice') RETURNING id";
      const before = await state();
      proxy.cutAfterBytesDown = 40;
      const error = await failure(db.query({ sql }));
      expect(["unknown", "none"]).toContain(error.outcome);
      await proxy.heal();
      const after = await state();
      await admin.query({ sql: "DELETE FROM users WHERE name = 'twice'" });
      expect([before, { ...(before as object), users: "Ada,Grace,twice" }]).toContainEqual(after);
    });
  });

  describe("what a read leaves in its session is gone for the next caller", () => {
    test("a lock", async () => {
      const free = { sql: "SELECT IS_FREE_LOCK('canary') AS is_free" };
      for (const sql of ["SELECT GET_LOCK('canary', 0) AS it", "SELECT locks() AS it"]) {
        for (let time = 0; time < 4; time++) expect(await reader.query({ sql })).toEqual([{ it: 1 }]);
        expect(await admin.query(free)).toEqual([{ is_free: 1 }]);
        await failure(reader.query({ sql: "SELECT GET_LOCK('canary', 0), 9223372036854775807 + 1" }));
        expect(await admin.query(free)).toEqual([{ is_free: 1 }]);
      }
    });

    test("a lock of a stream that was broken off", async () => {
      for (let time = 0; time < 4; time++)
        for await (const row of reader.queryStream({ sql: "SELECT GET_LOCK('canary', 0), seq FROM seq_1_to_10" })) {
          expect(row).toBeDefined();
          break;
        }
      expect(await admin.query({ sql: "SELECT IS_FREE_LOCK('canary') AS is_free" })).toEqual([{ is_free: 1 }]);
    });
  });
});
