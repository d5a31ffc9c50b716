/**
 * The innermost limit: one try.
 *
 * A limit outside retry only would let a half-open connection hang the first try until nothing is left for a second. Each
 * try is cancelled on its own, so that the next one starts with a fresh scope; the work underneath is told to stop, and
 * the try fails at once whether or not that work listens.
 */
import { duration } from "../config/fields.ts";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { limitTime } from "../core/limit.ts";
import type { Policy } from "../core/policy.ts";

export const attemptTimeoutSetting = duration("Most time for one try. 0 means no limit but the call's own.").default(0);

export function attemptTimeout(limitMs: number, clock: Clock): Policy | undefined {
  if (limitMs === 0) return undefined;
  return (next) => (call) => {
    const cancelled = call.cancelled;
    if (cancelled !== undefined) return Promise.reject(cancelled);
    const scope = call.fork();
    const timer = limitTime(scope, limitMs, clock, expired);
    const over = (): void => timer.cancel();
    const answer = next(scope);
    answer.then(over, over);
    return answer;
  };
}

function expired(scope: Call, limitMs: number): ConnectorError {
  const error = new ConnectorError("timeout", `No answer to try ${scope.attempt} within ${limitMs} ms`, {
    by: "attempt timeout",
  });
  scope.noteFailure(error);
  return error;
}
