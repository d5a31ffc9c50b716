/** Permits for calls, and the line of those that wait for one. A permit is given back by itself when its call settles. */
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { LinkedList } from "../core/linked-list.ts";
import type { CallRecord } from "../core/record.ts";

/** Where `auto` starts, its largest limit, and what is left of the limit after an overload. */
const AUTO_START = 10;
const AUTO_MOST = 1_000;
const AUTO_BACKOFF = 0.9;

export class Permits {
  readonly #isAuto: boolean;
  readonly #mostWaiting: number;
  readonly #clock: Clock;
  readonly #queue = new LinkedList<() => void>();
  #limit: number;
  #used = 0;
  /** How often the limit has been lowered. */
  #cuts = 0;

  constructor(limit: number | "auto", mostWaiting: number, clock: Clock) {
    this.#isAuto = limit === "auto";
    this.#limit = limit === "auto" ? AUTO_START : limit;
    this.#mostWaiting = mostWaiting;
    this.#clock = clock;
  }

  /** Takes a permit for the call if one is free. Nobody waits while one is. */
  take(record: CallRecord): boolean {
    if (this.#used >= Math.floor(this.#limit)) return false;
    this.#hold(record);
    return true;
  }

  /** Resolves with a permit in the call's hands; rejects where the queue is full, and as soon as the call is cancelled. */
  wait(call: Call): Promise<void> {
    const cancelled = call.cancelled;
    if (cancelled !== undefined) return Promise.reject(cancelled);
    if (this.#queue.size >= this.#mostWaiting) return Promise.reject(full(this.#mostWaiting));
    const { record } = call;
    const since = this.#clock.now();
    return new Promise((resolve, reject) => {
      const link = this.#queue.push(() => {
        stopListening();
        record.addWait("queued", this.#clock.now() - since);
        // At once, not when the call goes on: it may have settled by then.
        this.#hold(record);
        resolve();
      });
      const stopListening = call.onCancel((reason) => {
        this.#queue.remove(link);
        record.addWait("queued", this.#clock.now() - since);
        reject(reason);
      });
    });
  }

  #hold(record: CallRecord): void {
    this.#used++;
    if (!this.#isAuto) return record.onSettled(this.#release);
    const cuts = this.#cuts;
    record.onSettled(() => {
      this.#learn(record, cuts);
      this.#release();
    });
  }

  // One for all calls, because nothing in it is a call's own.
  readonly #release = (): void => {
    this.#used--;
    while (this.#queue.size > 0 && this.#used < Math.floor(this.#limit)) this.#queue.shift()!();
  };

  #learn({ result, attempts }: CallRecord, cutsBefore: number): void {
    // What never reached the system says nothing of it.
    if (attempts === 0) return;
    if (result === "ok") {
      if (this.#used * 2 >= this.#limit) this.#limit = Math.min(AUTO_MOST, this.#limit + 1 / this.#limit);
    } else if (result === "timeout" || result === "unavailable" || result === "rate_limited") {
      // What began before the last cut has told the same already.
      if (cutsBefore !== this.#cuts) return;
      this.#limit = Math.max(1, this.#limit * AUTO_BACKOFF);
      this.#cuts++;
    }
  }
}

function full(mostWaiting: number): ConnectorError {
  const message = mostWaiting === 0 ? "No place is free" : `No place is free, and ${mostWaiting} calls wait for one`;
  return new ConnectorError("rate_limited", message, {
    by: "concurrency",
    outcome: "none",
    hint: "Send fewer calls at a time, or raise the limit or the queue.",
  });
}
