/** Point selects by primary key on MariaDB, 64 callers over ten connections. */
import type { Bench, Facts, Work } from "./bench.ts";
import { EVERY_POLICY } from "./every-policy.ts";
import { startAccounts } from "./mysql-database.ts";

const ROWS = 10_000;
const CONNECTIONS = 10;
const SQL = "select id, name, email, created_at from account where id = ?";

const randomId = (): number => 1 + Math.floor(Math.random() * ROWS);

function check(rows: unknown): void {
  if (!Array.isArray(rows) || rows.length !== 1) throw new Error("not found");
}

async function busbar(facts: Facts): Promise<Work> {
  const { MySQLConnector } = await import("busbar/connectors/mysql");
  const connector = new MySQLConnector({ url: String(facts["url"]), maxConnections: CONNECTIONS, ...EVERY_POLICY });
  await connector.connect();
  return {
    once: async () => check(await connector.query({ sql: SQL, values: [randomId()] })),
    close: () => connector.disconnect(),
  };
}

async function mysql2(facts: Facts, how: "execute" | "query"): Promise<Work> {
  const { default: mysql } = await import("mysql2/promise");
  const pool = mysql.createPool({ uri: String(facts["url"]), connectionLimit: CONNECTIONS });
  const ask = async (): Promise<unknown> => {
    const [rows] = how === "execute" ? await pool.execute(SQL, [randomId()]) : await pool.query(SQL, [randomId()]);
    return rows;
  };
  return { once: async () => check(await ask()), close: () => pool.end() };
}

async function knex(facts: Facts): Promise<Work> {
  const { default: make } = await import("knex");
  const database = make({ client: "mysql2", connection: String(facts["url"]), pool: { min: 0, max: CONNECTIONS } });
  return {
    once: async () =>
      check(await database("account").select("id", "name", "email", "created_at").where({ id: randomId() })),
    close: () => database.destroy(),
  };
}

const BUSBAR = "busbar, every policy";

export const bench: Bench = {
  title: `select one row of ${ROWS.toLocaleString("en-US")} by key on MariaDB, 64 callers, ${CONNECTIONS} connections`,
  callers: 64,
  setUp: () => startAccounts(ROWS),
  sides: [
    { name: BUSBAR, is: "busbar", open: busbar },
    { name: "mysql2, execute", is: "peer", open: (facts) => mysql2(facts, "execute") },
    { name: "mysql2, query", is: "peer", open: (facts) => mysql2(facts, "query") },
    { name: "knex", is: "peer", open: knex },
  ],
  pledges: [
    { id: "P6", measure: "throughput", side: BUSBAR, against: "knex", promised: 1.5, goal: 1.5 },
    { id: "P6", measure: "throughput", side: BUSBAR, against: "mysql2, execute", promised: 0.95, goal: 0.95 },
  ],
};
