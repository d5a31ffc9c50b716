import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { type ConnectorError } from "../../core/errors.ts";
import { openForTest } from "./open-for-test.ts";

const { service, connected } = await openForTest();
const admin = await connected();
/** Reads only, as the superuser: nothing but the connector keeps it from writing. */
const reader = await connected({ access: "read-only", maxConnections: 2 });

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must be refused"),
    (error: unknown) => error as ConnectorError,
  );

/** Everything that a statement could have changed. */
async function state(): Promise<unknown> {
  const [row] = await admin.query({
    sql: `SELECT (SELECT array_agg(name ORDER BY id) FROM users) AS users,
            (SELECT count(*)::int FROM pg_class WHERE relkind IN ('r', 'i', 'S', 'v')) AS relations,
            (SELECT count(*)::int FROM pg_proc) AS functions,
            (SELECT count(*)::int FROM pg_roles) AS roles,
            (SELECT count(*)::int FROM pg_database) AS databases,
            (SELECT count(*)::int FROM pg_largeobject_metadata) AS objects,
            (SELECT last_value::int FROM users_id_seq) AS sequence,
            (SELECT count(*)::int FROM pg_locks WHERE locktype = 'advisory') AS locks,
            (SELECT array_agg(setconfig::text) FROM pg_db_role_setting) AS settings`,
  });
  return row;
}

beforeAll(async () => {
  for (const sql of [
    "CREATE TABLE users (id serial PRIMARY KEY, name text)",
    "INSERT INTO users (name) VALUES ('Ada'), ('Grace')",
    "CREATE FUNCTION writes() RETURNS int LANGUAGE sql AS 'INSERT INTO users (name) VALUES (''written'') RETURNING id'",
    `CREATE FUNCTION escapes() RETURNS int LANGUAGE plpgsql AS $$
       BEGIN
         PERFORM set_config('transaction_read_only', 'off', false);
         INSERT INTO users (name) VALUES ('escaped');
         RETURN 1;
       END $$`,
    `CREATE PROCEDURE commits(INOUT a int) LANGUAGE plpgsql AS $$
       BEGIN
         COMMIT;
         INSERT INTO users (name) VALUES ('committed');
       END $$`,
    `CREATE PROCEDURE sets(INOUT a int) LANGUAGE plpgsql AS $$
       BEGIN
         SET transaction_read_only = off;
         INSERT INTO users (name) VALUES ('set');
       END $$`,
  ])
    await admin.query({ sql });
});

test("reads as ever", async () => {
  expect(await reader.query({ sql: "SELECT name FROM users ORDER BY id" })).toEqual([
    { name: "Ada" },
    { name: "Grace" },
  ]);
  expect(await reader.query({ sql: "SELECT $1::jsonb AS a, $2::int[] AS b", values: [[1], [2]] })).toEqual([
    { a: [1], b: [2] },
  ]);
  for (const sql of [
    "SHOW server_version",
    "EXPLAIN SELECT 1",
    "VALUES (1)",
    "TABLE users",
    "WITH a AS (SELECT 1) SELECT * FROM a",
  ])
    expect((await reader.query({ sql })).length).toBeGreaterThan(0);
  const names: unknown[] = [];
  for await (const { name } of reader.queryStream({ sql: "SELECT name FROM users ORDER BY id", batchSize: 1 }))
    names.push(name);
  expect(names).toEqual(["Ada", "Grace"]);
  const [first, second] = await reader.transaction({
    statements: [{ sql: "SELECT 1 AS a" }, { sql: "SELECT name FROM users WHERE id = $1", values: [1] }],
    isolation: "repeatable read",
  });
  expect([first?.rows, second?.rows]).toEqual([[{ a: 1 }], [{ name: "Ada" }]]);
  expect(await reader.transaction((tx) => tx.query({ sql: "SELECT 1 AS a" }))).toEqual([{ a: 1 }]);
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
    () => reader.upsert({ table: "users", rows: [{ id: 1, name: "x" }], conflict: ["id"] }),
    () => reader.execute("execute", { sql: "INSERT INTO users (name) VALUES ('x') RETURNING id" }),
    () => reader.batch({ sql: "DELETE FROM users WHERE id = $1 RETURNING id", values: [[1], [2]] }),
    () => reader.transaction((tx) => tx.upsert({ table: "users", rows: [{ id: 1, name: "x" }], conflict: ["id"] })),
    () => reader.transaction((tx) => tx.batch({ sql: "DELETE FROM users WHERE id = $1 RETURNING id", values: [[1]] })),
    () => reader.transaction((tx) => tx.insert({ table: "users", data: { name: "x" } })),
    () => reader.transaction((tx) => tx.transaction((inner) => inner.delete({ table: "users", all: true }))),
  ];
  for (const attempt of attempts) {
    const error = await failure(attempt());
    expect(error).toMatchObject({ kind: "permission_denied", code: "25006", outcome: "none" });
  }
  for (const connector of [reader, admin]) {
    const error = await failure(connector.explain({ sql: "DELETE FROM users", analyze: true }));
    expect(error).toMatchObject({ kind: "permission_denied", code: "25006" });
  }
  expect(await state()).toEqual(before);
});

/** What others let through: CVE-2026-12045, awslabs/mcp#374, pgedge-postgres-mcp PR#196, GHSA-65hm-pwj5-73pw, and more. */
const WRITES = [
  "INSERT INTO users (name) VALUES ('x')",
  "INSERT INTO users (name) VALUES ('x') RETURNING id",
  "/* SELECT */ INSERT INTO users (name) VALUES ('x') RETURNING 1",
  "-- SELECT\nDELETE FROM users RETURNING *",
  "(((SELECT 1))); DROP TABLE users",
  "COMMIT; DROP TABLE users",
  "ROLLBACK; DROP TABLE users; SELECT 1",
  "SELECT 1; COMMIT; DELETE FROM users",
  "END; DELETE FROM users",
  "COMMIT",
  "commit and chain",
  "/**/COMMIT",
  "ROLLBACK",
  "END",
  "ABORT",
  "BEGIN READ WRITE",
  "START TRANSACTION READ WRITE",
  "SAVEPOINT a",
  "PREPARE TRANSACTION 'x'",
  "SET TRANSACTION READ WRITE",
  "SET transaction_read_only = off",
  "SET LOCAL transaction_read_only TO off",
  "SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE",
  "SET default_transaction_read_only = off",
  "RESET ALL",
  "DISCARD ALL",
  "SELECT set_config('transaction_read_only', 'off', false)",
  "SELECT set_config('transaction_read_only', 'off', true), writes()",
  "SELECT set_config('default_transaction_read_only', 'off', false), writes()",
  "SELECT writes()",
  "SELECT escapes()",
  "SELECT * FROM users WHERE writes() > 0",
  "VALUES (writes())",
  "WITH gone AS (DELETE FROM users RETURNING *) SELECT * FROM gone",
  "WITH a AS (SELECT 1) INSERT INTO users (name) SELECT 'x' RETURNING *",
  "SELECT * INTO copied FROM users",
  "CREATE TABLE copied AS SELECT * FROM users",
  "CREATE TEMP TABLE copied AS SELECT * FROM users",
  "SELECT * FROM users FOR UPDATE",
  "EXPLAIN ANALYZE DELETE FROM users",
  "EXPLAIN (ANALYZE) INSERT INTO users (name) VALUES ('x')",
  "EXPLAIN ANALYZE CREATE TABLE copied AS SELECT 1 AS a",
  "CALL commits(1)",
  "CALL sets(1)",
  "DO $$ BEGIN DELETE FROM users; END $$",
  "DO $$ BEGIN COMMIT; DELETE FROM users; END $$",
  "DO $$ BEGIN SET transaction_read_only = off; DELETE FROM users; END $$",
  "COPY users FROM PROGRAM 'echo 9,x' (FORMAT csv)",
  "COPY (SELECT 1) TO PROGRAM 'touch FOLDER/program'",
  "COPY users TO 'FOLDER/copied'",
  "DO $$ BEGIN EXECUTE 'COPY (SELECT 1) TO PROGRAM ''touch FOLDER/do'''; END $$",
  "SELECT nextval('users_id_seq')",
  "SELECT setval('users_id_seq', 99)",
  "SELECT lo_create(0)",
  "SELECT lo_from_bytea(0, 'x')",
  "SELECT query_to_xml('DELETE FROM users', true, false, '')",
  "SELECT query_to_xml('INSERT INTO users (name) VALUES (''x'') RETURNING 1', true, false, '')",
  "ALTER TABLE users ADD COLUMN x int",
  "ALTER SYSTEM SET work_mem = '1MB'",
  "ALTER ROLE CURRENT_USER SET work_mem = '1MB'",
  "CREATE ROLE other SUPERUSER",
  "CREATE DATABASE other",
  "TRUNCATE users",
  "VACUUM FULL users",
  "REINDEX TABLE users",
  "GRANT ALL ON users TO PUBLIC",
  "COMMENT ON TABLE users IS 'x'",
  "NOTIFY canary",
  "LISTEN canary",
  "LOCK TABLE users IN ACCESS EXCLUSIVE MODE",
  "PREPARE canary AS DELETE FROM users",
  "DECLARE canary CURSOR WITH HOLD FOR SELECT 1",
  "LOAD 'auto_explain'",
  "CHECKPOINT",
  "",
  ";",
];

describe("trap 16: nothing is written by", () => {
  // They run, and are undone with their transaction.
  const undone = new Set(["EXPLAIN ANALYZE CREATE TABLE copied AS SELECT 1 AS a"]);

  test.each(WRITES)("%s", async (template) => {
    const sql = template.replaceAll("FOLDER", service.dir);
    const before = await state();
    const ways: (() => Promise<unknown>)[] = [
      () => reader.query({ sql }),
      () => reader.execute("execute", { sql }),
      () => reader.batch({ sql, values: [[], []] }),
      () => reader.transaction((tx) => tx.execute({ sql })),
      () => reader.transaction((tx) => tx.batch({ sql, values: [[]] })),
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
    ];
    // Some of them are carried out, in a transaction that is rolled back.
    await reader.explain({ sql, analyze: true }).catch(() => {});
    await reader.explain({ sql }).catch(() => {});
    await admin.explain({ sql, analyze: true }).catch(() => {});
    for (const way of ways) {
      if (undone.has(sql)) await way().catch(() => {});
      else
        expect(["permission_denied", "unsupported", "input_invalid", "not_found"]).toContain(
          (await failure(way())).kind,
        );
    }
    expect(await state()).toEqual(before);
    for (const name of ["program", "copied", "do"]) expect(existsSync(join(service.dir, name))).toBe(false);
  });

  test("anything that takes no statement of its own afterwards", async () => {
    const before = await state();
    // Two connections, so that each is used again after what it was asked to do.
    for (const sql of WRITES) await reader.query({ sql }).catch(() => {});
    for (let again = 0; again < 4; again++)
      expect(await failure(reader.query({ sql: "DELETE FROM users RETURNING *" }))).toMatchObject({ code: "25006" });
    expect(await state()).toEqual(before);
  });
});

describe("what a read leaves in its session", () => {
  test.each([
    [
      "a setting",
      "SELECT set_config('search_path', 'nowhere', false)",
      "SHOW search_path",
      [{ search_path: '"$user", public' }],
    ],
    [
      "a lock",
      "SELECT pg_advisory_lock(7)",
      "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'",
      [{ n: 0 }],
    ],
    [
      "a role",
      "SELECT set_config('role', 'pg_read_all_data', false)",
      "SELECT current_user::text AS me",
      [{ me: "test" }],
    ],
  ])("is gone for the next caller: %s", async (_, sql, probe, expected) => {
    for (let time = 0; time < 4; time++) await reader.query({ sql });
    for (let time = 0; time < 4; time++) expect(await reader.query({ sql: probe })).toEqual(expected);
    for (let time = 0; time < 4; time++) await failure(reader.query({ sql: `${sql}, 1 / 0` }));
    for (let time = 0; time < 4; time++) expect(await reader.query({ sql: probe })).toEqual(expected);
  });

  test("is gone after a stream that was broken off, too", async () => {
    for (let time = 0; time < 4; time++)
      for await (const row of reader.queryStream({
        sql: "SELECT pg_advisory_lock(n) FROM generate_series(1, 10) AS n",
        batchSize: 1,
      })) {
        expect(row).toBeDefined();
        break;
      }
    expect(await reader.query({ sql: "SELECT count(*)::int AS n FROM pg_locks WHERE locktype = 'advisory'" })).toEqual([
      { n: 0 },
    ]);
  });
});

test("the server refuses writes of its connections even outside a transaction of busbar's", async () => {
  expect(await reader.query({ sql: "SHOW default_transaction_read_only" })).toEqual([
    { default_transaction_read_only: "on" },
  ]);
});
