/**
 * One connection of the driver, with what the contract asks of it.
 *
 * A user's statement is always prepared: the server takes one statement only, and tells what it answers with before it is
 * run. Other than the contract's transactions, the server's go on after a failed statement; so after one everything but a
 * rollback is refused here.
 */
import type { Call } from "../../../core/call.ts";
import { StatementGuard, type CancellingHooks } from "../../../contracts/sql/cancelling.ts";
import type { Statement } from "../../../contracts/sql/compile.ts";
import type { RunOptions, SqlConnection, SqlResult, SqlResults } from "../../../contracts/sql/connection.ts";
import { runInTurn } from "../../../contracts/sql/in-turn.ts";
import { type Client, type Prepared } from "../wire/client.ts";
import { Execution } from "../wire/execution.ts";
import { IN_TRANSACTION, type Header, type Status } from "../wire/ok.ts";
import { isOwn } from "../text/dialect.ts";
import { encodeParameters, forStatement } from "../values/parameters.ts";
import { answerOf, errnoOf, isOfServer, isRead, type Answer } from "./answer.ts";
import { gather } from "./gather.ts";
import { doomed, lost, notRead, otherNumber, untold } from "./refusals.ts";
import { PreparedStatements } from "./prepared.ts";
import { readBatches } from "./row-batches.ts";
import type { Read, Run } from "./run.ts";

export interface ConnectionSettings extends Omit<CancellingHooks, "destroy"> {
  readonly status: Status;
}

const CLOSE_MS = 1_000;
/** Tries to meet a cancellation that came late. */
const MOST_STRIKES = 3;
const NOT_PREPARABLE = 1295;
const INTERRUPTED = 1317;

export class MySQLConnection implements SqlConnection {
  readonly #client: Client;
  readonly #settings: ConnectionSettings;
  readonly #guard: StatementGuard;
  readonly #prepared: PreparedStatements;
  #isOver = false;
  #isChanged = false;
  /** The next transaction that is begun has an isolation level of its own. */
  #isLevelSet = false;
  #hasFailed = false;
  /** A cancellation was sent, and may not have struck yet. */
  #wasCancelled = false;
  #fail: ((error: Error) => void) | undefined;

  constructor(client: Client, settings: ConnectionSettings) {
    this.#client = client;
    this.#settings = settings;
    this.#prepared = new PreparedStatements(client);
    this.#guard = new StatementGuard({
      clock: settings.clock,
      requestCancel: (signal) => {
        this.#wasCancelled = true;
        return settings.requestCancel(signal);
      },
      destroy: () => this.destroy(),
    });
  }

  get transaction(): SqlConnection["transaction"] {
    if (!this.#isInTransaction) return "none";
    return this.#hasFailed ? "failed" : "open";
  }

  get #isInTransaction(): boolean {
    return (this.#settings.status.flags & IN_TRANSACTION) !== 0;
  }

  get isBroken(): boolean {
    return this.#isOver || !this.#client.stream.writable;
  }

  /** Whether it was ended from this side. */
  get isOver(): boolean {
    return this.#isOver;
  }

  get isTidy(): boolean {
    return !this.#isChanged && !this.#isLevelSet && !this.#wasCancelled && !this.#guard.isCancelling;
  }

  async run(statement: Statement, { call, rowsOnly = false, ...bounds }: RunOptions = {}): Promise<SqlResult> {
    const { sql } = statement;
    if (this.transaction === "failed" && !sql.startsWith("ROLLBACK")) {
      if (sql !== "COMMIT") throw doomed();
      return { ...(await this.run({ sql: "ROLLBACK", values: [] }, { call })), command: "ROLLBACK" };
    }
    const wasOpen = this.transaction === "open";
    const answer = await this.#exchange(statement, { call, rowsOnly }, (run, waiting) => gather(run, bounds, waiting));
    if (sql.startsWith("ROLLBACK")) this.#hasFailed = false;
    // BEGIN and COMMIT AND CHAIN keep what was done and leave another transaction open.
    if (wasOpen && this.#settings.status.hasBegun) await this.run({ sql: "ROLLBACK", values: [] });
    return { ...answer, command: /^\w+/.exec(sql)?.[0].toUpperCase() ?? "" };
  }

  runAll(statements: readonly Statement[], options?: Pick<RunOptions, "call">): Promise<SqlResults> {
    return runInTurn(this, statements, options);
  }

  batches(
    statement: Statement,
    { call, rowsOnly = false, batchSize }: RunOptions & { readonly batchSize: number },
  ): AsyncGenerator<Pick<SqlResult, "rows" | "columns">, void, undefined> {
    return readBatches({
      client: this.#client,
      batchSize,
      call,
      start: (read) => this.#exchange(statement, { call, rowsOnly }, read),
    });
  }

  /** What a statement left behind in the session ends with its connection. */
  async tidy(): Promise<void> {
    await this.#guard.settled();
    if (this.#isChanged || this.#isLevelSet) this.destroy();
    else await this.#meetCancellation().catch(() => this.destroy());
  }

  async probe(): Promise<boolean> {
    try {
      await this.#exchange(NOTHING, { call: undefined, rowsOnly: false }, () => {});
      return true;
    } catch {
      this.destroy();
      return false;
    }
  }

  /** Whatever is under way fails with `error`. */
  destroy(error: Error = lost()): void {
    this.#isOver = true;
    this.#client.stream.destroy();
    this.#fail?.(error);
  }

  /** Says goodbye where that is possible. Never rejects. */
  async close(): Promise<void> {
    this.#isOver = true;
    await new Promise<void>((resolve) => {
      const timer = this.#settings.clock.after(CLOSE_MS, () => resolve());
      this.#client.end(() => {
        timer.cancel();
        resolve();
      });
    });
    this.#client.stream.destroy();
  }

  async #exchange(
    statement: Statement,
    { call, rowsOnly }: { readonly call: Call | undefined; readonly rowsOnly: boolean },
    read: Read,
  ): Promise<Answer> {
    if (this.#wasCancelled && statement !== NOTHING) {
      await this.#guard.settled();
      await this.#meetCancellation();
    }
    const wasOpen = this.#isInTransaction;
    try {
      const answer = await this.#guard.run((stop) => this.#begin(statement, { rowsOnly, call, stop }, read), call);
      this.#noteChanges(statement.sql, answer.header);
      return answer;
    } catch (error) {
      if (statement !== NOTHING && isOfServer(error)) await this.#learnStatus();
      this.#hasFailed = wasOpen && this.#isInTransaction;
      throw error;
    }
  }

  #begin(
    { sql, values }: Statement,
    {
      rowsOnly,
      call,
      stop,
    }: { readonly rowsOnly: boolean; readonly call: Call | undefined; readonly stop: () => void },
    read: Read,
  ): Promise<Answer> {
    const { status } = this.#settings;
    return new Promise((answered, failed) => {
      if (this.isBroken) return failed(lost());
      // What was lost before the server was told to run it has had no effect.
      let isTold = false;
      this.#fail = (error) => failed(isTold ? error : untold(error));
      status.hasBegun = false;
      const ask = (): void => {
        isTold = true;
        status.header = undefined;
        this.#client.query({ sql }, (error, rows, fields) => {
          if (error !== null && error !== undefined) failed(error);
          else answered(answerOf(rows, fields, status.header));
        });
      };
      if (isOwn(sql) && !rowsOnly) return ask();
      const packet = encodeParameters(values);
      const execute = (prepared: Prepared): void => {
        if (rowsOnly && !isRead(prepared.columns)) return failed(notRead());
        if (prepared.parameters.length !== values.length) return failed(otherNumber());
        isTold = true;
        const run: Run = (sink) => {
          const execution = new Execution(forStatement(packet, prepared.id), { holder: prepared, status, sink });
          this.#client.addCommand(execution);
          return execution;
        };
        read(run, { answered, failed, stop });
      };
      const kept = this.#prepared.get(sql);
      if (kept !== undefined) return execute(kept);
      this.#prepared.take(sql, (error, prepared) => {
        if (call?.cancelled !== undefined) return failed(call.cancelled);
        if (errnoOf(error) === NOT_PREPARABLE && !rowsOnly && values.length === 0) return ask();
        if (error !== null) return failed(isOfServer(error) ? error : untold(error));
        execute(prepared);
      });
    });
  }

  /** The server does not say with an error whether the transaction is still open. */
  async #learnStatus(): Promise<void> {
    await this.#guard.settled();
    this.#wasCancelled = true;
    await this.#meetCancellation().catch(() => this.destroy());
  }

  /** Lets a cancellation that came after its statement strike one of no consequence. */
  async #meetCancellation(): Promise<void> {
    for (let strike = 1; this.#wasCancelled; strike++)
      try {
        await this.#exchange(NOTHING, { call: undefined, rowsOnly: false }, () => {});
        this.#wasCancelled = false;
      } catch (error) {
        if (errnoOf(error) !== INTERRUPTED || strike === MOST_STRIKES) throw error;
      }
  }

  #noteChanges(sql: string, header: Header | undefined): void {
    if (sql.startsWith("START TRANSACTION")) this.#isLevelSet = false;
    if (isOwn(sql)) {
      this.#isLevelSet ||= sql.startsWith("SET TRANSACTION");
      return;
    }
    this.#isChanged ||= header?.hasChangedSession === true;
  }
}

const NOTHING: Statement = { sql: "DO 0", values: [] };
