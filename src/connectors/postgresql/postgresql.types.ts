/** Type tests of the connector: this file is compiled by the type check and never run. */
import type { ItemStream } from "../../core/stream.ts";
import { PostgreSQLConnector, type SqlTransaction } from "./index.ts";

const db = new PostgreSQLConnector({ host: "h", database: "d", username: "u", password: "p", maxConnections: 20 });
const byUrl = new PostgreSQLConnector({ url: "postgresql://u:p@h/d", ssl: true, timeout: "5s", retryAttempts: 5 });

const rows: Record<string, unknown>[] = await db.query({ sql: "select 1" });
const row: Record<string, unknown> = await db.insert({ table: "t", data: { a: 1 } });
const { count }: { count: number } = await db.update({ table: ["s", "t"], data: {}, where: { a: [1, null] } });
const deleted: readonly Record<string, unknown>[] | undefined = (await db.delete({ table: "t", all: true })).rows;
const stream: ItemStream<Record<string, unknown>> = db.queryStream({ sql: "select 1" });

const results: { count: number; rows: Record<string, unknown>[] }[] = await db.transaction({
  statements: [{ sql: "select 1", values: [1] }],
  isolation: "serializable",
});
const answer: number = await db.transaction(
  async (tx: SqlTransaction) => {
    await tx.transaction(async (inner) => inner.insertMany({ table: "t", rows: [{ a: 1 }] }));
    return (await tx.query({ sql: "select 1" })).length;
  },
  { isolation: "repeatable read", timeout: 1_000 },
);

// @ts-expect-error no such isolation level
await db.transaction(async () => {}, { isolation: "none" });
type InTransaction = keyof SqlTransaction;
// @ts-expect-error there are no streams inside a transaction
const missing: InTransaction = "queryStream";
// @ts-expect-error values are a list
await db.query({ sql: "select 1", values: 1 });
// @ts-expect-error misspelt setting
new PostgreSQLConnector({ host: "h", database: "d", username: "u", maxConection: 1 });
// @ts-expect-error no such access
new PostgreSQLConnector({ host: "h", database: "d", username: "u", access: "readonly" });

void [byUrl, rows, row, count, deleted, stream, results, answer, missing];
