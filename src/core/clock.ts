/** Time as a value: everything that waits or measures takes it from here, so that tests can turn the hands. */
import { performance } from "node:perf_hooks";
import { TimerLists, type Timer } from "./timer-lists.ts";

export type { Timer } from "./timer-lists.ts";

/** Where time comes from; tests pass one whose hands they turn. */
export interface Clock {
  /** Monotonic milliseconds from an arbitrary start, with fractions. */
  now(): number;
  /** Milliseconds since 1970-01-01 UTC, as the system's clock says. */
  wall(): number;
  /** Runs `run` once after `ms`; for waits, which nearly always come to pass. */
  after(ms: number, run: () => void): Timer;
  /** As `after`, for what nobody waits for (a look now and then): it does not keep the process alive. */
  background(ms: number, run: () => void): Timer;
  /**
   * Runs `run` once after `ms`; for time-outs, which are nearly always cancelled: cheap, for few different durations.
   *
   * @param now the time, where the caller has just read it.
   */
  timeout(ms: number, run: () => void, now?: number): Timer;
}

/** `setTimeout` fires at once beyond this. */
const LONGEST_MS = 2 ** 31 - 1;
// Bound once: the global `performance` is looked up anew at each use.
const now = performance.now.bind(performance);
const lists = new TimerLists(now);

/** The machine's clock. */
export const systemClock: Clock = {
  now,
  wall: () => Date.now(),
  after: (ms, run) => arm(ms, run, (timer) => timer),
  background: (ms, run) => arm(ms, run, (timer) => timer.unref()),
  timeout: (ms, run, at = now()) => lists.add(Math.min(ms, LONGEST_MS), run, at),
};

function arm(ms: number, run: () => void, asKept: (timer: NodeJS.Timeout) => NodeJS.Timeout): Timer {
  const dueAt = now() + ms;
  // Node counts from the start of the event loop's turn, so its timers fire up to a moment early; and it cannot count
  // further than LONGEST_MS.
  const start = (left: number): NodeJS.Timeout => asKept(setTimeout(fire, Math.min(Math.ceil(left), LONGEST_MS)));
  const fire = (): void => {
    const left = dueAt - now();
    if (left > 0) timer = start(left);
    else run();
  };
  let timer = start(Math.max(0, ms));
  return { dueAt, cancel: () => clearTimeout(timer) };
}
