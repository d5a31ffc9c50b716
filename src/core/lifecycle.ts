/**
 * From disconnected to connected and back, whatever comes at the same time.
 *
 * `connect` is single-flight: all who ask while a session is being opened share that attempt, and a failed attempt leaves
 * nothing behind, so the next one starts afresh. `disconnect` refuses new calls, waits for the running ones up to a
 * limit (they keep the session, for their repeats too), cancels the rest and closes. Both may be called at any time, also
 * twice, also while the other is under way. Who connects while a session is being closed gets the next one.
 *
 * `replace` opens another session beside the live one and, only when that has worked, puts it in its place. Calls that
 * began before keep the old session open until they have settled; their repeats run on the new one, and keep that open as
 * well. So there is no moment without a session, and a new one that cannot be opened changes nothing.
 */
import { orAborted } from "./abort.ts";
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { ConnectorError } from "./errors.ts";
import type { StateEvent } from "./events.ts";
import type { CallRecord } from "./record.ts";
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
export const RETIRE_MS = 300_000;
/** Longest that a session may take to be opened beside a live one, where opening has no limit. */
const REPLACE_MS = 60_000;

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
  /** Calls that began with an earlier session and run on a later one, each with those of the session that it got last. */
  readonly #moved = new WeakMap<CallRecord, RunningCalls>();
  #session: S | undefined;
  /** The session of the calls that still run while it is being closed. */
  #draining: S | undefined;
  #opening: Opening<S> | undefined;
  #replacing: Opening<unknown> | undefined;
  #closing: Promise<void> | undefined;
  #drainMs = 0;
  /** Those that are waited for before it is closed. */
  #awaited: readonly RunningCalls[] = [];

  constructor(hooks: LifecycleHooks<S>) {
    this.#hooks = hooks;
  }

  /** The live session; `undefined` while there is none or it is being closed. */
  get session(): S | undefined {
    return this.#session;
  }

  /** The session for a try of a call that runs already: also one that waits for its calls before it is closed. */
  sessionFor(call: Call): S | undefined {
    // Where no session was replaced, the call is among those who keep the live one open.
    if (this.#retired.size > 0) this.#move(call);
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

  /** While it is being closed, a shorter limit than before shortens the wait. */
  disconnect(drainMs: number): Promise<void> {
    if (this.#closing !== undefined) {
      this.#drainMs = Math.min(this.#drainMs, drainMs);
      for (const calls of this.#awaited) void this.#drain(calls);
      return this.#closing;
    }
    this.#drainMs = drainMs;
    return (this.#closing = this.#close().finally(() => (this.#closing = undefined)));
  }

  /** Whether nothing is being opened or closed. */
  get isSettled(): boolean {
    return this.#opening === undefined && this.#closing === undefined;
  }

  get isOpening(): boolean {
    return this.#opening !== undefined;
  }

  /** Resolves when what is being opened now is done, well or not. */
  async opened(): Promise<void> {
    await this.#opening?.promise.catch(() => {});
  }

  /**
   * Puts a session that `open` makes in the place of the live one. One at a time, while a session is live. Rejects, and
   * leaves everything as it was, where it cannot be opened or the connector is disconnected meanwhile.
   *
   * @param onReplaced runs in the moment of the exchange.
   * @param limitMs most milliseconds that opening may take; 0 means a minute: what waits for it must not wait for ever.
   */
  async replace(open: Open<S>, onReplaced: () => void, limitMs: number): Promise<void> {
    const replacing = this.#begin((abort) => this.#opened(open, abort, limitMs || REPLACE_MS));
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
  async renew(work: (session: S, signal: AbortSignal) => Promise<void>, limitMs: number): Promise<void> {
    const session = this.#session;
    if (session === undefined) throw disconnected();
    const renew = (signal: AbortSignal): Promise<void> => work(session, signal);
    try {
      await (this.#replacing = this.#begin((abort) => this.#limited(renew, abort, limitMs || REPLACE_MS))).promise;
    } finally {
      this.#replacing = undefined;
    }
  }

  /** Counts a try among those who keep the live session open, where its call began with an earlier one. */
  #move(call: Call): void {
    const { record } = call;
    if (this.#moved.get(record) === this.#running) return;
    this.#moved.set(record, this.#running);
    record.onSettled(this.#running.enter(call));
  }

  #begin<T>(open: (abort: AbortController) => Promise<T>): Opening<T> {
    const abort = new AbortController();
    return { abort, promise: open(abort) };
  }

  async #open(abort: AbortController): Promise<S> {
    const { open, onState } = this.#hooks;
    onState("connecting");
    try {
      this.#session = await this.#opened(open, abort, this.#hooks.connectLimitMs());
      onState("connected");
      return this.#session;
    } catch (error) {
      onState("disconnected", error instanceof Error ? error.message : undefined, error);
      throw error;
    } finally {
      this.#opening = undefined;
    }
  }

  async #opened(open: Open<S>, abort: AbortController, limitMs: number): Promise<S> {
    const session = await this.#limited(open, abort, limitMs, (late) => void soon(() => late.close()).catch(() => {}));
    // What TypeScript refuses, JavaScript does not.
    if (typeof (session as Partial<S> | undefined | null)?.close !== "function") throw noSession();
    return session;
  }

  async #limited<T>(
    work: (signal: AbortSignal) => Promise<T>,
    abort: AbortController,
    limitMs: number,
    onLate?: (value: T) => void,
  ): Promise<T> {
    const { clock } = this.#hooks;
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

  async #close(): Promise<void> {
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
      this.#awaited = [this.#running, ...this.#retired.keys()];
      await Promise.all(this.#awaited.map((calls) => this.#drain(calls)));
      this.#awaited = [];
      this.#draining = undefined;
      await Promise.all([...this.#retired.values(), session && this.#end(session)]);
    } finally {
      this.#hooks.onState("disconnected");
    }
  }

  #drain(calls: RunningCalls): Promise<void> {
    return calls.drain(this.#hooks.clock, this.#drainMs, "Disconnected");
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
