/** Waiting with a limit: the caller is answered on time whether or not the work underneath listens. */
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import type { ConnectorError } from "./errors.ts";
import type { Next } from "./policy.ts";

/**
 * Runs `next(call)` and cancels the call with `expired()` after `limitMs` (0: never). Rejects as soon as the call is
 * cancelled, by this limit or from outside; a later answer of the work underneath goes nowhere.
 */
export function withinLimit(
  next: Next,
  call: Call,
  limitMs: number,
  clock: Clock,
  expired: () => ConnectorError,
): Promise<unknown> {
  const cancelled = call.cancelled;
  if (cancelled !== undefined) return Promise.reject(cancelled);
  return new Promise((resolve, reject) => {
    const stopListening = call.onCancel((reason) => {
      // Work that does not listen may never end; its timer must not outlive the answer.
      timer?.cancel();
      reject(reason);
    });
    const timer = limitMs > 0 ? clock.timeout(limitMs, () => call.cancel(expired())) : undefined;
    const over = (): void => {
      timer?.cancel();
      stopListening();
    };
    next(call).then(
      (answer) => {
        over();
        resolve(answer);
      },
      (error: unknown) => {
        over();
        reject(error);
      },
    );
  });
}
