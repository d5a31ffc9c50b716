/** SQLite: a database in one file, or in memory. */
import { defineConnector } from "../define.ts";
import { sqlConnector } from "../../contracts/sql/connector.ts";
import { connection, options } from "./config.ts";
import { classify } from "./errors.ts";
import { openSession, operations } from "./session.ts";
import { dialect } from "./text/dialect.ts";

const Defined = defineConnector({
  provider: "sqlite",
  type: "database",
  title: "SQLite",
  summary: "Reads and writes tables of a SQLite database, a file that needs no server.",
  connection,
  options,
  operations,
  server: ({ file }) => ({ address: file }),
  open: openSession,
  classify,
});

/** A SQLite database: a few connections to one file, and the operations of the `sql` contract on it. */
export class SQLiteConnector extends sqlConnector(Defined, { dialect: () => dialect, classify }) {}

export default SQLiteConnector;
export type { TransactionOptions } from "../../contracts/sql/connector.ts";
export type { SqlTransaction } from "../../contracts/sql/transaction.ts";
