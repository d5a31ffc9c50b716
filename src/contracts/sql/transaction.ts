/**
 * A transaction as a function sees it.
 *
 * Everything goes through one connection, one statement after the other; when that connection dies, so does the
 * transaction, and nothing of it runs anywhere else. A transaction inside is a savepoint. While one is open, only its own
 * handle works: a statement sent past it would belong to whichever of the two happened to end first.
 *
 * A statement that fails leaves the database refusing everything up to the next rollback, whatever the function makes of
 * the error. So that error is kept, and it is what the transaction ends with: a conflict with another transaction is
 * then repeated from the start, and a caught error never looks like success.
 */
import type { Call } from "../../core/call.ts";
import { toConnectorError, type Classification } from "../../core/classify.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Answer, Input, Operation, Parsed } from "../../core/operation.ts";
import { runBatch } from "./batch.ts";
import { compileDelete, compileUpdate, compileUpsert, type Statement } from "./compile.ts";
import type { RunOptions, SqlConnection, SqlResult } from "./connection.ts";
import { boundsOf, changeRows, executed, insertRow, upsertRows, type AnswerBounds } from "./crud.ts";
import type { Dialect } from "./dialect.ts";
import { endedByStatement } from "./transaction-errors.ts";
import { loadRows } from "./load.ts";
import type { NamedParameters } from "./named-parameters.ts";
import { selectRows } from "./select.ts";
import { sqlOperations, type SqlOperations } from "./operations.ts";

type InputOf<K extends keyof SqlOperations> = Input<SqlOperations[K]>;
type AnswerOf<K extends keyof SqlOperations> = Promise<Answer<SqlOperations[K]>>;

/** What can be done inside a transaction; each as the operation of the same name. */
export interface SqlTransaction {
  query(params: InputOf<"query">): AnswerOf<"query">;
  execute(params: InputOf<"execute">): AnswerOf<"execute">;
  select(params: InputOf<"select">): AnswerOf<"select">;
  insert(params: InputOf<"insert">): AnswerOf<"insert">;
  insertMany(params: InputOf<"insertMany">): AnswerOf<"insertMany">;
  upsert(params: InputOf<"upsert">): AnswerOf<"upsert">;
  update(params: InputOf<"update">): AnswerOf<"update">;
  delete(params: InputOf<"delete">): AnswerOf<"delete">;
  batch(params: InputOf<"batch">): AnswerOf<"batch">;
  /** A savepoint: if `work` throws, what it did is undone and the transaction can go on. */
  transaction<T>(work: (inner: SqlTransaction) => Promise<T>): Promise<T>;
}

export interface ScopeSettings {
  readonly connection: SqlConnection;
  readonly call: Call;
  readonly dialect: Dialect;
  readonly named: NamedParameters;
  readonly isReadOnly: boolean;
  readonly classify: (error: unknown) => Classification | undefined;
}

/** A transaction that is open on a connection; begun and ended by whoever made this. */
export class TransactionScope implements SqlTransaction {
  readonly #settings: ScopeSettings;
  readonly #depth: number;
  /** The error that made the database refuse the rest; shared by all depths. */
  readonly #shared: {
    failure?: ConnectorError | undefined;
    /** Rows are being pulled from a source, which would wait for ever for a statement that waits for it. */
    isReading?: boolean;
  };
  readonly #outer: TransactionScope | undefined;
  /** The statement under way, or the last one; statements never overlap. */
  #last: Promise<unknown> = Promise.resolve();
  #inner: TransactionScope | undefined;
  /** Calls that have not been answered. */
  #pending = 0;
  #isOver = false;
  /** It ended before its calls were answered. */
  #isUnfinished = false;

  constructor(settings: ScopeSettings, outer?: TransactionScope) {
    this.#settings = settings;
    this.#outer = outer;
    this.#depth = outer === undefined ? 0 : outer.#depth + 1;
    this.#shared = outer === undefined ? {} : outer.#shared;
  }

  /** Why the database will not keep what was done, if so. */
  get failure(): ConnectorError | undefined {
    const { connection } = this.#settings;
    return connection.transaction === "open" && !connection.isBroken ? undefined : this.#shared.failure;
  }

  /** Whether something that was begun has not come to its end. */
  get isBusy(): boolean {
    return this.#pending > 0;
  }

  /** Refuses further statements and waits for the last one. */
  async end(): Promise<void> {
    this.#isUnfinished ||= this.isBusy;
    this.#isOver = true;
    await this.#inner?.end();
    await this.#last.catch(() => {});
  }

  query(params: InputOf<"query">): AnswerOf<"query"> {
    return this.#tracked(async () => {
      const { named, isReadOnly } = this.#settings;
      const input = parse(sqlOperations.query, params);
      const { maxRows, maxBytes } = input;
      const { rows } = await this.#run(named.positional(input), { rowsOnly: isReadOnly, maxRows, maxBytes });
      return [...rows];
    });
  }

  execute(params: InputOf<"execute">): AnswerOf<"execute"> {
    return this.#tracked(async () => {
      const { named, isReadOnly } = this.#settings;
      const input = parse(sqlOperations.execute, params);
      const { maxRows, maxBytes } = input;
      return executed(await this.#run(named.positional(input), { rowsOnly: isReadOnly, maxRows, maxBytes }));
    });
  }

  select(params: InputOf<"select">): AnswerOf<"select"> {
    return this.#tracked(async () => {
      const input = parse(sqlOperations.select, params);
      const run = (statement: Statement, bounds: RunOptions): Promise<SqlResult> => this.#run(statement, bounds);
      return (await selectRows(input, this.#settings.dialect, run)).page;
    });
  }

  insert(params: InputOf<"insert">): AnswerOf<"insert"> {
    return this.#tracked(async () =>
      insertRow(parse(sqlOperations.insert, params), this.#settings.dialect, this.#bounded()),
    );
  }

  insertMany(params: InputOf<"insertMany">): AnswerOf<"insertMany"> {
    return this.#tracked(async () => {
      const input = parse(sqlOperations.insertMany, params);
      return this.#inTurn(async (connection) => {
        this.#shared.isReading = !Array.isArray(input.rows);
        return loadRows(input, { ...this.#settings, connection }).finally(() => (this.#shared.isReading = false));
      });
    });
  }

  upsert(params: InputOf<"upsert">): AnswerOf<"upsert"> {
    return this.#tracked(async () => {
      const input = parse(sqlOperations.upsert, params);
      const { dialect } = this.#settings;
      const run = this.#bounded(boundsOf(input));
      return upsertRows(input, dialect, { statements: compileUpsert(input, dialect), run });
    });
  }

  update(params: InputOf<"update">): AnswerOf<"update"> {
    return this.#tracked(async () => {
      const input = parse(sqlOperations.update, params);
      return changeRows(input, compileUpdate(input, this.#settings.dialect), this.#bounded(boundsOf(input)));
    });
  }

  delete(params: InputOf<"delete">): AnswerOf<"delete"> {
    return this.#tracked(async () => {
      const input = parse(sqlOperations.delete, params);
      return changeRows(input, compileDelete(input, this.#settings.dialect), this.#bounded(boundsOf(input)));
    });
  }

  batch(params: InputOf<"batch">): AnswerOf<"batch"> {
    return this.#tracked(async () => {
      const input = parse(sqlOperations.batch, params);
      return this.#inTurn((connection) => runBatch(input, { ...this.#settings, connection }));
    });
  }

  transaction<T>(work: (inner: SqlTransaction) => Promise<T>): Promise<T> {
    return this.#tracked(async () => {
      const savepoint = this.#settings.dialect.quote(`busbar_${this.#depth + 1}`);
      await this.#run({ sql: `SAVEPOINT ${savepoint}`, values: [] });
      const inner = (this.#inner = new TransactionScope(this.#settings, this));
      try {
        const answer = await work(inner);
        const isUnfinished = inner.isBusy;
        await inner.end();
        this.#inner = undefined;
        if (isUnfinished) throw notAwaited();
        if (inner.failure !== undefined) throw inner.failure;
        await this.#run({ sql: `RELEASE SAVEPOINT ${savepoint}`, values: [] });
        return answer;
      } catch (error) {
        await inner.end();
        this.#inner = undefined;
        const { connection } = this.#settings;
        if (!this.#isClosed && !connection.isBroken && connection.transaction !== "none") {
          await this.#run({ sql: `ROLLBACK TO SAVEPOINT ${savepoint}`, values: [] });
          this.#shared.failure = undefined;
        }
        throw error;
      }
    });
  }

  /** Whether this or a transaction around it has ended: its connection may be somebody else's by now. */
  get #isClosed(): boolean {
    return this.#isOver || (this.#outer !== undefined && this.#outer.#isClosed);
  }

  #tracked<T>(begin: () => Promise<T>): Promise<T> {
    this.#pending++;
    const work = begin();
    const tracked = work.finally(() => void this.#pending--);
    // Where the transaction fails it says why itself; what nobody awaits need not end the process as well.
    work.catch(() => {
      if (this.#shared.failure !== undefined || this.#isUnfinished) tracked.catch(() => {});
    });
    return tracked;
  }

  #bounded(bounds?: AnswerBounds): (statement: Statement) => Promise<SqlResult> {
    return (statement) => this.#run(statement, bounds);
  }

  #run(statement: Statement, options: RunOptions = {}): Promise<SqlResult> {
    const { call } = this.#settings;
    return this.#inTurn((connection) => connection.run(statement, { ...options, call }));
  }

  #inTurn<T>(work: (connection: SqlConnection) => Promise<T>): Promise<T> {
    if (this.#shared.isReading === true) return Promise.reject(isReading());
    const run = async (): Promise<T> => {
      const { connection, call, classify } = this.#settings;
      if (this.#isClosed) throw refused("The transaction is over", "Await every statement inside the function.");
      if (this.#inner !== undefined) throw innerIsOpen();
      call.throwIfCancelled();
      try {
        checkOpen(connection, this.#shared.failure);
        const result = await work(connection);
        checkOpen(connection);
        return result;
      } catch (thrown) {
        const error = call.cancelled ?? toConnectorError(thrown, classify);
        if (connection.isBroken || connection.transaction !== "open") this.#shared.failure ??= error;
        throw error;
      }
    };
    const mine = this.#last.then(run, run);
    this.#last = mine;
    return mine;
  }
}

function checkOpen(connection: SqlConnection, failure?: ConnectorError): void {
  if (!connection.isBroken && connection.transaction !== "none") return;
  if (failure !== undefined) throw failure;
  if (!connection.isBroken) throw endedByStatement();
  throw new ConnectorError("connection_lost", "The connection of the transaction was lost", { outcome: "none" });
}

/** Whether what is still under way came in time would be chance, so nothing is kept. */
export function notAwaited(): ConnectorError {
  return refused(
    "Something in the transaction was still under way when its function ended",
    "Await every statement and every transaction inside the function.",
  );
}

function isReading(): ConnectorError {
  return refused("The transaction is loading rows", "Their source cannot use the transaction that it is loaded in.");
}

function innerIsOpen(): ConnectorError {
  return refused("A transaction inside this one is open", "Use the handle that its function was given.");
}

function refused(message: string, hint: string): ConnectorError {
  return new ConnectorError("unsupported", message, { hint, outcome: "none" });
}

/** What the operation makes of its parameters; refused as the operation would. */
function parse<Op extends Operation>(operation: Op, params: unknown): Parsed<Op> {
  const parsed = operation.input.safeParse(params);
  // The schema gives this type.
  if (parsed.success) return parsed.data as Parsed<Op>;
  const lines = parsed.error.issues.map(({ path, message }) => [path.join("."), message].filter(Boolean).join(": "));
  throw new ConnectorError("input_invalid", `Invalid input: ${lines.join("; ")}`, { outcome: "none" });
}
