import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { SQLiteConnector } from "./index.ts";

const folder = await mkdtemp(join(tmpdir(), "busbar-explain-"));
afterAll(() => rm(folder, { recursive: true, force: true }));

test("a plan leaves no lock, and nothing old to be seen", async () => {
  const settings = { file: join(folder, "test.db"), maxConnections: 1, busyTimeout: 0, retryAttempts: 1 };
  const [db, other] = [new SQLiteConnector(settings), new SQLiteConnector(settings)];
  await db.connect();
  await other.connect();
  await db.query({ sql: "create table t (a int)" });
  await db.execute("explain", { sql: "select * from t" });
  await db.query({ sql: "explain query plan update t set a = 1" });
  for await (const row of db.stream("queryStream", { sql: "explain select * from t" }))
    expect(row).toBeTypeOf("object");
  await other.insert({ table: "t", data: { a: 1 } });
  await other.query({ sql: "create table u (a int)" });
  expect(await db.query({ sql: "select a from t" })).toEqual([{ a: 1 }]);
  expect(await db.insert({ table: "u", data: { a: 2 } })).toEqual({ a: 2 });
  await Promise.all([db.disconnect(), other.disconnect()]);
});
