/** Point selects by primary key, 64 callers over ten connections: what most services do most of the time. */
import type { Bench, Facts, Work } from "./bench.ts";
import { startDatabase } from "./database.ts";
import { EVERY_POLICY } from "./every-policy.ts";

const ROWS = 10_000;
const CONNECTIONS = 10;
const SQL = "select id, name, email, created_at from account where id = $1";

const randomId = (): number => 1 + Math.floor(Math.random() * ROWS);

function check(rows: ArrayLike<unknown>): void {
  if (rows.length !== 1) throw new Error("not found");
}

async function busbar(facts: Facts): Promise<Work> {
  const { PostgreSQLConnector } = await import("busbar/connectors/postgresql");
  const connector = new PostgreSQLConnector({
    url: String(facts["url"]),
    maxConnections: CONNECTIONS,
    ...EVERY_POLICY,
  });
  await connector.connect();
  return {
    once: async () => check(await connector.query({ sql: SQL, values: [randomId()] })),
    close: () => connector.disconnect(),
  };
}

async function pgPool(facts: Facts, name: string | undefined): Promise<Work> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: String(facts["url"]), max: CONNECTIONS });
  const named = name === undefined ? {} : { name };
  return {
    once: async () => check((await pool.query({ ...named, text: SQL, values: [randomId()] })).rows),
    close: () => pool.end(),
  };
}

async function postgresJs(facts: Facts): Promise<Work> {
  const { default: postgres } = await import("postgres");
  const sql = postgres(String(facts["url"]), { max: CONNECTIONS });
  return {
    once: async () => check(await sql`select id, name, email, created_at from account where id = ${randomId()}`),
    close: () => sql.end(),
  };
}

async function fill(url: string): Promise<void> {
  const { default: pg } = await import("pg");
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  await client.query(`
    create table account (id int primary key, name text not null, email text not null, created_at timestamptz not null);
    insert into account select i, 'Name ' || i, i || '@example.com', now() from generate_series(1, ${ROWS}) i;
    analyze account`);
  await client.end();
}

const BUSBAR = "busbar, every policy";

export const bench: Bench = {
  title: `select one row of ${ROWS.toLocaleString("en-US")} by key, 64 callers, ${CONNECTIONS} connections`,
  callers: 64,
  setUp: async () => {
    const database = await startDatabase();
    await fill(database.url);
    return { facts: { url: database.url }, close: () => database.destroy() };
  },
  sides: [
    { name: BUSBAR, is: "busbar", open: busbar },
    { name: "pg, named", is: "peer", open: (facts) => pgPool(facts, "by-id") },
    { name: "pg, unprepared", is: "peer", open: (facts) => pgPool(facts, undefined) },
    { name: "postgres.js", is: "peer", open: postgresJs },
  ],
  pledges: [
    { id: "P2", measure: "throughput", side: BUSBAR, against: "pg, unprepared", promised: 1.5, goal: 1.5 },
    { id: "P2", measure: "throughput", side: BUSBAR, against: "postgres.js", promised: 2.5, goal: 2.5 },
    { id: "P2", measure: "cpu", side: BUSBAR, against: "pg, named", promised: 0.8, goal: 0.8 },
  ],
};
