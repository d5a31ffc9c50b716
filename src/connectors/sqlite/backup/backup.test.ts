import { chmod, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SQLiteConnector } from "../index.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-backup-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

type Settings = ConstructorParameters<typeof SQLiteConnector>[0];

async function opened(settings: Partial<Settings> = {}): Promise<SQLiteConnector> {
  const db = new SQLiteConnector({ file: join(folder, "app.db"), ...settings });
  await db.connect();
  return db;
}

async function filled(db: SQLiteConnector, rows = 1_000): Promise<void> {
  await db.query({ sql: "create table notes (id integer primary key, text text)" });
  await db.insertMany({
    table: "notes",
    rows: Array.from({ length: rows }, (_, id) => ({ id, text: "x".repeat(50) })),
  });
}

const countIn = async (file: string): Promise<unknown> => {
  const copy = new SQLiteConnector({ file, create: false });
  await copy.connect();
  try {
    const [row] = await copy.query({ sql: "select count(*) n, sum(id) total from notes" });
    return row;
  } finally {
    await copy.disconnect();
  }
};

describe.each(["worker", "direct"] as const)("a backup in mode %s", (mode) => {
  test("is a whole database, as it was, while others write", async () => {
    const db = await opened({ mode });
    await filled(db);
    let isDone = false;
    let written = 0;
    const writing = (async () => {
      while (!isDone) {
        await db.insert({ table: "notes", data: { text: "later" } }).then(() => written++);
        // In direct mode nothing else would ever run.
        await nextTurn();
      }
    })();
    const { file, bytes } = await db.backup({ name: "copy.db" });
    const writtenMeanwhile = written;
    isDone = true;
    await writing;
    expect(file).toBe(join(folder, "copy.db"));
    expect(bytes).toBe((await stat(file)).size);
    const { n } = (await countIn(file)) as { n: number };
    expect(n).toBeGreaterThanOrEqual(1_000);
    expect(n).toBeLessThanOrEqual(1_000 + writtenMeanwhile + 1);
    expect(await readdir(folder).then((names) => names.filter((name) => name.endsWith(".partial")))).toEqual([]);
    await db.disconnect();
  });

  test("of a database in memory goes where the configuration says", async () => {
    const db = await opened({ mode, file: ":memory:", backupFolder: folder });
    await filled(db, 10);
    const { file } = await db.backup({ name: "copy.db" });
    expect(await countIn(file)).toEqual({ n: 10, total: 45 });
    await db.disconnect();
  });

  test("never replaces a file", async () => {
    const db = await opened({ mode });
    await filled(db, 1);
    await writeFile(join(folder, "copy.db"), "precious");
    await expect(db.backup({ name: "copy.db" })).rejects.toMatchObject({ kind: "conflict", outcome: "none" });
    await expect(db.backup({ name: "app.db" })).rejects.toMatchObject({ kind: "conflict" });
    expect((await stat(join(folder, "copy.db"))).size).toBe(8);
    await db.disconnect();
  });

  test("fails with the right kind where its folder is not there, and leaves nothing", async () => {
    const db = await opened({ mode, backupFolder: join(folder, "missing") });
    await filled(db, 1);
    await expect(db.backup({ name: "copy.db" })).rejects.toMatchObject({ kind: "not_found", outcome: "none" });
    expect(await db.query({ sql: "select 1 as one" })).toEqual([{ one: 1 }]);
    await db.disconnect();
  });
});

test("of two backups to one name at once, one is written and the other refused", async () => {
  const db = await opened();
  await filled(db);
  const both = await Promise.allSettled([db.backup({ name: "copy.db" }), db.backup({ name: "copy.db" })]);
  expect(both.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
  expect(await countIn(join(folder, "copy.db"))).toMatchObject({ n: 1_000 });
  await db.disconnect();
});

test("names cannot leave the folder, nor be of files that SQLite keeps", async () => {
  const db = await opened();
  for (const name of [
    "../x.db",
    "a/b.db",
    "a\\b.db",
    "..",
    ".hidden",
    "",
    "a\0b",
    "app.db-wal",
    "x.db-journal",
    "y-shm",
  ])
    await expect(db.backup({ name })).rejects.toMatchObject({ kind: "input_invalid", outcome: "none" });
  expect((await readdir(folder)).filter((name) => !name.startsWith("app.db"))).toEqual([]);
  await db.disconnect();
});

test("is refused where only reading is allowed, and in memory without a folder", async () => {
  const db = await opened();
  await filled(db, 1);
  await db.disconnect();
  const reader = await opened({ access: "read-only", backupFolder: folder });
  await expect(reader.backup({ name: "copy.db" })).rejects.toMatchObject({
    kind: "permission_denied",
    outcome: "none",
  });
  await reader.disconnect();
  const memory = await opened({ file: ":memory:" });
  await expect(memory.backup({ name: "copy.db" })).rejects.toMatchObject({ kind: "unsupported", outcome: "none" });
  await memory.disconnect();
  expect(await readdir(folder)).not.toContain("copy.db");
});

test("has the permissions of its database", async () => {
  const db = await opened();
  await filled(db, 1);
  await chmod(join(folder, "app.db"), 0o640);
  const { file } = await db.backup({ name: "copy.db" });
  expect((await stat(file)).mode & 0o777).toBe(0o640);
  await db.disconnect();
});

test("a backup that is aborted is answered at once and leaves no file", async () => {
  const db = await opened();
  await filled(db, 200_000);
  const controller = new AbortController();
  const backup = db.backup({ name: "copy.db" }, { signal: controller.signal });
  await expect.poll(() => readdir(folder).then((names) => names.some((name) => name.endsWith(".partial")))).toBe(true);
  controller.abort();
  await expect(backup).rejects.toMatchObject({ kind: "cancelled" });
  const others = (name: string): boolean => !name.startsWith("app.db");
  await expect.poll(() => readdir(folder).then((names) => names.filter(others)), { timeout: 10_000 }).toEqual([]);
  expect(await db.query({ sql: "select count(*) n from notes" })).toEqual([{ n: 200_000 }]);
  await db.disconnect();
});

test("a database that is gone is not backed up as an empty one", async () => {
  const db = await opened({ journalMode: "delete" });
  await filled(db, 1);
  await rm(join(folder, "app.db"));
  await expect(db.backup({ name: "copy.db" })).rejects.toMatchObject({ kind: "not_found", outcome: "none" });
  expect(await readdir(folder)).not.toContain("copy.db");
  await db.disconnect();
});
