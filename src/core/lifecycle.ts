/**
 * From disconnected to connected and back, whatever comes at the same time.
 *
 * `connect` is single-flight: all who ask while a session is being opened share that attempt, and a failed attempt leaves
 * nothing behind, so the next one starts afresh. `disconnect` refuses new calls, waits for the running ones up to a
 * limit (they keep the session, for their repeats too), cancels the rest and closes. Both may be called at any time, also
 * twice, also while the other is under way. Who connects while a session is being closed gets the next one.
 *
 * `replace` opens another session beside the live one and, only when that has worked, puts it in its place. Calls that
 * began before keep the old session open until they have settled; their repeats run on the new one. So there is no moment
 * without a session, and a new one that cannot be opened changes nothing.
 */
import { orAborted } from "./abort.ts";
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { ConnectorError } from "./errors.ts";
import type { StateEvent } from "./events.ts";
import { RunningCalls } from "./running-calls.ts";

interface Closable {
  close(): Promise<void>;
}

type Open<S> = (signal: AbortSignal) => Promise<S>;

export interface LifecycleHooks<S extends Closable> {
  readonly clock: Clock;
  /** Most milliseconds that opening may take; 0 means no limit. */
  connectLimitMs(this: void): number;
  open(this: void, signal: AbortSignal): Promise<S>;
  /** @param error why a session could not be opened; `reason` is its message. */
  onState(this: void, state: StateEvent["state"], reason?: string, error?: unknown): void;
  /** A session that was replaced could not be closed; nobody waits for that. */
  onNotClosed(this: void, error: unknown): void;
}

/** Longest wait for a session to close. */
const CLOSE_MS = 10_000;
/** Longest that calls may keep a session that was replaced; longer than all but streams and calls without a limit. */
const RETIRE_MS = 300_000;

interface Opening<S> {
  readonly promise: Promise<S>;
  readonly abort: AbortController;
}

export class Lifecycle<S extends Closable> {
  readonly #hooks: LifecycleHooks<S>;
  /** Those that began since the live session is there. */
  #running = new RunningCalls();
  /** Those that began before, each with the end of their session. */
  readonly #retired = new Map<RunningCalls, Promise<void>>();
  #session: S | undefined;
  /** The session of the calls that still run while it is being closed. */
  #draining: S | undefined;
  #opening: Opening<S> | undefined;
  #replacing: Opening<unknown> | undefined;
  #closing: Promise<void> | undefined;

  constructor(hooks: LifecycleHooks<S>) {
    this.#hooks = hooks;
  }

  /** The live session; `undefined` while there is none or it is being closed. */
  get session(): S | undefined {
    return this.#session;
  }

  /** The session for calls that run already: also one that waits for them before it is closed. */
  get runningSession(): S | undefined {
    return this.#session ?? this.#draining;
  }

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  /** Counts a call among the running ones. Returns how it leaves them. */
  enter(call: Call): () => void {
    return this.#running.enter(call);
  }

  async connect(): Promise<S> {
    // What went wrong while closing is told to whoever closes.
    while (this.#closing !== undefined) await this.#closing.catch(() => {});
    if (this.#session !== undefined) return this.#session;
    return (this.#opening ??= this.#begin((abort) => this.#open(abort))).promise;
  }

  disconnect(drainMs: number): Promise<void> {
    return (this.#closing ??= this.#close(drainMs).finally(() => (this.#closing = undefined)));
  }

  /** Whether nothing is being opened or closed. */
  get isSettled(): boolean {
    return this.#opening === undefined && this.#closing === undefined;
  }

  /** Resolves when what is being opened or closed now is done, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled([this.#opening?.promise, this.#closing]);
  }

  /**
   * Puts a session that `open` makes in the place of the live one. One at a time, while a session is live. Rejects, and
   * leaves everything as it was, where it cannot be opened or the connector is disconnected meanwhile.
   *
   * @param onReplaced runs in the moment of the exchange.
   */
  async replace(open: Open<S>, onReplaced: () => void): Promise<void> {
    const replacing = this.#begin((abort) => this.#opened(open, abort));
    this.#replacing = replacing;
    try {
      const session = await replacing.promise;
      const old = this.#session;
      if (old === undefined) {
        void this.#end(session).catch(this.#hooks.onNotClosed);
        throw disconnected();
      }
      this.#session = session;
      this.#retire(old);
      onReplaced();
    } finally {
      this.#replacing = undefined;
    }
  }

  /** Lets the live session take on something else by itself, as long as that may take and it is not disconnected. */
  async renew(work: (session: S, signal: AbortSignal) => Promise<void>): Promise<void> {
    const session = this.#session;
    if (session === undefined) throw disconnected();
    try {
      await (this.#replacing = this.#begin((abort) => this.#limited((signal) => work(session, signal), abort))).promise;
    } finally {
      this.#replacing = undefined;
    }
  }

  #begin<T>(open: (abort: AbortController) => Promise<T>): Opening<T> {
    const abort = new AbortController();
    return { abort, promise: open(abort) };
  }

  async #open(abort: AbortController): Promise<S> {
    const { open, onState } = this.#hooks;
    onState("connecting");
    try {
      this.#session = await this.#opened(open, abort);
      onState("connected");
      return this.#session;
    } catch (error) {
      onState("disconnected", error instanceof Error ? error.message : undefined, error);
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  async #opened(open: Open<S>, abort: AbortController): Promise<S> {
    const session = await this.#limited(open, abort, (late) => void soon(() => late.close()).catch(() => {}));
    // What TypeScript refuses, JavaScript does not.
    if (typeof (session as Partial<S> | undefined | null)?.close !== "function") throw noSession();
    return session;
  }

  async #limited<T>(
    work: (signal: AbortSignal) => Promise<T>,
    abort: AbortController,
    onLate?: (value: T) => void,
  ): Promise<T> {
    const { clock, connectLimitMs } = this.#hooks;
    const limitMs = connectLimitMs();
    const timer = limitMs > 0 ? clock.timeout(limitMs, () => abort.abort(tooSlow(limitMs))) : undefined;
    try {
      return await orAborted(
        soon(() => work(abort.signal)),
        abort.signal,
        onLate,
      );
    } finally {
      timer?.cancel();
    }
  }

  async #close(drainMs: number): Promise<void> {
    for (const opening of [this.#opening, this.#replacing]) {
      if (opening === undefined) continue;
      opening.abort.abort(disconnected());
      await opening.promise.catch(() => {});
    }
    const session = (this.#draining = this.#session);
    if (session === undefined && this.#running.size === 0 && this.#retired.size === 0) return;
    this.#session = undefined;
    this.#hooks.onState("draining");
    try {
      const groups = [this.#running, ...this.#retired.keys()];
      await Promise.all(groups.map((calls) => calls.drain(this.#hooks.clock, drainMs, "Disconnected")));
      this.#draining = undefined;
      await Promise.all([...this.#retired.values(), session && this.#end(session)]);
    } finally {
      this.#hooks.onState("disconnected");
    }
  }

  /** Closes a session that was replaced, as soon as the calls that may use it are over. */
  #retire(session: S): void {
    const { clock, onNotClosed } = this.#hooks;
    const calls = this.#running;
    this.#running = new RunningCalls();
    const ended = calls
      .drain(clock, RETIRE_MS, "The connector was given another configuration")
      .then(() => this.#end(session))
      .catch(onNotClosed)
      .finally(() => this.#retired.delete(calls));
    this.#retired.set(calls, ended);
  }

  async #end(session: S): Promise<void> {
    const abort = new AbortController();
    const timer = this.#hooks.clock.after(CLOSE_MS, () => abort.abort(notClosed()));
    try {
      await orAborted(
        soon(() => session.close()),
        abort.signal,
      );
    } finally {
      timer.cancel();
    }
  }
}

/** Starts `work` now; what it throws before its first wait is a rejection like the rest. */
async function soon<T>(work: () => Promise<T>): Promise<T> {
  return work();
}

function disconnected(): ConnectorError {
  return new ConnectorError("cancelled", "Disconnected while connecting", { outcome: "none" });
}

function noSession(): ConnectorError {
  return new ConnectorError("internal", "the connector's `open` answered with no session", { outcome: "none" });
}

function tooSlow(limitMs: number): ConnectorError {
  return new ConnectorError("timeout", `no answer within ${limitMs} ms`, {
    outcome: "none",
    hint: "Is a firewall in between, or is the system overloaded?",
  });
}

function notClosed(): ConnectorError {
  return new ConnectorError("timeout", `The session did not close within ${CLOSE_MS} ms; it is left to itself`);
}
