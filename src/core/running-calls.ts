/** The calls that use one session: they keep it open until the last of them has settled, up to a limit. */
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { ConnectorError } from "./errors.ts";
import { LinkedList } from "./linked-list.ts";

/** Calls that have begun and not settled. */
export class RunningCalls {
  readonly #calls = new LinkedList<Call>();
  readonly #whenEmpty = new Set<() => void>();

  get size(): number {
    return this.#calls.size;
  }

  /** Counts a call among them. Returns how it leaves. */
  enter(call: Call): () => void {
    const link = this.#calls.push(call);
    return () => {
      this.#calls.remove(link);
      // Mostly nobody waits for that, and walking through nothing costs something too.
      if (this.#calls.size === 0 && this.#whenEmpty.size > 0) for (const tell of this.#whenEmpty) tell();
    };
  }

  /**
   * Resolves when none is left: those that still run after `limitMs` are cancelled. Several may drain at the same time;
   * the shortest limit counts.
   *
   * @param why begins the message of a cancelled call: "Disconnected".
   */
  async drain(clock: Clock, limitMs: number, why: string): Promise<void> {
    if (this.#calls.size === 0) return;
    await new Promise<void>((resolve) => {
      const over = (): void => {
        timer.cancel();
        this.#whenEmpty.delete(over);
        resolve();
      };
      const timer = clock.after(limitMs, over);
      this.#whenEmpty.add(over);
    });
    for (const call of [...this.#calls]) call.cancel(cutOff(call, limitMs, why));
  }
}

function cutOff(call: Call, limitMs: number, why: string): ConnectorError {
  const message = `${why} while ${call.record.stage}, after ${limitMs} ms of waiting`;
  return new ConnectorError("cancelled", message, { outcome: call.outcome });
}
