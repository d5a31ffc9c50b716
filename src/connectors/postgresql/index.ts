/** PostgreSQL, through the driver `pg`. */
import { defineConnector } from "../define.ts";
import { sqlConnector } from "../../contracts/sql/connector.ts";
import { FunctionThrew } from "../../contracts/sql/session.ts";
import { connection, options } from "./config.ts";
import { addressOf } from "./connecting/address.ts";
import { classify } from "./errors.ts";
import { lockOperation, type WithLock } from "./locking/lock-options.ts";
import { openSession, operations, type PostgreSQLSession } from "./session.ts";
import { dialect } from "./text/dialect.ts";

const Defined = defineConnector({
  provider: "postgresql",
  type: "database",
  title: "PostgreSQL",
  summary: "Reads and writes tables of a PostgreSQL database.",
  connection,
  options,
  operations,
  server(settings) {
    const { places, database } = addressOf(settings);
    return { address: places[0]!.host, port: places[0]!.port, namespace: database };
  },
  open: openSession,
  classify,
});

/** A PostgreSQL database: a pool of connections, and the operations of the `sql` contract on it. */
export class PostgreSQLConnector extends sqlConnector(Defined, { dialect: () => dialect, classify }) {
  declare readonly withLock: WithLock;

  static {
    const withLock: WithLock = async function (this: PostgreSQLConnector, key, work, { wait = true, ...options } = {}) {
      const operation = { name: "withLock", value: lockOperation };
      try {
        // The session is the one that `open` above has made.
        return await this.run(
          operation,
          (session, call) => (session as unknown as PostgreSQLSession).lock(call, { key, wait, work }),
          options,
        );
      } catch (error) {
        throw error instanceof FunctionThrew ? error.thrown : error;
      }
    };
    Object.defineProperty(this.prototype, "withLock", { value: withLock, writable: true, configurable: true });
  }
}

export default PostgreSQLConnector;
export type { TransactionOptions } from "../../contracts/sql/connector.ts";
export type { SqlTransaction } from "../../contracts/sql/transaction.ts";
export type { LockOptions } from "./locking/lock-options.ts";
export type { HeldLock } from "./locking/with-lock.ts";
