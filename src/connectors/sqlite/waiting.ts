/**
 * Waiting for whoever is writing.
 *
 * SQLite's own busy time-out sleeps in the thread that runs statements; where the one that holds the lock needs that
 * thread to let go of it, both would stand still. So drivers are told not to wait, and a statement that found the database
 * busy, which had no effect, is tried again here: as soon as a transaction of this connector has ended, in order of
 * arrival, and every now and then, because other processes tell nobody.
 */
import type { Call } from "../../core/call.ts";
import type { Clock } from "../../core/clock.ts";
import { LinkedList } from "../../core/linked-list.ts";

const FIRST_MS = 1;
const LONGEST_MS = 50;

export class Turns {
  readonly #clock: Clock;
  readonly #busyTimeoutMs: number;
  readonly #waiting = new LinkedList<() => void>();

  constructor(clock: Clock, busyTimeoutMs: number) {
    this.#clock = clock;
    this.#busyTimeoutMs = busyTimeoutMs;
  }

  /** Wakes the one that has waited longest. */
  next(): void {
    this.#waiting.shift()?.();
  }

  /** Runs `work` again as long as `isBusy` says so of its error, the call is wanted and the time-out has not passed. */
  async untilFree<T>(work: () => Promise<T>, isBusy: (error: unknown) => boolean, call?: Call): Promise<T> {
    const until = this.#clock.now() + this.#busyTimeoutMs;
    for (let waitMs = FIRST_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_MS))
      try {
        return await work();
      } catch (error) {
        if (!isBusy(error) || this.#clock.now() >= until) throw error;
        await this.#pause(waitMs, call);
      }
  }

  #pause(waitMs: number, call: Call | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (reason: unknown): void => end(() => reject(reason));
      const end = (settle: () => void): void => {
        timer.cancel();
        this.#waiting.remove(link);
        stopListening?.();
        settle();
      };
      const link = this.#waiting.push(() => end(resolve));
      const timer = this.#clock.timeout(waitMs, () => end(resolve));
      // Where it is cancelled already, `hear` would call before there is anything to stop.
      const reason = call?.cancelled;
      const stopListening = reason === undefined ? call?.onCancel(abort) : undefined;
      if (reason !== undefined) abort(reason);
    });
  }
}
