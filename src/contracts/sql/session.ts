/**
 * The operations of the contract, carried out on a pool of connections.
 *
 * A single statement is its own transaction. What needs more than one runs between BEGIN and COMMIT on one connection, and
 * the call's stage says `in a transaction` until COMMIT is sent: whatever fails before has had no effect, so the policies
 * may repeat it; what fails from then on is unknown.
 *
 * Reading only is proven by the database. A statement is described before it is run, and one that answers with no rows
 * (COMMIT, SET, DO, COPY, LOCK, …) is not run at all; the others run one by one in a READ ONLY transaction, which ends
 * with ROLLBACK, so that what they set in the session is undone as well.
 */
import type { Call } from "../../core/call.ts";
import { toConnectorError, type Classification } from "../../core/classify.ts";
import type { Session } from "../../core/definition.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Pool } from "../../core/pool.ts";
import { inBatches } from "../../core/stream.ts";
import { compileDelete, compileInsertMany, compileUpdate, type Statement } from "./compile.ts";
import type { RunOptions, SqlConnection, SqlResult } from "./connection.ts";
import { changeRows, insertRow, insertRows } from "./crud.ts";
import type { BeginOptions, Dialect } from "./dialect.ts";
import { isolation as isolations, type Isolation, type Row, type SqlOperations } from "./operations.ts";
import { endedByStatement, notAwaited, TransactionScope, type SqlTransaction } from "./transaction.ts";

/** What a session is made of. */
export interface SqlSessionSettings<C extends SqlConnection> {
  readonly pool: Pool<C>;
  readonly dialect: Dialect;
  /** Refuses every write. */
  readonly isReadOnly: boolean;
  readonly classify: (error: unknown) => Classification | undefined;
}

type Work<T> = (connection: SqlConnection) => Promise<T>;

/** The handlers of a session, all and those that only read. */
export type SqlHandlers = Pick<Session<SqlOperations>, "handlers" | "readOnlyHandlers">;

/** Carries out the operations of the contract on connections of one system. */
export class SqlSession<C extends SqlConnection> {
  readonly #settings: SqlSessionSettings<C>;

  constructor(settings: SqlSessionSettings<C>) {
    this.#settings = settings;
  }

  /** The handlers of all operations. */
  handlers(): SqlHandlers {
    const { dialect, isReadOnly } = this.#settings;
    const own = (call: Call) => (statement: Statement) => this.#one(statement, call, { readOnly: isReadOnly });
    const query = (readOnly: boolean) => async (statement: Statement, call: Call) => {
      const { rows, columns } = await this.#one(statement, call, { readOnly, rowsOnly: readOnly });
      call.record.answer.columns = columns;
      return [...rows];
    };
    const queryStream =
      (readOnly: boolean) =>
      ({ batchSize, ...statement }: Statement & { readonly batchSize: number }, call: Call) =>
        inBatches(this.#stream(statement, call, { readOnly, batchSize }));
    return {
      handlers: {
        query: query(isReadOnly),
        insert: (input, call) => insertRow(input, dialect, own(call)),
        insertMany: async (input, call) => {
          const statements = compileInsertMany(input, dialect);
          if (statements.length < 2) return insertRows(statements, own(call));
          return this.inTransaction(call, { readOnly: isReadOnly }, (connection) =>
            insertRows(statements, (statement) => connection.run(statement, { call })),
          );
        },
        update: (input, call) => changeRows(input, compileUpdate(input, dialect), own(call)),
        delete: (input, call) => changeRows(input, compileDelete(input, dialect), own(call)),
        transaction: ({ statements, isolation }, call) => this.#all(statements, call, isolation),
        queryStream: queryStream(isReadOnly),
      },
      readOnlyHandlers: { query: query(true), queryStream: queryStream(true) },
    };
  }

  /** Runs a function as one transaction; what it throws itself comes back as `FunctionThrew`. */
  transact<T>(
    call: Call,
    isolation: Isolation | undefined,
    work: (transaction: SqlTransaction) => Promise<T>,
  ): Promise<T> {
    const { dialect, isReadOnly, classify } = this.#settings;
    // It becomes a part of the statement: what TypeScript refuses, JavaScript does not.
    if (!isolations.optional().safeParse(isolation).success) throw unknownIsolation();
    return this.inTransaction(call, { isolation, readOnly: isReadOnly }, async (connection) => {
      const scope = new TransactionScope({ connection, call, dialect, isReadOnly, classify });
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
    });
  }

  /** Runs `work` between BEGIN and COMMIT on one connection; in a read-only transaction, and ROLLBACK, where asked. */
  inTransaction<T>(call: Call, options: BeginOptions, work: Work<T>): Promise<T> {
    const { dialect } = this.#settings;
    return this.#onConnection(call, async (connection) => {
      call.record.stage = "in a transaction";
      try {
        await connection.run({ sql: dialect.begin(options), values: [] }, { call });
        const answer = await work(connection);
        call.throwIfCancelled();
        if (options.readOnly !== true) await commit(connection, call);
        return answer;
      } finally {
        await this.#undo(connection, options);
      }
    });
  }

  #one(
    statement: Statement,
    call: Call,
    { readOnly, rowsOnly }: RunOptions & { readOnly: boolean },
  ): Promise<SqlResult> {
    if (readOnly)
      return this.inTransaction(call, { readOnly }, (connection) => connection.run(statement, { call, rowsOnly }));
    return this.#onConnection(call, async (connection) => {
      const result = await connection.run(statement, { call });
      if (connection.transaction !== "none") throw leftOpen();
      return result;
    });
  }

  #all(statements: readonly Statement[], call: Call, isolation: Isolation | undefined) {
    const { isReadOnly, classify } = this.#settings;
    return this.inTransaction(call, { isolation, readOnly: isReadOnly }, async (connection) => {
      const results: { count: number; rows: Row[] }[] = [];
      for (const statement of statements)
        try {
          call.throwIfCancelled();
          const { count, rows } = await connection.run(statement, { call, rowsOnly: isReadOnly });
          if (connection.transaction === "none") throw endedByStatement();
          results.push({ count, rows: [...rows] });
        } catch (thrown) {
          const error = call.cancelled ?? toConnectorError(thrown, classify);
          if (error !== call.cancelled) error.message = `Statement ${results.length + 1}: ${error.message}`;
          throw error;
        }
      return results;
    });
  }

  async *#stream(
    statement: Statement,
    call: Call,
    { readOnly, batchSize }: { readonly readOnly: boolean; readonly batchSize: number },
  ): AsyncGenerator<readonly Row[], void, undefined> {
    const { pool, dialect } = this.#settings;
    const connection = await pool.checkout(call);
    try {
      call.record.stage = "in a transaction";
      await connection.run({ sql: dialect.begin({ readOnly }), values: [] }, { call });
      for await (const { rows, columns } of connection.batches(statement, { call, rowsOnly: readOnly, batchSize })) {
        call.record.answer.columns = columns;
        if (rows.length > 0) yield rows;
      }
      call.throwIfCancelled();
      if (!readOnly) await commit(connection, call);
    } finally {
      await this.#undo(connection, { readOnly });
      await this.#giveBack(connection);
    }
  }

  async #onConnection<T>(call: Call, work: Work<T>): Promise<T> {
    const connection = await this.#settings.pool.checkout(call);
    try {
      call.throwIfCancelled();
      return await work(connection);
    } finally {
      await this.#giveBack(connection);
    }
  }

  async #giveBack(connection: C): Promise<void> {
    if (!connection.isTidy) await connection.tidy();
    this.#settings.pool.release(connection, { broken: connection.transaction !== "none" });
  }

  /** Ends a transaction that is still open. Where that fails the connection is given up, and the server ends it. */
  async #undo(connection: SqlConnection, { readOnly = false }: BeginOptions): Promise<void> {
    const statements = readOnly ? this.#settings.dialect.endReadOnly : ["ROLLBACK"];
    if (connection.isBroken || connection.transaction === "none") return;
    try {
      for (const sql of statements) await connection.run({ sql, values: [] });
    } catch {
      connection.destroy();
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
  if (command !== "COMMIT")
    throw new ConnectorError("conflict", "The transaction was rolled back: a statement in it had failed", {
      outcome: "none",
    });
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
