/**
 * From disconnected to connected and back, whatever comes at the same time.
 *
 * `connect` is single-flight: all who ask while a session is being opened share that attempt, and a failed attempt leaves
 * nothing behind, so the next one starts afresh. `disconnect` refuses new calls, waits for the running ones up to a
 * limit, cancels the rest and closes. Both may be called at any time, also twice, also while the other is under way.
 */
import { orAborted } from "./abort.ts";
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { ConnectorError } from "./errors.ts";
import type { StateEvent } from "./events.ts";

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

export class Lifecycle<S extends Closable> {
  readonly #hooks: LifecycleHooks<S>;
  readonly #running = new Set<Call>();
  #session: S | undefined;
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

  get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  enter(call: Call): void {
    this.#running.add(call);
  }

  leave(call: Call): void {
    this.#running.delete(call);
    if (this.#running.size === 0) this.#onDrained?.();
  }

  async connect(): Promise<S> {
    if (this.#closing !== undefined) await this.#closing;
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
      const session = await orAborted(open(abort.signal), abort.signal, (late) => void late.close().catch(() => {}));
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
    const session = this.#session;
    if (session === undefined) return;
    this.#session = undefined;
    this.#hooks.onState("draining");
    try {
      await this.#drain(drainMs);
      await session.close();
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
}

function tooSlow(limitMs: number): ConnectorError {
  return new ConnectorError("timeout", `no answer within ${limitMs} ms`, {
    outcome: "none",
    hint: "Is a firewall in between, or is the system overloaded?",
  });
}
