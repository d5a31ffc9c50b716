/**
 * A clock whose hands the test turns.
 *
 * `advance` runs every timer that falls due, in order and at its own instant, and lets promise chains settle before the
 * first, between any two and after the last, so that what one timer sets off can arm the next. Nothing sleeps.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import type { Clock, Timer } from "../core/clock.ts";

/** A clock that stands still between two calls of `advance`. */
export interface FakeClock extends Clock {
  /** Moves time on by `ms`; resolves when everything that fell due has run and settled. */
  advance(ms: number): Promise<void>;
  /** Lets promise chains settle without moving time. */
  settle(): Promise<void>;
  /** Timers that are armed. */
  readonly pending: number;
}

/** Where time starts, so that nobody takes 0 for a natural start; `wall` starts at a full second. */
const START_MS = 1_000;
const START_WALL_MS = Date.UTC(2026, 0, 1);

/** A clock that stands still until `advance` is called. */
export function fakeClock(): FakeClock {
  let now = START_MS;
  /** In order of expiry; timers due at the same instant in the order of their making. */
  const timers: { readonly dueAt: number; readonly run: () => void }[] = [];

  const arm = (ms: number, run: () => void): Timer => {
    const timer = { dueAt: now + Math.max(0, ms), run };
    timers.splice(firstAfter(timers, timer.dueAt), 0, timer);
    return {
      dueAt: timer.dueAt,
      cancel() {
        const at = timers.indexOf(timer);
        if (at >= 0) timers.splice(at, 1);
      },
    };
  };
  const settle = async (): Promise<void> => {
    await nextTurn();
  };

  return {
    now: () => now,
    wall: () => START_WALL_MS + now - START_MS,
    after: arm,
    background: arm,
    timeout: arm,
    settle,
    async advance(ms) {
      if (!(ms >= 0)) throw new RangeError(`A clock goes forward: ${ms} ms`);
      const end = now + ms;
      await settle();
      for (let next = timers[0]; next !== undefined && next.dueAt <= end; next = timers[0]) {
        timers.shift();
        now = next.dueAt;
        next.run();
        await settle();
      }
      now = end;
    },
    get pending() {
      return timers.length;
    },
  };
}

/** Index of the first timer that is due later than `instant`. */
function firstAfter(timers: readonly { readonly dueAt: number }[], instant: number): number {
  let low = 0;
  let high = timers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timers[middle]!.dueAt > instant) high = middle;
    else low = middle + 1;
  }
  return low;
}
