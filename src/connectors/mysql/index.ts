/** MySQL and MariaDB, through the driver `mysql2`. */
import { defineConnector } from "../define.ts";
import { addressOf } from "../../contracts/sql/address.ts";
import { sqlConnector } from "../../contracts/sql/connector.ts";
import { sqlOperations } from "../../contracts/sql/operations.ts";
import { connection, options, SYSTEM, type Options } from "./config.ts";
import { classify } from "./errors.ts";
import { openSession } from "./session.ts";
import { dialectOf } from "./text/dialect.ts";

const Defined = defineConnector({
  provider: "mysql",
  type: "database",
  title: "MySQL",
  summary: "Reads and writes tables of a MySQL or MariaDB database.",
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

/** A MySQL or MariaDB database: a pool of connections, and the operations of the `sql` contract on it. */
export class MySQLConnector extends sqlConnector(Defined, {
  dialect: ({ sqlMode }: Options) => dialectOf({ isMariaDB: true, sqlMode }),
  classify,
}) {}

export default MySQLConnector;
export type { TransactionOptions } from "../../contracts/sql/connector.ts";
export type { SqlTransaction } from "../../contracts/sql/transaction.ts";
