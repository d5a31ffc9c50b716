/** Type tests of the connector: this file is compiled by the type check and never run. */
import { MySQLConnector, type SqlTransaction } from "./index.ts";

const db = new MySQLConnector({ host: "h", database: "d", username: "u", password: "p", maxConnections: 20 });
const byUrl = new MySQLConnector({ url: "mysql://u:p@h/d", ssl: true, timeout: "5s", sqlMode: "ANSI_QUOTES" });

const rows: Record<string, unknown>[] = await db.query({ sql: "select 1" });
const row: Record<string, unknown> = await db.insert({ table: "t", data: { a: 1 } });
const answer: number = await db.transaction(
  async (tx: SqlTransaction) => (await tx.query({ sql: "select 1" })).length,
  {
    isolation: "repeatable read",
  },
);

// @ts-expect-error no such isolation level
await db.transaction(async () => {}, { isolation: "none" });
// @ts-expect-error misspelt setting
new MySQLConnector({ host: "h", database: "d", username: "u", maxConection: 1 });

void [byUrl, rows, row, answer];
