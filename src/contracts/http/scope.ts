/** For whom a request is made: a call, whose stage it moves on, or something else that can be aborted. */
import type { Call } from "../../core/call.ts";
import type { Stage } from "../../core/record.ts";

export interface Scope {
  onCancel(listener: (reason: Error) => void): () => void;
  /** Throws the reason where it was cancelled. */
  throwIfCancelled(): void;
  /** Aborted when the scope is. */
  readonly signal: AbortSignal;
  /** Where the call is now: only `running` leaves its effect open. */
  enter(stage: Stage): void;
  /** From here on the effect stays open, whatever comes: something has been carried out, perhaps. */
  pin(): void;
}

export class CallScope implements Scope {
  readonly #call: Call;
  /** The effect of the call stays open, whatever becomes of it. */
  isPinned = false;

  constructor(call: Call) {
    this.#call = call;
  }

  get signal(): AbortSignal {
    return this.#call.signal;
  }

  onCancel(listener: (reason: Error) => void): () => void {
    return this.#call.onCancel(listener);
  }

  throwIfCancelled(): void {
    this.#call.throwIfCancelled();
  }

  enter(stage: Stage): void {
    const { record, attempt } = this.#call;
    // A try that was given up must not speak for the one that runs now.
    if (!this.isPinned && attempt === record.attempts) record.stage = stage;
  }

  pin(): void {
    this.enter("running");
    this.isPinned = true;
  }
}

/** The scope of work that no call asked for. */
export function signalScope(signal: AbortSignal): Scope {
  return {
    signal,
    onCancel(listener) {
      const onAbort = (): void => listener(signal.reason as Error);
      if (signal.aborted) onAbort();
      else signal.addEventListener("abort", onAbort, { once: true });
      return () => signal.removeEventListener("abort", onAbort);
    },
    throwIfCancelled: () => signal.throwIfAborted(),
    enter: () => {},
    pin: () => {},
  };
}
