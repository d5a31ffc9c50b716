/** Point selects by primary key in a SQLite file, one caller: what busbar adds to a driver that answers in microseconds. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Facts, Work } from "./bench.ts";
import { EVERY_POLICY } from "./every-policy.ts";

const ROWS = 10_000;
const SQL = "select id, name, email, created_at from account where id = ?";

const randomId = (): number => 1 + Math.floor(Math.random() * ROWS);

function check(rows: unknown): void {
  if (!Array.isArray(rows) || rows.length !== 1) throw new Error("not found");
}

async function busbar(facts: Facts, mode: "direct" | "worker"): Promise<Work> {
  const { SQLiteConnector } = await import("busbar/connectors/sqlite");
  const connector = new SQLiteConnector({ file: String(facts["file"]), driver: "libsql", mode, ...EVERY_POLICY });
  await connector.connect();
  return {
    once: async () => check(await connector.execute("query", { sql: SQL, values: [randomId()] })),
    close: () => connector.disconnect(),
  };
}

async function driver(facts: Facts): Promise<Work> {
  const { default: Database } = await import("libsql");
  const database = new Database(String(facts["file"]));
  const statement = database.prepare(SQL);
  return { once: async () => check(statement.all([randomId()])), close: async () => void database.close() };
}

async function fill(file: string): Promise<void> {
  const { default: Database } = await import("libsql");
  const database = new Database(file);
  database.exec(`
    create table account (id integer primary key, name text not null, email text not null, created_at text not null);
    insert into account with recursive n (i) as (select 1 union all select i + 1 from n where i < ${ROWS})
      select i, 'Name ' || i, i || '@example.com', '2026-01-02T03:04:05.678Z' from n`);
  database.close();
}

const BUSBAR = "busbar, every policy, direct";
const DRIVER = "libsql, called directly";

export const bench: Bench = {
  title: `select one row of ${ROWS.toLocaleString("en-US")} by key from a SQLite file, one caller`,
  callers: 1,
  batch: 50,
  setUp: async () => {
    const folder = await mkdtemp(join(tmpdir(), "busbar-bench-"));
    const file = join(folder, "bench.db");
    await fill(file);
    return { facts: { file }, close: () => rm(folder, { recursive: true, force: true }) };
  },
  sides: [
    { name: BUSBAR, is: "busbar", open: (facts) => busbar(facts, "direct") },
    // A thread costs one caller two wake-ups a call, and many callers next to nothing.
    { name: "busbar, every policy, worker", is: "busbar", open: (facts) => busbar(facts, "worker") },
    { name: DRIVER, is: "peer", open: driver },
  ],
  pledges: [{ id: "P8", measure: "throughput", side: BUSBAR, against: DRIVER, promised: 0.45, goal: 0.5 }],
};
