/** A call with a limit of time. */
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { ConnectorError } from "./errors.ts";
import type { Timer } from "./timer-lists.ts";

/**
 * Cancels the call after `limitMs` with what `expired` says, unless the timer is cancelled before. Whatever the call waits
 * in hears of that and rejects at once, so nothing need be raced.
 */
export function limitTime(
  call: Call,
  limitMs: number,
  clock: Clock,
  expired: (call: Call, limitMs: number) => ConnectorError,
): Timer {
  const timer = clock.timeout(limitMs, () => call.cancel(expired(call, limitMs)), call.record.now(clock));
  call.deadlineAt = timer.dueAt;
  return timer;
}
