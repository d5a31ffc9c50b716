/** Waiting that ends when a signal says so, for work that does not listen itself. */

/** `work`, or the signal's reason as soon as it aborts; what `work` brings later goes to `discard`. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal, discard: (late: T) => void = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    else signal.addEventListener("abort", onAbort, { once: true });
    work.then(
      (value) => {
        signal.removeEventListener("abort", onAbort);
        if (signal.aborted) discard(value);
        else resolve(value);
      },
      (error: unknown) => {
        signal.removeEventListener("abort", onAbort);
        reject(error);
      },
    );
  });
}
