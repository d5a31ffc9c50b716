/**
 * Ending a statement from outside without hitting another.
 *
 * Databases end a running statement on a message that names a connection, not a statement, and comes by another way
 * (PostgreSQL's CancelRequest, MySQL's KILL QUERY). It can arrive when the statement is already over, and then it strikes
 * whatever runs next on that connection: somebody else's call. So after asking for a cancellation nothing else is run
 * there until both are certain, that the statement has ended and that the message can no longer strike; and where that is
 * not certain soon, the connection is given up.
 *
 * It can also overtake its statement on the way, and then strikes nothing, while the statement runs to its end on the
 * server, even after its connection is gone. So it is sent again as long as the statement has not ended.
 */
import type { Call } from "../../core/call.ts";
import type { Clock } from "../../core/clock.ts";
import { ConnectorError } from "../../core/errors.ts";

/** What guarding a connection takes. */
export interface CancellingHooks {
  readonly clock: Clock;
  /** Asks the database to end the running statement; resolves when the request can no longer strike. */
  requestCancel(this: void, signal: AbortSignal): Promise<void>;
  /** Ends the connection at once, and with it what runs there. */
  destroy(this: void): void;
}

/** How long a statement may take to end after it was cancelled. */
const GRACE_MS = 1_000;
/** After so long without effect the database is asked again. */
const AGAIN_MS = 100;
/** How long busbar's own statements (ROLLBACK, a sign of life) may take. */
const OWN_MS = 2_000;

/** Runs the statements of one connection, one at a time. */
export class StatementGuard {
  readonly #hooks: CancellingHooks;
  #cancelling: Promise<void> | undefined;

  constructor(hooks: CancellingHooks) {
    this.#hooks = hooks;
  }

  /** Runs a statement that ends with its call, or when `start` calls `stop`; one without a call must end soon. */
  async run<T>(start: (stop: () => void) => Promise<T>, call: Call | undefined): Promise<T> {
    if (this.#cancelling !== undefined) await this.#cancelling;
    const stop = (): void => this.#cancel(answer);
    if (call !== undefined) call.throwIfCancelled();
    const answer: Promise<T> = start(stop);
    if (call === undefined) return this.#soon(answer);
    const stopListening = call.onCancel(stop);
    try {
      return await answer;
    } finally {
      stopListening();
    }
  }

  /** Asks the database once to end what runs; resolves when the request can no longer strike, and never rejects. */
  async cancelOnce(): Promise<void> {
    const { clock, requestCancel } = this.#hooks;
    const abort = new AbortController();
    const timer = clock.timeout(GRACE_MS, () => abort.abort());
    await requestCancel(abort.signal).catch(() => {});
    timer.cancel();
  }

  get isCancelling(): boolean {
    return this.#cancelling !== undefined;
  }

  /** Resolves when no cancellation is under way. */
  async settled(): Promise<void> {
    await this.#cancelling;
  }

  #soon<T>(answer: Promise<T>): Promise<T> {
    const { clock, destroy } = this.#hooks;
    return new Promise((resolve, reject) => {
      const timer = clock.timeout(OWN_MS, () => {
        reject(new ConnectorError("timeout", `The database did not answer within ${OWN_MS} ms`));
        destroy();
      });
      answer.finally(() => timer.cancel()).then(resolve, reject);
    });
  }

  #cancel(answer: Promise<unknown>): void {
    if (this.#cancelling !== undefined) return;
    const { clock, destroy } = this.#hooks;
    const abort = new AbortController();
    const timer = clock.timeout(GRACE_MS, () => {
      destroy();
      abort.abort();
    });
    this.#cancelling = Promise.allSettled([answer, this.#requestUntilOver(answer, abort.signal)]).then(() => {
      timer.cancel();
      this.#cancelling = undefined;
    });
  }
  async #requestUntilOver(answer: Promise<unknown>, signal: AbortSignal): Promise<void> {
    const { clock, requestCancel } = this.#hooks;
    const over = answer.then(
      () => true,
      () => true,
    );
    for (let isOver = false; !isOver && !signal.aborted;) {
      await requestCancel(signal);
      isOver = await new Promise<boolean>((resolve) => {
        const timer = clock.timeout(AGAIN_MS, () => resolve(false));
        void over.then(resolve).finally(() => timer.cancel());
      });
    }
  }
}
