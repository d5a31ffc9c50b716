/** A table moved from one database into another, as a stream from end to end: memory stays what it is, however many rows. */
import type { Bench, Facts, Work } from "./bench.ts";
import { startDatabase } from "./database.ts";
import { shell } from "./psql.ts";

const ROWS = { smoke: 10_000, usual: 1_000_000, full: 10_000_000 };
const TABLE =
  "id int not null, name text not null, email text not null, balance float8 not null, created_at timestamptz not null";

async function busbar(facts: Facts): Promise<Work> {
  const { PostgreSQLConnector } = await import("busbar/connectors/postgresql");
  // A transfer takes as long as it takes.
  const open = (url: unknown) =>
    new PostgreSQLConnector({ url: String(url), timeout: 0, attemptTimeout: 0, statementTimeout: 0 });
  const [source, target] = [open(facts["source"]), open(facts["target"])];
  await Promise.all([source.connect(), target.connect()]);
  const rows = Number(facts["rows"]);
  return {
    operations: rows,
    async once() {
      await target.query({ sql: "truncate account" });
      const { count } = await target.insertMany({
        table: "account",
        rows: source.stream("queryStream", { sql: "select * from account" }),
      });
      if (count !== rows) throw new Error("not all came");
    },
    close: async () => void (await Promise.all([source.disconnect(), target.disconnect()])),
  };
}

async function psql(facts: Facts): Promise<Work> {
  const text = `psql -qX -c 'truncate account' "$1"
    psql -qX -c 'copy account to stdout' "$0" | psql -qX -c 'copy account from stdin' "$1"`;
  return {
    operations: Number(facts["rows"]),
    once: () => shell(text, [String(facts["source"]), String(facts["target"])]),
  };
}

async function run(url: string, statements: readonly string[]): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const sql of statements) await client.query(sql);
  await client.end();
}

const BUSBAR = "busbar, queryStream into insertMany";

export const bench: Bench = {
  title: `${ROWS.usual.toLocaleString("en-US")} rows of 5 columns into another database (--full: ${ROWS.full.toLocaleString("en-US")}); an operation is a row`,
  callers: 1,
  rounds: 3,
  setUp: async (size) => {
    const [source, target] = await Promise.all([startDatabase(), startDatabase()]);
    const create = `create unlogged table account (${TABLE})`;
    await run(source.url, [
      create,
      `insert into account select i, 'Name ' || i, i || '@example.com', i / 8.0, now() - i * interval '1 second'
        from generate_series(1, ${ROWS[size]}) i`,
      "vacuum analyze account",
    ]);
    await run(target.url, [create]);
    return {
      facts: { source: source.url, target: target.url, rows: ROWS[size] },
      close: async () => void (await Promise.all([source.destroy(), target.destroy()])),
    };
  },
  sides: [
    { name: BUSBAR, is: "busbar", open: busbar },
    { name: "psql, COPY TO | COPY FROM", is: "floor", open: psql },
  ],
  pledges: [{ id: "P4", measure: "memory", side: BUSBAR, promised: 150, goal: 150 }],
};
