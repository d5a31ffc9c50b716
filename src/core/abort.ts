/**
 * Hearing of an abort.
 *
 * A caller may pass one signal to thousands of calls (a server that shuts down), and Node warns of a leak from the
 * eleventh listener on. So a signal gets one listener however many wait for it, and none as soon as nobody does.
 */
interface Ear {
  readonly listeners: Set<() => void>;
  readonly hear: () => void;
}

const ears = new WeakMap<AbortSignal, Ear>();

/** Calls `listener` when the signal aborts, never at once. Returns how to stop listening. */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  let ear = ears.get(signal);
  if (ear === undefined) ears.set(signal, (ear = makeEar()));
  const { listeners, hear } = ear;
  if (listeners.size === 0) signal.addEventListener("abort", hear, { once: true });
  listeners.add(listener);
  return () => {
    if (listeners.delete(listener) && listeners.size === 0) signal.removeEventListener("abort", hear);
  };
}

function makeEar(): Ear {
  const listeners = new Set<() => void>();
  const hear = (): void => {
    for (const listener of listeners) {
      listeners.delete(listener);
      listener();
    }
  };
  return { listeners, hear };
}

/** `work`, or the signal's reason as soon as it aborts; what `work` brings later goes to `discard`. */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal, discard: (late: T) => void = () => {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const refuse = (): void => reject(signal.reason);
    if (signal.aborted) refuse();
    const stopListening = signal.aborted ? () => {} : onAbort(signal, refuse);
    work.then(
      (value) => {
        stopListening();
        if (signal.aborted) discard(value);
        else resolve(value);
      },
      (error: unknown) => {
        stopListening();
        reject(error);
      },
    );
  });
}
