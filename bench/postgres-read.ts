/** A large table read row by row as typed objects: an export, a report, a copy. */
import type { Bench, Facts, Work } from "./bench.ts";
import { startDatabase } from "./database.ts";
import { EVERY_POLICY } from "./every-policy.ts";
import { shell } from "./psql.ts";

const ROWS = { smoke: 10_000, usual: 1_000_000, full: 1_000_000 };
const SQL = "select id, name, email, balance, created_at from account";
const FETCH = 1_000;

interface Account {
  readonly id: number;
  readonly created_at: Date;
}

/** Looks at every row as little as possible, and at the last one closely. */
async function readOut(rows: AsyncIterable<unknown>, expected: number): Promise<void> {
  let count = 0;
  let last: unknown;
  for await (const row of rows) {
    count++;
    last = row;
  }
  const { id, created_at } = last as Account;
  if (count !== expected || typeof id !== "number" || !(created_at instanceof Date))
    throw new Error("not as it is there");
}

const rowsOf = (facts: Facts): number => Number(facts["rows"]);

async function busbar(facts: Facts): Promise<Work> {
  const { PostgreSQLConnector } = await import("busbar/connectors/postgresql");
  const connector = new PostgreSQLConnector({ url: String(facts["url"]), ...EVERY_POLICY });
  await connector.connect();
  return {
    operations: rowsOf(facts),
    once: () => readOut(connector.stream("queryStream", { sql: SQL, batchSize: FETCH }), rowsOf(facts)),
    close: () => connector.disconnect(),
  };
}

async function pgQueryStream(facts: Facts): Promise<Work> {
  const [{ default: pg }, { default: QueryStream }] = await Promise.all([import("pg"), import("pg-query-stream")]);
  const client = new pg.Client({ connectionString: String(facts["url"]) });
  await client.connect();
  return {
    operations: rowsOf(facts),
    once: () =>
      readOut(client.query(new QueryStream(SQL, [], { batchSize: FETCH, highWaterMark: FETCH })), rowsOf(facts)),
    close: () => client.end(),
  };
}

async function postgresJs(facts: Facts): Promise<Work> {
  const { default: postgres } = await import("postgres");
  const sql = postgres(String(facts["url"]), { max: 1 });
  async function* each(): AsyncGenerator {
    for await (const rows of sql.unsafe(SQL).cursor(FETCH)) yield* rows;
  }
  return { operations: rowsOf(facts), once: () => readOut(each(), rowsOf(facts)), close: () => sql.end() };
}

async function psql(facts: Facts): Promise<Work> {
  const text = `psql -qX -c 'copy (${SQL}) to stdout' "$0"`;
  return { operations: rowsOf(facts), once: () => shell(text, [String(facts["url"])]) };
}

async function fill(url: string, rows: number): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const statements = [
    `create unlogged table account (id int primary key, name text not null, email text not null,
      balance float8 not null, created_at timestamptz not null)`,
    `insert into account select i, 'Name ' || i, i || '@example.com', i / 8.0, now() - i * interval '1 second'
      from generate_series(1, ${rows}) i`,
    "vacuum analyze account",
  ];
  for (const sql of statements) await client.query(sql);
  await client.end();
}

const BUSBAR = "busbar, every policy";

export const bench: Bench = {
  title: `read ${ROWS.usual.toLocaleString("en-US")} rows of 5 columns as objects, streamed; an operation is a row`,
  callers: 1,
  rounds: 5,
  setUp: async (size) => {
    const database = await startDatabase();
    await fill(database.url, ROWS[size]);
    return { facts: { url: database.url, rows: ROWS[size] }, close: () => database.destroy() };
  },
  sides: [
    { name: BUSBAR, is: "busbar", open: busbar },
    { name: "pg-query-stream", is: "peer", open: pgQueryStream },
    { name: "postgres.js, cursor", is: "peer", open: postgresJs },
    { name: "psql, COPY TO", is: "floor", open: psql },
  ],
  pledges: [
    { id: "P4", measure: "throughput", side: BUSBAR, against: "pg-query-stream", promised: 2.7, goal: 3 },
    { id: "P4", measure: "throughput", side: BUSBAR, against: "psql, COPY TO", promised: 0.75, goal: 0.8 },
    { id: "P4", measure: "cpu", side: BUSBAR, against: "pg-query-stream", promised: 0.3, goal: 0.3 },
    { id: "P4", measure: "memory", side: BUSBAR, promised: 120, goal: 120 },
  ],
};
