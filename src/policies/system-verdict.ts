/** What the end of a try says of the system's health. */
import type { Call } from "../core/call.ts";
import { ConnectorError, type Kind } from "../core/errors.ts";
import type { Stage } from "../core/stage.ts";

/** `alive` it answered · `failed` it did not, or said that it cannot · `nothing` it was not the system that decided. */
export type Verdict = "alive" | "failed" | "nothing";

const FAILURES: ReadonlySet<Kind> = new Set(["unavailable", "connection_lost", "timeout"]);

/** Refusals that only a system that works can give. */
const ANSWERS: ReadonlySet<Kind> = new Set([
  "unauthenticated",
  "permission_denied",
  "not_found",
  "conflict",
  "contention",
]);

/** Where it is the system that takes the time. */
const AT_THE_SYSTEM: ReadonlySet<Stage> = new Set(["connecting", "authenticating", "running", "reading"]);

/** @param timeoutMs the connector's own limit for a call; 0 means none. */
export function verdictOn(error: unknown, call: Call, timeoutMs: number): Verdict {
  if (error === undefined) return "alive";
  if (!(error instanceof ConnectorError)) return "nothing";
  if (error.by === "deadline" && !isSystemsDelay(error, call, timeoutMs)) return "nothing";
  if (FAILURES.has(error.kind)) return "failed";
  if (error.kind === "rate_limited") return "nothing";
  return ANSWERS.has(error.kind) || error.status !== undefined ? "alive" : "nothing";
}

/** Whether the call ran out of time at the system, and out of more time than an impatient caller had left it. */
function isSystemsDelay({ stage }: ConnectorError, { timeoutMs: ownMs }: Call, timeoutMs: number): boolean {
  if (stage !== undefined && !AT_THE_SYSTEM.has(stage)) return false;
  return ownMs === undefined || ownMs === 0 || (timeoutMs > 0 && ownMs >= timeoutMs);
}
