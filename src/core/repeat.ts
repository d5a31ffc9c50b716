/**
 * May a failed call be sent again? The one place that decides, for retry, hedging and whoever asks.
 *
 * Either the error says that the call had no effect, or the effect may be repeated. Everything else is left alone: a
 * second order is worse than a failed one (RFC 9110 section 9.2.2 says the same of HTTP methods).
 */
import { KINDS, type ConnectorError, type Repeat } from "./errors.ts";
import type { Effect } from "./operation.ts";

/** Whether doing it once more is as doing it once. */
export function isRepeatable(effect: Effect): boolean {
  return effect === "read" || effect === "idempotent" || effect === "keyed";
}

/** `yes` · `no` · `read-only`: only where the system itself refuses any write of the repeat. */
export type Repetition = "yes" | "no" | "read-only";

/** @param repeat what is said of repeating such a failure; of its kind unless somebody knows better. */
export function mayRepeat(
  error: ConnectorError,
  effect: Effect,
  repeat: Repeat = KINDS[error.kind].repeat,
): Repetition {
  if (repeat === "never" || error.exhausted) return "no";
  if ((error.outcome ?? KINDS[error.kind].outcome) === "none" || isRepeatable(effect)) return "yes";
  return effect === "unknown" ? "read-only" : "no";
}
