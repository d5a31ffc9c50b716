/**
 * One statement at a time on the driver's connection: begun, ended with its call, and afterwards certain in what state it
 * has left the connection.
 *
 * A user's statement is always prepared: the server takes one statement only, and tells what it answers with before it is
 * run.
 */
import type { Call } from "../../../core/call.ts";
import { StatementGuard, type CancellingHooks } from "../../../contracts/sql/cancelling.ts";
import type { Statement } from "../../../contracts/sql/compile.ts";
import { Execution } from "../protocol/execution.ts";
import { IN_TRANSACTION, type Status } from "../protocol/ok.ts";
import { isOwn } from "../text/dialect.ts";
import { isRead } from "../text/is-read.ts";
import { encodeParameters, forStatement } from "../values/parameters.ts";
import type { Client, Prepared } from "../wire/client.ts";
import { answerOf, errnoOf, isOfServer, type Answer } from "../answers/answer.ts";
import { PreparedStatements } from "./prepared.ts";
import { lost, notRead, otherNumber, untold } from "./refusals.ts";
import type { Read, Run } from "../answers/run.ts";

export interface ExchangeSettings extends Omit<CancellingHooks, "destroy"> {
  readonly status: Status;
}

/** How one statement is run. */
export interface Terms {
  readonly call: Call | undefined;
  readonly rowsOnly: boolean;
}

/** Tries to meet a cancellation that came late. */
const MOST_STRIKES = 3;
const NOT_PREPARABLE = 1295;
const INTERRUPTED = 1317;
const NOTHING: Statement = { sql: "DO 0", values: [] };

export class Exchange {
  readonly client: Client;
  readonly status: Status;
  /** A statement of the open transaction has failed. */
  hasFailed = false;
  readonly prepared: PreparedStatements;
  readonly #guard: StatementGuard;
  /** A cancellation was sent, and may not have struck yet. */
  #wasCancelled = false;
  #isOver = false;
  #fail: ((error: Error) => void) | undefined;

  constructor(client: Client, { status, clock, requestCancel }: ExchangeSettings) {
    this.client = client;
    this.status = status;
    this.prepared = new PreparedStatements(client);
    this.#guard = new StatementGuard({
      clock,
      requestCancel: (signal) => {
        this.#wasCancelled = true;
        return requestCancel(signal);
      },
      destroy: () => this.destroy(),
    });
  }

  get isInTransaction(): boolean {
    return (this.status.flags & IN_TRANSACTION) !== 0;
  }

  get isBroken(): boolean {
    return this.#isOver || !this.client.stream.writable;
  }

  /** Whether it was ended from this side. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Nothing is on its way that could strike the next statement. */
  get isCalm(): boolean {
    return !this.#wasCancelled && !this.#guard.isCancelling;
  }

  /** Nothing more is begun. */
  close(): void {
    this.#isOver = true;
  }

  /** Whatever is under way fails with `error`. */
  destroy(error: Error = lost()): void {
    this.#isOver = true;
    this.client.stream.destroy();
    this.#fail?.(error);
  }

  /** Asks once for what runs to be ended; resolves when that can no longer strike. Never rejects. */
  cancelOnce(): Promise<void> {
    return this.#guard.cancelOnce();
  }

  /** Asks for a sign of life. */
  async probe(): Promise<void> {
    await this.run(NOTHING, { call: undefined, rowsOnly: false }, () => {});
  }

  /** Runs a statement; `read` takes its answer. */
  async run(statement: Statement, { call, rowsOnly }: Terms, read: Read): Promise<Answer> {
    const isNothing = statement === NOTHING;
    if (this.#wasCancelled && !isNothing) await this.calm();
    const wasOpen = this.isInTransaction;
    try {
      return await this.#guard.run((stop) => this.#begin(statement, { rowsOnly, call, stop }, read), call);
    } catch (error) {
      throw await this.#afterFailure(error, { wasOpen, isNothing });
    }
  }

  /** Runs a command of another kind. */
  async command<T>(
    call: Call | undefined,
    begin: (answered: (answer: T) => void, failed: (error: Error) => void) => void,
  ): Promise<T> {
    const work = (): Promise<T> =>
      new Promise((answered, failed) => {
        if (this.isBroken) return failed(lost());
        this.#fail = failed;
        begin(answered, failed);
      });
    const wasOpen = this.isInTransaction;
    try {
      return await this.#guard.run(work, call);
    } catch (error) {
      throw await this.#afterFailure(error, { wasOpen });
    }
  }

  /** Lets a cancellation that came after its statement strike one of no consequence. */
  async calm(): Promise<void> {
    await this.#guard.settled();
    for (let strike = 1; this.#wasCancelled; strike++)
      try {
        await this.probe();
        this.#wasCancelled = false;
      } catch (error) {
        if (errnoOf(error) !== INTERRUPTED || strike === MOST_STRIKES) throw error;
      }
  }

  /** The server does not say with an error whether the transaction is still open. */
  async #afterFailure(
    error: unknown,
    { wasOpen, isNothing = false }: { readonly wasOpen: boolean; readonly isNothing?: boolean },
  ): Promise<unknown> {
    if (!isNothing && isOfServer(error)) {
      await this.#guard.settled();
      this.#wasCancelled = true;
      await this.calm().catch(() => this.destroy());
    }
    this.hasFailed = wasOpen && this.isInTransaction;
    return error;
  }

  #begin(
    { sql, values, isOnce = false }: Statement,
    { rowsOnly, call, stop }: Terms & { readonly stop: () => void },
    read: Read,
  ): Promise<Answer> {
    const { client, status } = this;
    return new Promise((answered, failed) => {
      if (this.isBroken) return failed(lost());
      // What was lost before the server was told to run it has had no effect.
      let isTold = false;
      this.#fail = (error) => failed(isTold ? error : untold(error));
      status.hasBegun = false;
      const ask = (): void => {
        isTold = true;
        status.header = undefined;
        client.query({ sql }, (error, rows, fields) => {
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
          client.addCommand(execution);
          return execution;
        };
        read(run, { answered, failed, stop }, prepared);
      };
      const kept = this.prepared.get(sql);
      if (kept !== undefined) return execute(kept);
      this.prepared.take({ sql, isOnce }, (error, prepared) => {
        if (call?.cancelled !== undefined) return failed(call.cancelled);
        if (errnoOf(error) === NOT_PREPARABLE && !rowsOnly && values.length === 0) return ask();
        if (error !== null) return failed(isOfServer(error) ? error : untold(error));
        execute(prepared);
      });
    });
  }
}
