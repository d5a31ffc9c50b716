/**
 * Retries as a share of the calls, so that a failing system is not buried under them.
 *
 * Retrying multiplies load exactly when there is too much of it. Each connector has a budget: over the last ten seconds
 * repeats may be at most a share of the calls, plus a floor per second so that a quiet connector can retry at all (Google
 * SRE Book, chapter 22 "Handling Overload"; Finagle's `RetryBudget`, whose numbers these are). Hedged reads spend from it
 * as well. Where nothing is left a failed call fails at once, and says why.
 *
 * A call whose first try fails earns nothing. So what was saved while the system was well is spent on a short failure,
 * and one that lasts gets the floor and no more, for as long as it lasts.
 */
import { z } from "zod";
import type { Policy } from "../core/policy.ts";
import { SlidingWindow } from "./sliding-window.ts";

const WINDOW_MS = 10_000;
/** Counts leave a window up to a tenth early; a repeat must not be forgotten before its ten seconds are over. */
const REPEATS_WINDOW_MS = (WINDOW_MS * 10) / 9;

const fields = z.strictObject({
  ratio: z
    .number()
    .min(0)
    .default(0.2)
    .meta({ description: "Most repeats per call that did not fail at first, over the last ten seconds." }),
  minPerSecond: z
    .number()
    .min(0)
    .default(10)
    .meta({ description: "Repeats per second that are allowed beside that share." }),
});

export const retryBudgetSetting = z
  .union([z.literal(false), fields])
  .prefault({})
  .meta({ description: "Most repeats, as a share of the calls; `false` sets no limit but the attempts." });

export type RetryBudgetSettings = z.output<typeof fields>;

export class RetryBudget {
  readonly #ratio: number;
  readonly #floor: number;
  readonly #calls = new SlidingWindow(WINDOW_MS);
  readonly #failures = new SlidingWindow(WINDOW_MS);
  readonly #repeats = new SlidingWindow(REPEATS_WINDOW_MS);

  constructor({ ratio, minPerSecond }: RetryBudgetSettings) {
    this.#ratio = ratio;
    this.#floor = (minPerSecond * WINDOW_MS) / 1_000;
  }

  /** Counts every call that passes, by when it started. */
  readonly policy: Policy = (next) => (call) => {
    this.#calls.add(call.record.startedAt);
    return next(call);
  };

  /** Takes back the share of a call whose first try failed. */
  forfeit(now: number): void {
    this.#failures.add(now);
  }

  /** Takes one repeat out of the budget; false where none is left. */
  withdraw(now: number): boolean {
    const earned = Math.max(0, this.#calls.total(now) - this.#failures.total(now)) * this.#ratio;
    if (this.#repeats.total(now) + 1 > earned + this.#floor) return false;
    this.#repeats.add(now);
    return true;
  }
}
