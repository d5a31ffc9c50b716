/** A list of rows into an empty table of MariaDB. */
import type { Bench, Facts, Work } from "./bench.ts";
import { EVERY_POLICY } from "./every-policy.ts";
import { accounts, COLUMNS, startAccounts } from "./mysql-database.ts";

const ROWS = { smoke: 1_000, usual: 100_000, full: 100_000 };
const AT_ONCE = 1_000;

const rowsOf = (facts: Facts): ReturnType<typeof accounts> => accounts(Number(facts["rows"]));

async function busbar(facts: Facts): Promise<Work> {
  const { MySQLConnector } = await import("busbar/connectors/mysql");
  const connector = new MySQLConnector({ url: String(facts["url"]), ...EVERY_POLICY });
  await connector.connect();
  const rows = rowsOf(facts);
  return {
    operations: rows.length,
    async once() {
      await connector.execute("execute", { sql: "truncate table account" });
      const { count } = await connector.insertMany({ table: "account", rows });
      if (count !== rows.length) throw new Error("not all came");
    },
    close: () => connector.disconnect(),
  };
}

/** One statement for every thousand rows, in one transaction. */
async function mysql2(facts: Facts, how: "execute" | "query"): Promise<Work> {
  const { default: mysql } = await import("mysql2/promise");
  const connection = await mysql.createConnection({ uri: String(facts["url"]), timezone: "Z" });
  const rows = rowsOf(facts);
  const columns = COLUMNS.join(", ");
  const list = `(${COLUMNS.map(() => "?").join(", ")})`;
  return {
    operations: rows.length,
    async once() {
      await connection.query("truncate table account");
      await connection.beginTransaction();
      for (let from = 0; from < rows.length; from += AT_ONCE) {
        const lists = rows.slice(from, from + AT_ONCE).map((row) => COLUMNS.map((name) => row[name]));
        const into = `insert into account (${columns}) values`;
        if (how === "query") await connection.query(`${into} ?`, [lists]);
        // The driver's type of parameters is narrower than what it takes.
        else await connection.execute(`${into} ${lists.map(() => list).join(", ")}`, lists.flat() as never);
      }
      await connection.commit();
    },
    close: () => connection.end(),
  };
}

async function knex(facts: Facts): Promise<Work> {
  const { default: make } = await import("knex");
  const database = make({ client: "mysql2", connection: String(facts["url"]), pool: { min: 0, max: 1 } });
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

const BUSBAR = "busbar, every policy";

export const bench: Bench = {
  title: `insert ${ROWS.usual.toLocaleString("en-US")} rows of 5 columns into MariaDB; an operation is a row`,
  callers: 1,
  rounds: 7,
  setUp: async (size) => {
    const database = await startAccounts(0);
    return { facts: { ...database.facts, rows: ROWS[size] }, close: () => database.close() };
  },
  sides: [
    { name: BUSBAR, is: "busbar", open: busbar },
    { name: "mysql2, execute", is: "peer", open: (facts) => mysql2(facts, "execute") },
    { name: "mysql2, multi-values", is: "peer", open: (facts) => mysql2(facts, "query") },
    { name: "knex", is: "peer", open: knex },
  ],
  pledges: [
    { id: "P6", measure: "throughput", side: BUSBAR, against: "mysql2, multi-values", promised: 1.5, goal: 1.5 },
    { id: "P6", measure: "throughput", side: BUSBAR, against: "knex", promised: 1.5, goal: 1.5 },
  ],
};
