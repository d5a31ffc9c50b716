/** PostgreSQL, through the driver `pg`. */
import { defineConnector } from "../define.ts";
import { addressOf } from "../../contracts/sql/address.ts";
import { sqlConnector } from "../../contracts/sql/connector.ts";
import { sqlOperations } from "../../contracts/sql/operations.ts";
import { connection, options, SYSTEM } from "./config.ts";
import { classify } from "./errors.ts";
import { openSession } from "./session.ts";
import { dialect } from "./text/dialect.ts";

const Defined = defineConnector({
  provider: "postgresql",
  type: "database",
  title: "PostgreSQL",
  summary: "Reads and writes tables of a PostgreSQL database.",
  connection,
  options,
  operations: sqlOperations,
  server(settings) {
    const { host, port, database } = addressOf(settings, SYSTEM);
    return { address: host, port, namespace: database };
  },
  open: openSession,
  classify,
});

/** A PostgreSQL database: a pool of connections, and the operations of the `sql` contract on it. */
export class PostgreSQLConnector extends sqlConnector(Defined, { dialect: () => dialect, classify }) {}

export default PostgreSQLConnector;
export type { TransactionOptions } from "../../contracts/sql/connector.ts";
export type { SqlTransaction } from "../../contracts/sql/transaction.ts";
