/** SQLite's file and its thread under attack: killed writers, damaged and missing files, full disks, endless statements. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, mkdtemp, open, readFile, rm, stat, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SQLiteConnector } from "./index.ts";

let folder: string;
let file: string;
const connected: SQLiteConnector[] = [];
const children: ChildProcess[] = [];
let scripts = 0;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-attack-"));
  file = join(folder, "app.db");
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
  for (const db of connected.splice(0)) await db.disconnect({ timeout: 100 }).catch(() => {});
  await rm(folder, { recursive: true, force: true });
});

type Settings = ConstructorParameters<typeof SQLiteConnector>[0];

async function opened(settings: Partial<Settings> = {}): Promise<SQLiteConnector> {
  const db = new SQLiteConnector({ file, retryAttempts: 1, ...settings });
  connected.push(db);
  await db.connect();
  return db;
}

async function filled(rows = 1_000, settings: Partial<Settings> = {}): Promise<SQLiteConnector> {
  const db = await opened(settings);
  await db.query({ sql: "create table notes (id integer primary key, part int, text text)" });
  await db.insertMany({
    table: "notes",
    rows: Array.from({ length: rows }, (_, id) => ({ id, text: "x".repeat(100) })),
  });
  return db;
}

/** Another process with a connector of its own, `db`; it says what the script prints. */
async function otherProcess(script: string): Promise<ChildProcess> {
  const loader = fileURLToPath(new URL("../../../scripts/worker-sources.mjs", import.meta.url));
  const path = join(folder, `child-${++scripts}.mjs`);
  await writeFile(
    path,
    `const { SQLiteConnector } = await import(${JSON.stringify(new URL("index.ts", import.meta.url).href)});
     const db = new SQLiteConnector({ file: ${JSON.stringify(file)} });
     await db.connect();
     ${script}`,
  );
  const child = spawn(process.execPath, ["--import", loader, path], {
    env: { ...process.env, BUSBAR_RUN_SOURCES: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  children.push(child);
  return child;
}

const saidBy = async (child: ChildProcess): Promise<string> => {
  const [chunk] = (await once(child.stdout!, "data")) as [Buffer];
  return chunk.toString().trim();
};

const isWhole = async (db: SQLiteConnector): Promise<void> =>
  expect(await db.query({ sql: "pragma integrity_check" })).toEqual([{ integrity_check: "ok" }]);

describe("processes", () => {
  test("of a writer that is killed in the middle of transactions no half is left", async () => {
    const db = await filled(0);
    for (let round = 0; round < 3; round++) {
      const child = await otherProcess(`
        for (let part = ${round * 100_000}; ; part++) {
          await db.transaction(async (tx) => {
            for (let at = 0; at < 10; at++) await tx.insert({ table: "notes", data: { part, text: "y".repeat(500) } });
          });
          if (part % 20 === 5) console.log(part);
        }`);
      const acknowledged = Number(await saidBy(child));
      child.kill("SIGKILL");
      await once(child, "exit");
      const parts = await db.query({ sql: "select part, count(*) n from notes group by part" });
      expect(parts.filter(({ n }) => n !== 10)).toEqual([]);
      expect(parts.some(({ part }) => part === acknowledged)).toBe(true);
    }
    await isWhole(db);
    expect(await db.insert({ table: "notes", data: { text: "after" } })).toMatchObject({ text: "after" });
  });

  test("two that write at once wait for each other, and nothing is lost", async () => {
    const db = await filled(0);
    const script = (part: number): string => `
      for (let at = 0; at < 100; at++) await db.insert({ table: "notes", data: { part: ${part}, text: "z" } });
      await db.disconnect();
      console.log("done");`;
    const both = await Promise.all([otherProcess(script(1)), otherProcess(script(2))]);
    const mine = Array.from({ length: 100 }, () => db.insert({ table: "notes", data: { part: 3, text: "z" } }));
    await Promise.all([...mine, ...both.map(async (child) => expect(await saidBy(child)).toBe("done"))]);
    expect(await db.query({ sql: "select part, count(*) n from notes group by part order by part" })).toEqual([
      { part: 1, n: 100 },
      { part: 2, n: 100 },
      { part: 3, n: 100 },
    ]);
  });

  test("a lock that another holds too long is contention, and the next call works", async () => {
    const db = await filled(1, { busyTimeout: 50 });
    const child = await otherProcess(`
      await db.transaction(async (tx) => {
        await tx.insert({ table: "notes", data: { text: "held" } });
        console.log("held");
        await new Promise((resolve) => setTimeout(resolve, 60_000));
      }, { timeout: 0 });`);
    expect(await saidBy(child)).toBe("held");
    await expect(db.insert({ table: "notes", data: { text: "x" } })).rejects.toMatchObject({
      kind: "contention",
      outcome: "none",
    });
    expect(await db.query({ sql: "select count(*) n from notes" })).toEqual([{ n: 1 }]);
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(await db.insert({ table: "notes", data: { text: "x" } })).toMatchObject({ text: "x" });
  });
});

describe("files", () => {
  test("one that is something else is refused when connecting, and left as it is", async () => {
    for (const content of ["no database at all", "SQLite format 3\0 but nothing more".padEnd(4_096, "?")]) {
      await writeFile(file, content);
      await expect(opened()).rejects.toMatchObject({ kind: "config_invalid", outcome: "none" });
      expect(await readFile(file, "utf8")).toBe(content);
    }
  });

  test("a damaged page is told as damage, and what is whole can still be read", async () => {
    const db = await filled(5_000, { journalMode: "delete" });
    await db.query({ sql: "create table other (id integer primary key)" });
    await db.disconnect();
    const { size } = await stat(file);
    const handle = await open(file, "r+");
    // From the third page on, up to the last, which is of the table that came last.
    await handle.write(Buffer.alloc(size - 4 * 4_096, 0xaa), 0, size - 4 * 4_096, 2 * 4_096);
    await handle.close();
    const damaged = await opened({ journalMode: "delete" });
    await expect(damaged.query({ sql: "select sum(length(text)) from notes" })).rejects.toMatchObject({
      kind: "internal",
      message: expect.stringContaining("damaged") as string,
    });
    expect(await damaged.query({ sql: "select count(*) n from other" })).toEqual([{ n: 0 }]);
  });

  test("one that was cut short is told as damage", async () => {
    const db = await filled(5_000, { journalMode: "delete" });
    await db.disconnect();
    await truncate(file, 3 * 4_096);
    const cut = await opened({ journalMode: "delete" }).catch((error: unknown) => error);
    const error =
      cut instanceof SQLiteConnector
        ? await cut.query({ sql: "select sum(length(text)) from notes" }).catch((e: unknown) => e)
        : cut;
    expect(error).toMatchObject({ kind: "internal", message: expect.stringContaining("damaged") as string });
  });

  test("a folder that may not be written is refused with what to do", async () => {
    const db = await filled(1);
    await db.disconnect();
    await chmod(folder, 0o555);
    await chmod(file, 0o444);
    try {
      // The administrator may write everywhere.
      if (process.getuid?.() === 0) await expect(opened()).resolves.toBeInstanceOf(SQLiteConnector);
      else
        await expect(
          opened().then((reader) => reader.insert({ table: "notes", data: { text: "x" } })),
        ).rejects.toMatchObject({
          kind: "permission_denied",
          outcome: "none",
        });
    } finally {
      await chmod(folder, 0o755);
    }
  });

  test("a full disk fails the write without effect, and reading goes on", async () => {
    const db = await filled(10, { maxConnections: 1 });
    const [{ page_count: pages } = {}] = await db.query({ sql: "pragma page_count" });
    const rows = Array.from({ length: 1_000 }, () => ({ text: "x".repeat(1_000) }));
    const write = db.transaction(async (tx) => {
      await tx.query({ sql: `pragma max_page_count = ${Number(pages) + 4}` });
      await tx.insertMany({ table: "notes", rows });
    });
    await expect(write).rejects.toMatchObject({ kind: "unavailable", code: "SQLITE_FULL", outcome: "none" });
    expect(await db.query({ sql: "select count(*) n from notes" })).toEqual([{ n: 10 }]);
    await isWhole(db);
    // The limit went with its connection.
    expect(await db.insertMany({ table: "notes", rows })).toEqual({ count: 1_000 });
  });
});

describe.each(["worker", "direct"] as const)("load in mode %s", (mode) => {
  test("a thousand calls at once, reading and writing, are all answered", async () => {
    const db = await filled(100, { mode });
    const calls = Array.from({ length: 1_000 }, (_, at) =>
      at % 2 === 0
        ? db.insert({ table: "notes", data: { part: at, text: "parallel" } })
        : db.query({ sql: "select count(*) n from notes where id < 100" }),
    );
    const answers = await Promise.all(calls);
    expect(answers.filter((_, at) => at % 2 === 1)).toEqual(Array(500).fill([{ n: 100 }]));
    expect(await db.query({ sql: "select count(*) n from notes where text = 'parallel'" })).toEqual([{ n: 500 }]);
  });

  test("a value of 50 MB goes in and comes out", async () => {
    const db = await opened({ mode });
    await db.query({ sql: "create table files (id integer primary key, content blob)" });
    const content = Buffer.alloc(50 * 2 ** 20, "busbar");
    await db.insert({ table: "files", data: { id: 1, content } });
    const [row] = await db.query({ sql: "select content from files" });
    expect(Buffer.compare(row!["content"] as Uint8Array, content)).toBe(0);
  });
});

describe("endless statements", () => {
  const ENDLESS = "with recursive n(i) as (select 1 union all select i + 1 from n) select";

  test("one with rows ends at its next row when its caller gives up", async () => {
    const db = await filled(10);
    await expect(db.query({ sql: `${ENDLESS} i from n`, maxRows: 1e9 }, { timeout: 100 })).rejects.toMatchObject({
      kind: "timeout",
    });
    expect(await db.query({ sql: "select count(*) n from notes" })).toEqual([{ n: 10 }]);
  });

  test("one without rows is left to itself, and the next calls have another thread", async () => {
    const db = await filled(10, { retryAttempts: 3 });
    const sql = "with recursive n(i) as (select 1 union all select i + 1 from n limit 30000000) select max(i) from n";
    await expect(db.query({ sql }, { timeout: 100 })).rejects.toMatchObject({ kind: "timeout" });
    expect(await db.query({ sql: "select count(*) n from notes" })).toEqual([{ n: 10 }]);
  });
});
