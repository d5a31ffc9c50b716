/** MySQL and MariaDB, through the driver `mysql2`. */
import type { Call, CallOptions } from "../../core/call.ts";
import type { Answer, Input } from "../../core/operation.ts";
import { defineConnector } from "../define.ts";
import { addressOf } from "../../contracts/sql/address.ts";
import { ledgerUpkeep, type LedgerControl } from "../../contracts/sql/ledger-control.ts";
import { Ledger } from "../../contracts/sql/ledger.ts";
import { sqlOperations, type Isolation, type SqlOperations } from "../../contracts/sql/operations.ts";
import { FunctionThrew } from "../../contracts/sql/session.ts";
import type { SqlTransaction } from "../../contracts/sql/transaction.ts";
import { connection, options, SYSTEM, type Options } from "./config.ts";
import { dialectOf } from "./text/dialect.ts";
import { classify } from "./errors.ts";
import { openSession, type MySQLSession } from "./session.ts";

/** What one call of `transaction` can be told beside its function. */
export interface TransactionOptions extends CallOptions {
  /** Default: the database's own. */
  readonly isolation?: Isolation | undefined;
}

type Work<T> = (transaction: SqlTransaction) => Promise<T>;

interface Transact {
  /** Runs statements in order in one transaction, all or none. */
  (params: Input<SqlOperations["transaction"]>, options?: CallOptions): Promise<Answer<SqlOperations["transaction"]>>;
  /**
   * Runs a function as one transaction: committed when it has ended, rolled back when it throws, which is thrown on.
   * The function is run again from its start, up to `retryAttempts` times in all, where the transaction lost against
   * another one or its connection broke before COMMIT; nothing of the earlier run was kept. With an `idempotencyKey` the
   * function's answer is kept too, must be data, and is given again, without a run, to whoever comes with the same key.
   */
  <T>(work: Work<T>, options?: TransactionOptions): Promise<T>;
}

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
export class MySQLConnector extends Defined {
  declare readonly transaction: Transact;

  static {
    const transaction = function (
      this: MySQLConnector,
      what: Input<SqlOperations["transaction"]> | Work<unknown>,
      callOptions?: TransactionOptions,
    ): Promise<unknown> {
      if (typeof what === "function") return this.#transact(what, callOptions);
      return this.execute("transaction", what, callOptions);
    };
    Object.defineProperty(this.prototype, "transaction", { value: transaction, writable: true, configurable: true });
  }

  /** The ledger of idempotency keys, to be made or tidied by hand. */
  get ledger(): LedgerControl {
    // What `options` above has parsed.
    const { idempotency, sqlMode } = this.config.options as Options;
    const dialect = dialectOf({ isMariaDB: true, sqlMode });
    const { table, statements } = new Ledger({ options: idempotency, dialect, classify });
    const upkeep = <T>(name: string, work: (session: MySQLSession, call: Call) => Promise<T>, how?: CallOptions) =>
      this.run({ name, value: ledgerUpkeep }, (session, call) => work(session as unknown as MySQLSession, call), how);
    return {
      table,
      statements,
      create: (how) => upkeep("createLedger", ({ sql }, call) => sql.keyed.create(call), how),
      purge: (how) => upkeep("purgeLedger", ({ sql }, call) => sql.keyed.purge(call), how),
    };
  }

  async #transact(work: Work<unknown>, options: TransactionOptions | undefined): Promise<unknown> {
    const { isolation, ...rest } = options ?? {};
    const operation = { name: "transaction", value: sqlOperations.transaction };
    try {
      // The session is the one that `open` above has made.
      return await this.run(
        operation,
        (session, call) => (session as unknown as MySQLSession).sql.transact(call, isolation, work),
        rest,
      );
    } catch (error) {
      throw error instanceof FunctionThrew ? error.thrown : error;
    }
  }
}

export default MySQLConnector;
export type { SqlTransaction } from "../../contracts/sql/transaction.ts";
