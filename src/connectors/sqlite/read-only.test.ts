/** Trap 16: reading only is proven by SQLite itself, whatever a statement says. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { SQLiteConnector } from "./index.ts";

const folder = await mkdtemp(join(tmpdir(), "busbar-read-only-"));
const file = join(folder, "test.db");
const admin = new SQLiteConnector({ file });
const reader = new SQLiteConnector({ file, access: "read-only", maxConnections: 1, retryAttempts: 1 });

beforeAll(async () => {
  await admin.connect();
  for (const sql of [
    "CREATE TABLE users (id integer PRIMARY KEY, name text)",
    "CREATE TABLE log (name text)",
    "CREATE TRIGGER noted AFTER INSERT ON users BEGIN INSERT INTO log VALUES (new.name); END",
    "CREATE VIEW names AS SELECT name FROM users",
    "CREATE TRIGGER renamed INSTEAD OF UPDATE ON names BEGIN UPDATE users SET name = new.name; END",
  ])
    await admin.query({ sql });
  await admin.insertMany({ table: "users", rows: [{ name: "Ada" }, { name: "Grace" }] });
  await reader.connect();
});
afterAll(async () => {
  await Promise.all([reader.disconnect(), admin.disconnect()]);
  await rm(folder, { recursive: true, force: true });
});

/** Everything that a statement could have changed, in the file and beside it. */
async function state(): Promise<unknown> {
  const rows = await admin.query({ sql: "SELECT * FROM users ORDER BY id" });
  const log = await admin.query({ sql: "SELECT * FROM log" });
  const objects = await admin.query({ sql: "SELECT name, sql FROM sqlite_master ORDER BY name" });
  const settings = await admin.query({
    sql: "SELECT (SELECT user_version FROM pragma_user_version) AS version, (SELECT application_id FROM pragma_application_id) AS app",
  });
  const header = (await readFile(file)).subarray(18, 20).toString("hex");
  return { rows, log, objects, settings, header, files: (await readdir(folder)).sort() };
}

const ATTEMPTS: readonly string[] = [
  "INSERT INTO users (name) VALUES ('x')",
  "INSERT INTO users (name) VALUES ('x') RETURNING id",
  "INSERT INTO users (id, name) VALUES (1, 'x') ON CONFLICT (id) DO UPDATE SET name = 'x' RETURNING id",
  "REPLACE INTO users VALUES (1, 'x')",
  "UPDATE users SET name = 'x' RETURNING id",
  "UPDATE names SET name = 'x' RETURNING name",
  "DELETE FROM users RETURNING id",
  "WITH a AS (SELECT 1) INSERT INTO users (name) SELECT 'x' FROM a RETURNING id",
  "/* a comment */ DELETE FROM users",
  "-- a comment\nDELETE FROM users",
  "\ufeffDELETE FROM users",
  "SELECT 1; DELETE FROM users",
  "COMMIT; DELETE FROM users",
  "COMMIT",
  "ROLLBACK",
  "END",
  "BEGIN IMMEDIATE",
  "SAVEPOINT a",
  "RELEASE a",
  "PRAGMA query_only = OFF",
  "PRAGMA query_only(0)",
  "PRAGMA writable_schema = ON",
  "PRAGMA user_version = 7",
  "PRAGMA application_id = 7",
  "PRAGMA journal_mode = DELETE",
  "PRAGMA wal_checkpoint(TRUNCATE)",
  "PRAGMA optimize",
  "PRAGMA incremental_vacuum",
  "SELECT * FROM pragma_journal_mode('delete')",
  "CREATE TABLE other (a)",
  "CREATE TEMP TABLE other (a)",
  "CREATE TABLE other AS SELECT * FROM users",
  "DROP TABLE users",
  "ALTER TABLE users RENAME TO people",
  "CREATE INDEX i ON users (name)",
  "REINDEX",
  "ANALYZE",
  "VACUUM",
  "VACUUM INTO 'FOLDER/out.db'",
  "ATTACH 'FOLDER/out.db' AS out",
  "ATTACH 'file:FOLDER/out.db?mode=rwc' AS out",
  "DETACH main",
  "SELECT writefile('FOLDER/out', 'x')",
  "SELECT \"writefile\" /* a comment */ ('FOLDER/out', 'x')",
  "SELECT `WriteFile`('FOLDER/out', 'x')",
  "SELECT load_extension('FOLDER/out')",
  "SELECT edit('x')",
  "SELECT fts3_tokenizer('x')",
  "UPDATE sqlite_master SET sql = 'x' RETURNING name",
  "EXPLAIN DELETE FROM users",
  "EXPLAIN QUERY PLAN DELETE FROM users",
];

describe("nothing is written by", () => {
  test.each(ATTEMPTS)("%s", async (attempt) => {
    const sql = attempt.replaceAll("FOLDER", folder);
    const before = await state();
    const ways: (() => Promise<unknown>)[] = [
      () => reader.query({ sql }),
      () => reader.execute("execute", { sql }),
      async () => {
        for await (const row of reader.stream("queryStream", { sql })) expect(row).toBeTypeOf("object");
      },
      () => reader.execute("explain", { sql }),
      () => reader.execute("transaction", { statements: [{ sql }, { sql: "DELETE FROM users RETURNING id" }] }),
      () => reader.transaction((tx) => tx.query({ sql })),
      () => reader.execute("batch", { sql, values: [[]] }),
    ];
    for (const way of ways) {
      // Some answer with rows, and none does anything.
      await way().catch((error: unknown) => expect(error).toMatchObject({ name: "ConnectorError" }));
      await expect(reader.query({ sql: "DELETE FROM users RETURNING id" })).rejects.toMatchObject({
        kind: "permission_denied",
      });
    }
    expect(await state()).toEqual(before);
    expect(await reader.query({ sql: "SELECT name FROM users ORDER BY id" })).toEqual([
      { name: "Ada" },
      { name: "Grace" },
    ]);
  });
});

test.each([
  "SELECT readfile('/etc/hostname')",
  "SELECT [readfile] ('/etc/hostname')",
  "SELECT name FROM fsdir('/etc')",
])("no file of the machine is read by %s", async (sql) => {
  for (const db of [reader, admin])
    await expect(db.query({ sql })).rejects.toMatchObject({
      kind: expect.stringMatching(/^(permission_denied|not_found|input_invalid)$/) as string,
    });
});

test("every operation that writes is refused by the database", async () => {
  const before = await state();
  const refused = { kind: "permission_denied" };
  const where = { id: 1 };
  await expect(reader.insert({ table: "users", data: { name: "x" } })).rejects.toMatchObject(refused);
  await expect(reader.insertMany({ table: "users", rows: [{ name: "x" }] })).rejects.toMatchObject(refused);
  await expect(reader.upsert({ table: "users", rows: [where], conflict: ["id"] })).rejects.toMatchObject(refused);
  await expect(reader.update({ table: "users", data: { name: "x" }, where })).rejects.toMatchObject(refused);
  await expect(reader.delete({ table: "users", where })).rejects.toMatchObject(refused);
  const keyed = reader.execute("execute", { sql: "DELETE FROM users" }, { idempotencyKey: "a key" });
  await expect(keyed).rejects.toMatchObject(refused);
  expect(await state()).toEqual(before);
});
