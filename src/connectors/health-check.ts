/** A health check never throws and never hangs: not being well is an answer, and so is no answer. */
import { orAborted } from "../core/abort.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Degraded, Health } from "../core/health.ts";

/** Longest wait for the system's answer. */
const LIMIT_MS = 5_000;

/** Pings and tells what came of it; `explain` makes what was thrown presentable. */
export async function checkHealth(
  ping: (signal: AbortSignal) => Promise<void | Degraded>,
  clock: Clock,
  explain: (thrown: unknown) => string,
  redact: (text: string) => string,
): Promise<Health> {
  const startedAt = clock.now();
  const timestamp = new Date(clock.wall()).toISOString();
  const abort = new AbortController();
  const timer = clock.after(LIMIT_MS, () =>
    abort.abort(new ConnectorError("timeout", `No answer to the health check within ${LIMIT_MS} ms`)),
  );
  try {
    const found = await orAborted(ping(abort.signal), abort.signal);
    const responseTime = Math.round((clock.now() - startedAt) * 100) / 100;
    // A ping that tells anything else, as "PONG", tells that the system is well.
    if (typeof found?.degraded !== "string") return { status: "healthy", connected: true, responseTime, timestamp };
    return { status: "degraded", connected: true, responseTime, timestamp, error: redact(found.degraded) };
  } catch (thrown) {
    return { status: "unhealthy", connected: false, timestamp, error: explain(thrown) };
  } finally {
    timer.cancel();
  }
}
