/** The worst that a connector's policies let happen to one call, computed from their settings. */
import type { PolicySettings } from "../../policies/pipeline.ts";
import { longestWaitsMs } from "../../policies/retry-waits.ts";
import { retryAttempts } from "../../policies/retry.ts";

export interface WorstCase {
  /** Most tries of a call that may be repeated, the first and a hedged one included. */
  readonly tries: number;
  /** How much more load a failing system gets over ten seconds of many calls, as the retry budget allows. */
  readonly amplification: number;
  /** Longest sum of the random waits between these tries. */
  readonly waitMs: number;
  /** All tries at their longest and the waits; `null` where nothing limits a try. */
  readonly triesMs: number | null;
  /** Most time of the whole call, whatever the rate limit and the system's own `Retry-After` ask for; `null`: no limit. */
  readonly timeMs: number | null;
  /** What is worth knowing of them. */
  readonly notes: readonly string[];
}

const NO_TIME_FOR_ANOTHER =
  "A system that never answers uses up timeout with the first try; attemptTimeout would leave time for another.";

export function worstCase(settings: PolicySettings): WorstCase {
  const { timeout, attemptTimeout, retry, hedge } = settings;
  const inTurn = retryAttempts(settings);
  const tries = inTurn + (hedge === undefined ? 0 : 1);
  const amplification = retry.budget === false ? tries : Math.min(tries, 1 + retry.budget.ratio);
  const waitMs = longestWaitsMs(inTurn, retry);
  const triesMs = attemptTimeout > 0 ? inTurn * attemptTimeout + waitMs : null;
  const timeMs = timeout > 0 ? timeout : null;
  const notes = timeout > 0 && attemptTimeout === 0 && inTurn > 1 ? [NO_TIME_FOR_ANOTHER] : [];
  return { tries, amplification, waitMs, triesMs, timeMs, notes };
}
