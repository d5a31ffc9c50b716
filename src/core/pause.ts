/** Waiting that ends when the call does. */
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";

/** Resolves after `ms`; rejects with the reason as soon as the call is cancelled, and leaves no timer behind. */
export function pause(call: Call, ms: number, clock: Clock): Promise<void> {
  const cancelled = call.cancelled;
  if (cancelled !== undefined) return Promise.reject(cancelled);
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, () => {
      stopListening();
      resolve();
    });
    const stopListening = call.onCancel((reason) => {
      timer.cancel();
      reject(reason);
    });
  });
}
