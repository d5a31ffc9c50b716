/** Many rows into an empty table of PostgreSQL: an import, a copy. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Bench, Facts, Work } from "./bench.ts";
import { startDatabase } from "./database.ts";
import { EVERY_POLICY } from "./every-policy.ts";
import { shell } from "./psql.ts";

const ROWS = { smoke: 1_000, usual: 100_000, full: 100_000 };
const AT_ONCE = 1_000;
const COLUMNS = ["id", "name", "email", "balance", "created_at"] as const;

type Account = Record<(typeof COLUMNS)[number], unknown>;

function accounts(count: number): Account[] {
  return Array.from({ length: count }, (_, n) => ({
    id: n + 1,
    name: `Name ${n}`,
    email: `${n}@example.com`,
    balance: n / 8,
    created_at: new Date(1_700_000_000_000 + n * 1_000),
  }));
}

const rowsOf = (facts: Facts): Account[] => accounts(Number(facts["rows"]));

async function busbar(facts: Facts, from: "list" | "source"): Promise<Work> {
  const { PostgreSQLConnector } = await import("busbar/connectors/postgresql");
  const connector = new PostgreSQLConnector({ url: String(facts["url"]), ...EVERY_POLICY });
  await connector.connect();
  const list = rowsOf(facts);

  async function* source(): AsyncGenerator<Account> {
    yield* list;
  }
  return {
    operations: list.length,
    async once() {
      await connector.execute("execute", { sql: "truncate account" });
      const rows = from === "list" ? list : source();
      const { count } = await connector.insertMany({ table: "account", rows });
      if (count !== list.length) throw new Error("not all came");
    },
    close: () => connector.disconnect(),
  };
}

/** One statement for every thousand rows, in one transaction. */
async function pg(facts: Facts): Promise<Work> {
  const { default: driver } = await import("pg");
  const client = new driver.Client({ connectionString: String(facts["url"]) });
  await client.connect();
  const rows = rowsOf(facts);
  return {
    operations: rows.length,
    async once() {
      await client.query("truncate account");
      await client.query("begin");
      for (let from = 0; from < rows.length; from += AT_ONCE) {
        const some = rows.slice(from, from + AT_ONCE);
        const lists = some.map(
          (_, at) => `(${COLUMNS.map((__, nth) => `$${at * COLUMNS.length + nth + 1}`).join(",")})`,
        );
        const values = some.flatMap((row) => COLUMNS.map((column) => row[column]));
        await client.query(`insert into account (${COLUMNS.join(", ")}) values ${lists.join(",")}`, values);
      }
      await client.query("commit");
    },
    close: () => client.end(),
  };
}

async function knex(facts: Facts): Promise<Work> {
  const { default: make } = await import("knex");
  const database = make({ client: "pg", connection: String(facts["url"]), pool: { min: 0, max: 1 } });
  const rows = rowsOf(facts);
  return {
    operations: rows.length,
    async once() {
      await database("account").truncate();
      await database.batchInsert("account", rows, AT_ONCE);
    },
    close: () => database.destroy(),
  };
}

async function psql(facts: Facts): Promise<Work> {
  const folder = await mkdtemp(join(tmpdir(), "busbar-bench-"));
  const file = join(folder, "rows.tsv");
  const rows = rowsOf(facts);
  const lines = rows.map((row) =>
    COLUMNS.map((each) => (row[each] instanceof Date ? row[each].toISOString() : row[each])).join("\t"),
  );
  await writeFile(file, `${lines.join("\n")}\n`);
  const text = `psql -qX -c 'truncate account' -c "\\\\copy account from '${file}'" "$0"`;
  return {
    operations: rows.length,
    once: () => shell(text, [String(facts["url"])]),
    close: () => rm(folder, { recursive: true }),
  };
}

async function fill(url: string): Promise<void> {
  const { default: driver } = await import("pg");
  const client = new driver.Client({ connectionString: url });
  await client.connect();
  await client.query("create table account (id int, name text, email text, balance float8, created_at timestamptz)");
  await client.end();
}

const BUSBAR = "busbar, every policy";

export const bench: Bench = {
  title: `insert ${ROWS.usual.toLocaleString("en-US")} rows of 5 columns into PostgreSQL; an operation is a row`,
  callers: 1,
  rounds: 7,
  setUp: async (size) => {
    const database = await startDatabase();
    await fill(database.url);
    return { facts: { url: database.url, rows: ROWS[size] }, close: () => database.destroy() };
  },
  sides: [
    { name: BUSBAR, is: "busbar", open: (facts) => busbar(facts, "list") },
    { name: "busbar, from a source", is: "busbar", open: (facts) => busbar(facts, "source") },
    { name: "pg, multi-values", is: "peer", open: pg },
    { name: "knex", is: "peer", open: knex },
    { name: "psql, \\copy", is: "floor", open: psql },
  ],
  pledges: [
    { id: "P3", measure: "throughput", side: BUSBAR, against: "knex", promised: 10, goal: 10 },
    { id: "P3", measure: "throughput", side: BUSBAR, against: "psql, \\copy", promised: 1.2, goal: 1.2 },
  ],
};
