/** Work that does not listen must not keep its caller waiting. */
import type { Call } from "./call.ts";

/** What `work` brings, or the reason as soon as the call is cancelled; what comes later goes nowhere. */
export function untilCancelled<T>(work: Promise<T>, call: Call): Promise<T> {
  return new Promise((resolve, reject) => {
    const stopListening = call.onCancel(reject);
    work.then(
      (value) => {
        stopListening();
        resolve(value);
      },
      (error: unknown) => {
        stopListening();
        reject(error);
      },
    );
  });
}
