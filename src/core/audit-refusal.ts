/** Tells auditors of calls and connections that were refused. */
import type { RefusalEvent } from "./audit-event.ts";
import type { Call } from "./call.ts";
import type { ConnectorError } from "./errors.ts";
import { channels, publishAudit } from "./events.ts";

/** Who refuses an update or delete that would change every row; stands in the error's `by`. */
export const WHERE_GUARD = "where guard";

/** Tells of a try that failed, where that concerns security. */
export function auditTry(error: ConnectorError, call: Call): void {
  if (!channels.audit.hasSubscribers) return;
  // A connection that is refused is told once, by who opens it; of a repeat that may only read a refusal is expected.
  if (call.record.stage === "connecting" || call.readOnly) return;
  const event = eventOf(error);
  if (event === undefined) return;
  const { connector, provider, operation, traceId } = call.record;
  publishAudit({ event, connector, provider, operation, code: error.code ?? error.status, traceId });
}

/** Failures to connect that have been told; all who wait for one connection fail of the same. */
const told = new WeakSet<object>();

/** Tells of a session that could not be opened, where that concerns security. `thrown` is what the opening threw. */
export function auditConnect(
  thrown: unknown,
  error: ConnectorError,
  where: Pick<RefusalEvent, "connector" | "provider">,
): void {
  const event = eventOf(error);
  if (event === undefined || !channels.audit.hasSubscribers) return;
  if (typeof thrown === "object" && thrown !== null) {
    if (told.has(thrown)) return;
    told.add(thrown);
  }
  publishAudit({ ...where, event, code: error.code ?? error.status });
}

function eventOf({ kind, by }: ConnectorError): RefusalEvent["event"] | undefined {
  if (kind === "unauthenticated") return "authentication failed";
  if (kind === "permission_denied") return "access denied";
  return by === WHERE_GUARD ? "write refused" : undefined;
}

