/** The worst that a connector's policies let happen to one call, computed from their settings. */
import type { PolicySettings } from "../../policies/pipeline.ts";
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
  /** What about these settings is worth a second thought. */
  readonly notes: readonly string[];
}

export function worstCase(settings: PolicySettings): WorstCase {
  const { timeout, attemptTimeout, retry, hedge } = settings;
  const inTurn = retryAttempts(settings);
  const tries = inTurn + (hedge === undefined ? 0 : 1);
  const amplification = retry.budget === false ? tries : Math.min(tries, 1 + retry.budget.ratio);
  let waitMs = 0;
  for (let done = 1; done < inTurn; done++) waitMs += Math.min(retry.maxDelay, retry.delay * 2 ** (done - 1));
  const triesMs = attemptTimeout > 0 ? inTurn * attemptTimeout + waitMs : null;
  const timeMs = timeout > 0 ? timeout : null;
  const notes = notesOn(timeout, attemptTimeout, inTurn, triesMs);
  return { tries, amplification, waitMs, triesMs, timeMs, notes };
}

function notesOn(timeout: number, attemptTimeout: number, tries: number, triesMs: number | null): readonly string[] {
  if (timeout === 0 && attemptTimeout === 0)
    return ["Neither timeout nor attemptTimeout limits a call: a system that does not answer holds it for ever."];
  if (timeout === 0) return [];
  if (attemptTimeout >= timeout) return ["attemptTimeout never takes effect: timeout is not longer."];
  if (tries > 1 && triesMs === null)
    return [
      "A system that never answers uses up timeout with the first try; attemptTimeout would leave time for another.",
    ];
  if (triesMs !== null && triesMs > timeout)
    return [`timeout ends the call before ${tries} tries of attemptTimeout and the waits between them are over.`];
  return [];
}

/** `250 ms`, `1.5 s`, `5 min`. */
export function durationText(ms: number): string {
  const short = (amount: number): string => String(Math.round(amount * 100) / 100);
  if (ms < 1_000) return `${short(ms)} ms`;
  return ms < 120_000 ? `${short(ms / 1_000)} s` : `${short(ms / 60_000)} min`;
}
