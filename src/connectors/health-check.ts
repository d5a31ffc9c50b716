/** A health check never throws and never hangs: not being well is an answer, and so is no answer. */
import { onAbort, orAborted } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Degraded, Health } from "../core/health.ts";

/** Longest wait for the system's answer, where nothing is said. */
const LIMIT_MS = 5_000;

/** How a connector is asked whether it is well. */
export interface HealthCheckOptions {
  /** Most milliseconds for the answer. Default: 5,000. */
  readonly timeout?: number | undefined;
  /** Ends the check at once when it aborts. */
  readonly signal?: AbortSignal | undefined;
}

export interface HealthCheckHooks {
  readonly clock: Clock;
  ping(this: void, signal: AbortSignal): Promise<void | Degraded>;
  /** The system answered; `degraded` is what it said against itself. Answers with what may be shown of that. */
  onAnswer(this: void, degraded: string | undefined): string | undefined;
  /** It did not. Answers with what may be shown of why not. */
  onFailure(this: void, thrown: unknown, startedAt: number): string;
}

/** Pings and tells what came of it. */
export async function checkHealth(
  { clock, ping, onAnswer, onFailure }: HealthCheckHooks,
  { timeout: limitMs = LIMIT_MS, signal }: HealthCheckOptions = {},
): Promise<Health> {
  const startedAt = clock.now();
  const timestamp = new Date(clock.wall()).toISOString();
  const abort = new AbortController();
  const timer = clock.after(limitMs, () =>
    abort.abort(new ConnectorError("timeout", `No answer to the health check within ${limitMs} ms`)),
  );
  const giveUp = (): void => abort.abort(new ConnectorError("cancelled", "The health check was cancelled"));
  const stopListening = signal && onAbort(signal, giveUp);
  if (signal?.aborted === true) giveUp();
  try {
    const found = await orAborted(ping(abort.signal), abort.signal);
    const responseTime = Math.round((clock.now() - startedAt) * 100) / 100;
    // A ping that tells anything else, as "PONG", tells that the system is well.
    const error = onAnswer(typeof found?.degraded === "string" ? found.degraded : undefined);
    if (error === undefined) return { status: "healthy", connected: true, responseTime, timestamp };
    return { status: "degraded", connected: true, responseTime, timestamp, error };
  } catch (thrown) {
    return { status: "unhealthy", connected: false, timestamp, error: onFailure(thrown, startedAt) };
  } finally {
    timer.cancel();
    stopListening?.();
  }
}
