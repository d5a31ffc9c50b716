/**
 * The operations of the contract, carried out on a pool of connections.
 *
 * A single statement is its own transaction. What needs more than one runs between BEGIN and COMMIT on one connection, and
 * the call's stage says `in a transaction` until COMMIT is sent: whatever fails before has had no effect, so the policies
 * may repeat it; what fails from then on is unknown.
 *
 * A call with an idempotency key is always such a transaction, together with a row of the ledger (ledger.ts).
 *
 * Reading only is proven by the database. A statement is described before it is run, and one that answers with no rows
 * (COMMIT, SET, DO, COPY, LOCK, …) is not run at all; the others run one by one in a READ ONLY transaction, which ends
 * with ROLLBACK, so that what they set in the session is undone as well.
 */
import type { Call } from "../../core/call.ts";
import { toConnectorError, type Classification } from "../../core/classify.ts";
import type { Clock } from "../../core/clock.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Pool } from "../../core/pool.ts";
import type { Answer, Parsed } from "../../core/operation.ts";
import { Borrowing } from "./borrowing.ts";
import type { Statement } from "./statement.ts";
import type { RunOptions, Sharing, SqlConnection, SqlResult } from "./connection.ts";
import type { BeginOptions, Dialect } from "./dialect.ts";
import { commented, CommentingConnection } from "./comments.ts";
import { KeyedCalls } from "./keyed-calls.ts";
import { rolledBack } from "./keyed-transaction.ts";
import type { LedgerOptions } from "./ledger-options.ts";
import { Ledger } from "./ledger.ts";
import { isolation as isolations, type Isolation, type Row, type SqlOperations } from "./operations.ts";
import { NamedParameters } from "./named-parameters.ts";
import { endedByStatement } from "./transaction-errors.ts";
import { notAwaited, TransactionScope, type SqlTransaction } from "./transaction.ts";

/** What a session is made of. */
export interface SqlSessionSettings<C extends SqlConnection> {
  readonly pool: Pool<C>;
  readonly dialect: Dialect;
  /** Refuses every write. */
  readonly isReadOnly: boolean;
  readonly classify: (error: unknown) => Classification | undefined;
  readonly clock: Clock;
  readonly idempotency: LedgerOptions;
  /** Where calls can share a connection. */
  readonly sharing?: Sharing | undefined;
  /** Ends statements with a comment of their call; default: no. */
  readonly sqlComments?: boolean | undefined;
  /** Told why old rows of the ledger could not be deleted. */
  readonly onPurgeFailed: (error: unknown) => void;
}

type Work<T> = (connection: SqlConnection) => Promise<T>;
type Results = Answer<SqlOperations["transaction"]>;

/** What a function asks for cannot be told; its key has to. */
const FUNCTION = "function";

/** Carries out the operations of the contract on connections of one system. */
export class SqlSession<C extends SqlConnection> {
  /** The calls that have an idempotency key. */
  readonly keyed: KeyedCalls<C>;
  readonly #settings: SqlSessionSettings<C>;
  readonly #borrowing: Borrowing<C>;
  readonly #named: NamedParameters;

  constructor(settings: SqlSessionSettings<C>) {
    const { pool, dialect, classify, clock, idempotency, sqlComments, onPurgeFailed } = settings;
    const borrowing = new Borrowing(pool, dialect);
    const ledger = new Ledger({ options: idempotency, dialect, classify });
    this.#settings = settings;
    this.#borrowing = borrowing;
    this.#named = new NamedParameters(dialect);
    this.keyed = new KeyedCalls({ ledger, dialect, borrowing, clock, sqlComments, onPurgeFailed });
  }

  get settings(): SqlSessionSettings<C> {
    return this.#settings;
  }

  /** Reads `:name` in statements. */
  get named(): NamedParameters {
    return this.#named;
  }

  /** Runs a function as one transaction; what it throws itself comes back as `FunctionThrew`. */
  transact<T>(
    call: Call,
    isolation: Isolation | undefined,
    work: (transaction: SqlTransaction) => Promise<T>,
  ): Promise<T> {
    // It becomes a part of the statement: what TypeScript refuses, JavaScript does not.
    if (!isolations.optional().safeParse(isolation).success) throw unknownIsolation();
    const run: Work<T> = (connection) => this.#scoped(connection, call, work);
    if (this.isKeyed(call))
      return this.keyed.run(call, { input: FUNCTION, isolation }, ({ connection }) => run(connection));
    return this.inTransaction(call, { isolation, readOnly: this.#settings.isReadOnly }, run);
  }

  /** Runs `work` between BEGIN and COMMIT on one connection; in a read-only transaction, and ROLLBACK, where asked. */
  inTransaction<T>(call: Call, options: BeginOptions, work: Work<T>): Promise<T> {
    const { dialect } = this.#settings;
    return this.#borrowing.use(call, async (connection) => {
      call.record.stage = "in a transaction";
      try {
        for (const sql of dialect.begin(options)) await connection.run({ sql, values: [] }, { call });
        const answer = await work(this.#commenting(connection, call));
        call.throwIfCancelled();
        if (options.readOnly !== true) await commit(connection, call);
        return answer;
      } finally {
        await this.#borrowing.undo(connection, options);
      }
    });
  }

  /** Runs one statement, as a transaction of its own. */
  one(
    written: Statement,
    call: Call,
    { readOnly, ...options }: RunOptions & { readOnly: boolean },
  ): Promise<SqlResult> {
    if (readOnly)
      return this.inTransaction(call, { readOnly }, (connection) => connection.run(written, { ...options, call }));
    const { maxRows, maxBytes } = options;
    const { clock, sqlComments = false } = this.#settings;
    const statement = sqlComments ? commented(written, call) : written;
    const sharing = statement.isOnce === true ? undefined : this.#settings.sharing;
    const alone = (): Promise<SqlResult> =>
      this.#borrowing.use(call, async (connection) => {
        const startedAt = sharing === undefined ? 0 : clock.now();
        const result = await connection.run(statement, { call, maxRows, maxBytes });
        if (connection.transaction !== "none") throw leftOpen();
        sharing?.learn(statement.sql, { tookMs: clock.now() - startedAt, command: result.command });
        return result;
      });
    return sharing?.run(statement, call, { maxRows, maxBytes }, alone) ?? alone();
  }

  /** Runs statements in order in one transaction. */
  all(input: Parsed<SqlOperations["transaction"]>, call: Call): Promise<Results> {
    const { statements, isolation } = input;
    const { isReadOnly, classify } = this.#settings;
    const work = async (connection: SqlConnection): Promise<Results> => {
      const results: Results = [];
      for (const written of statements)
        try {
          call.throwIfCancelled();
          const statement = this.#named.positional(written);
          const { maxRows, maxBytes } = written;
          const { count, rows } = await connection.run(statement, { call, rowsOnly: isReadOnly, maxRows, maxBytes });
          if (connection.transaction === "none") throw endedByStatement();
          results.push({ count, rows: [...rows] });
        } catch (thrown) {
          const error = call.cancelled ?? toConnectorError(thrown, classify);
          if (error !== call.cancelled) error.message = `Statement ${results.length + 1}: ${error.message}`;
          throw error;
        }
      return results;
    };
    if (!this.isKeyed(call)) return this.inTransaction(call, { isolation, readOnly: isReadOnly }, work);
    return this.keyed.run(call, { input, isolation, isBrief: true }, ({ connection }) => work(connection));
  }

  #commenting(connection: SqlConnection, call: Call): SqlConnection {
    return this.#settings.sqlComments === true ? new CommentingConnection(connection, call) : connection;
  }

  /** Runs the function on its connection; its transaction is begun and ended by the caller. */
  async #scoped<T>(
    connection: SqlConnection,
    call: Call,
    work: (transaction: SqlTransaction) => Promise<T>,
  ): Promise<T> {
    const { dialect, isReadOnly, classify } = this.#settings;
    const scope = new TransactionScope({ connection, call, dialect, named: this.#named, isReadOnly, classify });
    try {
      const answer = await orCancelled(started(work, scope), call);
      const isUnfinished = scope.isBusy;
      await scope.end();
      if (isUnfinished) throw notAwaited();
      if (scope.failure !== undefined) throw scope.failure;
      return answer;
    } catch (thrown) {
      await scope.end();
      call.throwIfCancelled();
      throw scope.failure ?? (isOurs(thrown) ? thrown : new FunctionThrew(thrown));
    }
  }

  /** Where only reading is allowed the database refuses the effect itself, and there is nothing to write down. */
  isKeyed(call: Call): boolean {
    return call.effect === "keyed" && !this.#settings.isReadOnly;
  }

  /** The rows of a statement as they are read. */
  async *stream(
    statement: Statement,
    call: Call,
    { readOnly, batchSize }: { readonly readOnly: boolean; readonly batchSize: number },
  ): AsyncGenerator<readonly Row[], void, undefined> {
    const { dialect } = this.#settings;
    const connection = await this.#borrowing.take(call);
    try {
      call.record.stage = "in a transaction";
      for (const sql of dialect.begin({ readOnly })) await connection.run({ sql, values: [] }, { call });
      for await (const { rows, columns } of this.#commenting(connection, call).batches(statement, {
        call,
        rowsOnly: readOnly,
        batchSize,
      })) {
        call.record.answer.columns = columns;
        if (rows.length > 0) yield rows;
      }
      call.throwIfCancelled();
      if (!readOnly) await commit(connection, call);
    } finally {
      await this.#borrowing.undo(connection, { readOnly });
      await this.#borrowing.giveBack(connection);
    }
  }
}

/** What the function of a transaction threw, on its way through the policies, which have no business with it. */
export class FunctionThrew extends ConnectorError {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super("cancelled", "The transaction's function threw", { outcome: "none" });
    this.thrown = thrown;
  }
}

async function commit(connection: SqlConnection, call: Call): Promise<void> {
  if (connection.transaction === "none") throw endedByStatement();
  call.record.stage = "running";
  const { command } = await connection.run({ sql: "COMMIT", values: [] }, { call });
  // A transaction in which a statement failed is not kept, and COMMIT says so without an error.
  if (command !== "COMMIT") throw rolledBack();
}

/** What is thrown before the first wait is a rejection like the rest. */
async function started<T>(work: (transaction: SqlTransaction) => Promise<T>, scope: TransactionScope): Promise<T> {
  return work(scope);
}

function orCancelled<T>(work: Promise<T>, call: Call): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = call.onCancel(reject);
    work.finally(stopListening).then(resolve, reject);
  });
}

/** An error of this transaction; those of other connectors say where they come from. */
function isOurs(thrown: unknown): boolean {
  return thrown instanceof ConnectorError && thrown.connector === undefined;
}

function unknownIsolation(): ConnectorError {
  const message = `Invalid isolation: expected ${isolations.options.map((each) => `"${each}"`).join(" or ")}`;
  return new ConnectorError("input_invalid", message, { outcome: "none" });
}

function leftOpen(): ConnectorError {
  return new ConnectorError("unsupported", "A transaction cannot be opened by a statement of its own", {
    outcome: "none",
    hint: "Use `transaction`; the next call runs on another connection.",
  });
}
