/**
 * From disconnected to connected and back, whatever comes at the same time.
 *
 * `connect` is single-flight: all who ask while a session is being opened share that attempt, and a failed attempt leaves
 * nothing behind, so the next one starts afresh. `disconnect` refuses new calls, waits for the running ones up to a
 * limit (they keep the session, for their repeats too), cancels the rest and closes. Both may be called at any time, also
 * twice, also while the other is under way. Who connects while a session is being closed gets the next one.
 */
import { orAborted } from "./abort.ts";
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { ConnectorError } from "./errors.ts";
import type { StateEvent } from "./events.ts";
import { LinkedList } from "./linked-list.ts";

interface Closable {
  close(): Promise<void>;
}

export interface LifecycleHooks<S extends Closable> {
  readonly clock: Clock;
  /** Most milliseconds that opening may take; 0 means no limit. */
  readonly connectLimitMs: number;
  open(this: void, signal: AbortSignal): Promise<S>;
  onState(this: void, state: StateEvent["state"], reason?: string): void;
}

/** Longest wait for a session to close. */
const CLOSE_MS = 10_000;

export class Lifecycle<S extends Closable> {
  readonly #hooks: LifecycleHooks<S>;
  readonly #running = new LinkedList<Call>();
  #session: S | undefined;
  /** The session of the calls that still run while it is being closed. */
  #draining: S | undefined;
  #opening: { readonly promise: Promise<S>; readonly abort: AbortController } | undefined;
  #closing: Promise<void> | undefined;
  #onDrained: (() => void) | undefined;

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
    const link = this.#running.push(call);
    return () => {
      this.#running.remove(link);
      if (this.#running.size === 0) this.#onDrained?.();
    };
  }

  async connect(): Promise<S> {
    // What went wrong while closing is told to whoever closes.
    while (this.#closing !== undefined) await this.#closing.catch(() => {});
    if (this.#session !== undefined) return this.#session;
    if (this.#opening === undefined) {
      const abort = new AbortController();
      this.#opening = { abort, promise: this.#open(abort) };
    }
    return this.#opening.promise;
  }

  disconnect(drainMs: number): Promise<void> {
    return (this.#closing ??= this.#close(drainMs).finally(() => (this.#closing = undefined)));
  }

  async #open(abort: AbortController): Promise<S> {
    const { clock, connectLimitMs, open, onState } = this.#hooks;
    onState("connecting");
    const timer =
      connectLimitMs > 0 ? clock.timeout(connectLimitMs, () => abort.abort(tooSlow(connectLimitMs))) : undefined;
    try {
      const session = await orAborted(
        soon(() => open(abort.signal)),
        abort.signal,
        (late) => void soon(() => late.close()).catch(() => {}),
      );
      // What TypeScript refuses, JavaScript does not.
      if (typeof (session as Partial<S> | undefined | null)?.close !== "function") throw noSession();
      this.#session = session;
      onState("connected");
      return session;
    } catch (error) {
      onState("disconnected", error instanceof Error ? error.message : undefined);
      throw error;
    } finally {
      timer?.cancel();
      this.#opening = undefined;
    }
  }

  async #close(drainMs: number): Promise<void> {
    if (this.#opening !== undefined) {
      this.#opening.abort.abort(new ConnectorError("cancelled", "Disconnected while connecting", { outcome: "none" }));
      await this.#opening.promise.catch(() => {});
    }
    const session = (this.#draining = this.#session);
    if (session === undefined && this.#running.size === 0) return;
    this.#session = undefined;
    this.#hooks.onState("draining");
    try {
      await this.#drain(drainMs);
      this.#draining = undefined;
      if (session !== undefined) await this.#end(session);
    } finally {
      this.#hooks.onState("disconnected");
    }
  }

  async #drain(drainMs: number): Promise<void> {
    if (this.#running.size === 0) return;
    await new Promise<void>((resolve) => {
      const timer = this.#hooks.clock.after(drainMs, resolve);
      this.#onDrained = () => {
        timer.cancel();
        resolve();
      };
    });
    this.#onDrained = undefined;
    for (const call of [...this.#running])
      call.cancel(
        new ConnectorError("cancelled", `Disconnected while ${call.record.stage}, after ${drainMs} ms of waiting`, {
          outcome: call.outcome,
        }),
      );
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
