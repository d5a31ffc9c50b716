/**
 * Notifications on a connection of their own, outside of the pool, for as long as somebody reads.
 *
 * The server forgets whoever is not connected, so a lost connection is made anew, with growing pauses, and then a `gap`
 * tells that something may have been missed. So does a reader who is too slow: what waits is bounded. A line that is
 * silently dead is found by asking for a sign of life now and then.
 */
import type { Call } from "../../../core/call.ts";
import type { Clock } from "../../../core/clock.ts";
import { pause } from "../../../core/pause.ts";
import type { PostgreSQLConnection } from "../connection.ts";
import { dialect } from "../text/dialect.ts";
import type { Heard } from "./operations.ts";

/** Notifications that wait for their reader. */
const MOST_WAITING = 10_000;
const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;
/** Silence after which the connection is asked for a sign of life. */
const SILENCE_MS = 15_000;

export interface ListenSettings {
  readonly clock: Clock;
  /** Opens a connection; `onLost` hears of its end. */
  connect(this: void, signal: AbortSignal, onLost: () => void): Promise<PostgreSQLConnection>;
}

/** Yields what comes; ends with the call. */
export async function* listen(
  channels: readonly string[],
  call: Call,
  { clock, connect }: ListenSettings,
): AsyncGenerator<Heard, void, undefined> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let round = 0; ; round++) {
    const inbox = new Inbox(clock);
    let connection: PostgreSQLConnection | undefined;
    try {
      connection = await connect(call.signal, () => inbox.close());
      connection.onNotification((message) => inbox.put({ type: "notification", ...message }));
      for (const channel of channels)
        await connection.run({ sql: `LISTEN ${dialect.quote(channel)}`, values: [] }, { call });
      pauseMs = FIRST_PAUSE_MS;
      yield round === 0 ? { type: "listening", channels: [...channels] } : { type: "gap" };
      yield* inbox.read(call, connection);
    } catch (error) {
      // Who cannot connect at first hears of it; what works once is made to work again.
      if (round === 0 || call.cancelled !== undefined) throw error;
    } finally {
      await connection?.close();
    }
    call.throwIfCancelled();
    await pause(call, pauseMs, clock);
    pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
  }
}

/** What has come and is not read. */
class Inbox {
  readonly #clock: Clock;
  #items: Heard[] = [];
  #hasOverflown = false;
  #isClosed = false;
  #wake: (() => void) | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  put(item: Heard): void {
    if (this.#items.length >= MOST_WAITING) {
      this.#items = [];
      this.#hasOverflown = true;
    }
    if (!this.#hasOverflown) this.#items.push(item);
    this.#wake?.();
  }

  /** The connection is gone. */
  close(): void {
    this.#isClosed = true;
    this.#wake?.();
  }

  async *read(call: Call, connection: PostgreSQLConnection): AsyncGenerator<Heard, void, undefined> {
    while (!this.#isClosed) {
      const items = this.#items;
      this.#items = [];
      if (this.#hasOverflown) {
        this.#hasOverflown = false;
        yield { type: "gap" };
      } else if (items.length > 0) yield* items;
      else if (!(await this.#somethingHappens(call)) && !(await connection.probe())) return;
      call.throwIfCancelled();
    }
  }

  /** False where nothing has happened for a while. */
  #somethingHappens(call: Call): Promise<boolean> {
    if (this.#items.length > 0 || this.#isClosed || this.#hasOverflown) return Promise.resolve(true);
    return new Promise((resolve) => {
      const settle = (hasHappened: boolean): void => {
        this.#wake = undefined;
        timer.cancel();
        stopListening();
        resolve(hasHappened);
      };
      const timer = this.#clock.after(SILENCE_MS, () => settle(false));
      const stopListening = call.onCancel(() => settle(true));
      this.#wake = () => settle(true);
    });
  }
}
