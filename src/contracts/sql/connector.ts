/** What every SQL connector has beside its operations: functions as transactions, and its ledger. */
import type { Call, CallOptions } from "../../core/call.ts";
import type { Classification } from "../../core/classify.ts";
import type { Answer, Input, Operation } from "../../core/operation.ts";
import type { SqlConnection } from "./connection.ts";
import type { Dialect } from "./dialect.ts";
import { ledgerUpkeep, type LedgerControl } from "./ledger-control.ts";
import type { LedgerOptions } from "./ledger-options.ts";
import { Ledger } from "./ledger.ts";
import { sqlOperations, type Isolation, type SqlOperations } from "./operations.ts";
import { FunctionThrew, type SqlSession } from "./session.ts";
import type { SqlTransaction } from "./transaction.ts";

/** What one call of `transaction` can be told beside its function. */
export interface TransactionOptions extends CallOptions {
  /** Default: the database's own. */
  readonly isolation?: Isolation | undefined;
}

type Work<T> = (transaction: SqlTransaction) => Promise<T>;
type Statements = Input<SqlOperations["transaction"]>;

/** `transaction` of a SQL connector. */
export interface Transact {
  /** Runs statements in order in one transaction, all or none. */
  (params: Statements, options?: CallOptions): Promise<Answer<SqlOperations["transaction"]>>;
  /**
   * Runs a function as one transaction: committed when it has ended, rolled back when it throws, which is thrown on.
   * The function is run again from its start, up to `retryAttempts` times in all, where the transaction lost against
   * another one or its connection broke before COMMIT; nothing of the earlier run was kept. With an `idempotencyKey` the
   * function's answer is kept too, must be data, and is given again, without a run, to whoever comes with the same key.
   */
  <T>(work: Work<T>, options?: TransactionOptions): Promise<T>;
}

/** What a class gains. */
export interface SqlExtras {
  readonly transaction: Transact;
  /** The ledger of idempotency keys, to be made or tidied by hand. */
  readonly ledger: LedgerControl;
}

/** What the connector's own code knows of its system. */
export interface SqlConnectorSettings<Options> {
  /** The dialect as far as `options` tell it: the ledger's statements are asked for without a connection. */
  dialect(this: void, options: Options): Dialect;
  classify(this: void, error: unknown): Classification | undefined;
}

type AnyClass = (abstract new (...args: never[]) => object) & { readonly prototype: object };
type Extended<C extends AnyClass> = Pick<C, keyof C> &
  (new (...args: ConstructorParameters<C>) => InstanceType<C> & SqlExtras);

/** What a session of the contract holds beside its handlers. */
interface SqlBacked {
  readonly sql: SqlSession<SqlConnection>;
}

/** A connector from inside: some of it is protected. */
interface Inside {
  readonly config: { readonly options: { readonly idempotency: LedgerOptions } };
  execute(operation: string, params: Statements, options?: CallOptions): Promise<unknown>;
  run<T>(
    operation: { readonly name: string; readonly value: Operation },
    work: (session: SqlBacked, call: Call) => Promise<T>,
    options?: CallOptions,
  ): Promise<T>;
}

/**
 * Adds them to a class that `defineConnector` has made of the contract's operations. Its sessions have their `SqlSession` as
 * `sql`, its options have `ledgerOptions` as `idempotency`.
 */
export function sqlConnector<C extends AnyClass, Options>(
  defined: C,
  { dialect, classify }: SqlConnectorSettings<Options>,
): Extended<C> {
  const transaction = function (
    this: Inside,
    what: Statements | Work<unknown>,
    options?: TransactionOptions,
  ): Promise<unknown> {
    return typeof what === "function" ? transact(this, what, options) : this.execute("transaction", what, options);
  };
  const ledger = function (this: Inside): LedgerControl {
    const { options } = this.config;
    // What the connector's own schema has parsed.
    const known = dialect(options as unknown as Options);
    const { table, statements } = new Ledger({ options: options.idempotency, dialect: known, classify });
    const upkeep = <T>(name: string, work: (sql: SqlBacked["sql"], call: Call) => Promise<T>, how?: CallOptions) =>
      this.run({ name, value: ledgerUpkeep }, (session, call) => work(session.sql, call), how);
    return {
      table,
      statements,
      create: (how) => upkeep("createLedger", (sql, call) => sql.keyed.create(call), how),
      purge: (how) => upkeep("purgeLedger", (sql, call) => sql.keyed.purge(call), how),
    };
  };
  Object.defineProperties(defined.prototype, {
    transaction: { value: transaction, writable: true, configurable: true },
    ledger: { get: ledger, configurable: true },
  });
  // The prototype has them now.
  return defined as unknown as Extended<C>;
}

async function transact(connector: Inside, work: Work<unknown>, how: TransactionOptions = {}): Promise<unknown> {
  const { isolation, ...options } = how;
  const operation = { name: "transaction", value: sqlOperations.transaction };
  try {
    return await connector.run(operation, ({ sql }, call) => sql.transact(call, isolation, work), options);
  } catch (error) {
    throw error instanceof FunctionThrew ? error.thrown : error;
  }
}
