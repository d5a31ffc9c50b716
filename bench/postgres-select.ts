/** Point selects by primary key, 64 callers over ten connections: what most services do most of the time. */
import type { Bench, Facts, Work } from "./bench.ts";
import { startDatabase } from "./database.ts";

const ROWS = 10_000;
const CONNECTIONS = 10;
const SQL = "select id, name, email, created_at from account where id = $1";

const randomId = (): number => 1 + Math.floor(Math.random() * ROWS);

async function pgPool(facts: Facts, name: string | undefined): Promise<Work> {
  const { default: pg } = await import("pg");
  const pool = new pg.Pool({ connectionString: String(facts["url"]), max: CONNECTIONS });
  const named = name === undefined ? {} : { name };
  return {
    async once() {
      const { rows } = await pool.query({ ...named, text: SQL, values: [randomId()] });
      if (rows.length !== 1) throw new Error("not found");
    },
    close: () => pool.end(),
  };
}

export const bench: Bench = {
  title: `select one row of ${ROWS.toLocaleString("en-US")} by key, 64 callers, ${CONNECTIONS} connections`,
  callers: 64,
  async setUp() {
    const database = await startDatabase();
    const { default: pg } = await import("pg");
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`
      create table account (id int primary key, name text not null, email text not null, created_at timestamptz not null);
      insert into account select i, 'Name ' || i, i || '@example.com', now() from generate_series(1, ${ROWS}) i;
      analyze account`);
    await client.end();
    return { facts: { url: database.url }, close: () => database.destroy() };
  },
  sides: [
    {
      name: "busbar, every policy",
      is: "busbar",
      async open(facts) {
        const { PostgreSQLConnector } = await import("busbar/connectors/postgresql");
        const connector = new PostgreSQLConnector({
          url: String(facts["url"]),
          maxConnections: CONNECTIONS,
          timeout: 30_000,
          attemptTimeout: 10_000,
          retryAttempts: 3,
          rateLimit: { requests: 1_000_000_000, window: 1000 },
        });
        await connector.connect();
        return {
          async once() {
            const rows = await connector.query({ sql: SQL, values: [randomId()] });
            if (rows.length !== 1) throw new Error("not found");
          },
          close: () => connector.disconnect(),
        };
      },
    },
    { name: "pg, unprepared", is: "peer", open: (facts) => pgPool(facts, undefined) },
    { name: "pg, named", is: "peer", open: (facts) => pgPool(facts, "by-id") },
    {
      name: "postgres.js",
      is: "peer",
      async open(facts) {
        const { default: postgres } = await import("postgres");
        const sql = postgres(String(facts["url"]), { max: CONNECTIONS });
        return {
          async once() {
            const rows = await sql`select id, name, email, created_at from account where id = ${randomId()}`;
            if (rows.length !== 1) throw new Error("not found");
          },
          close: () => sql.end(),
        };
      },
    },
  ],
  pledges: [],
};
