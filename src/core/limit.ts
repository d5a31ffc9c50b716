/** A call with a limit of time. */
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { ConnectorError } from "./errors.ts";
import type { Next } from "./policy.ts";

/**
 * Runs `next(call)` and cancels the call after `limitMs` with what `expired` says. Whatever the call waits in hears of that
 * and rejects at once, so nothing is raced here.
 */
export function withinLimit(
  next: Next,
  call: Call,
  limitMs: number,
  clock: Clock,
  expired: (call: Call, limitMs: number) => ConnectorError,
): Promise<unknown> {
  const cancelled = call.cancelled;
  if (cancelled !== undefined) return Promise.reject(cancelled);
  const timer = clock.timeout(limitMs, () => call.cancel(expired(call, limitMs)));
  call.deadlineAt = timer.dueAt;
  const over = (): void => timer.cancel();
  const answer = next(call);
  answer.then(over, over);
  return answer;
}
