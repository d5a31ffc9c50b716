/** Tells auditors of calls and connections that were refused. */
import type { RefusalEvent } from "./audit-event.ts";
import type { Call } from "./call.ts";
import type { ConnectorError } from "./errors.ts";
import { channels, publishAudit } from "./events.ts";

/** Who refuses an update or delete that would change every row; stands in the error's `by`. */
export const WHERE_GUARD = "where guard";

/** What sessions failed to open of; it has been told, however many calls fail of it. */
const told = new WeakSet<object>();

/** Tells of a call that failed, where that concerns security. The error is free of secrets. */
export function auditCall(error: ConnectorError, { record }: Call): void {
  const event = channels.audit.hasSubscribers ? eventOf(error) : undefined;
  if (event === undefined || isTold(error)) return;
  const { connector, provider, operation, traceId } = record;
  publishAudit({ event, connector, provider, operation, code: error.code ?? error.status, traceId });
}

/** Tells of a session that could not be opened, where that concerns security. */
export function auditConnect(error: ConnectorError, where: Pick<RefusalEvent, "connector" | "provider">): void {
  const event = channels.audit.hasSubscribers ? eventOf(error) : undefined;
  if (event === undefined || isTold(error)) return;
  // All who wait for one session fail of the same, each with an error of its own around it.
  if (error.cause instanceof Error) told.add(error.cause);
  publishAudit({ ...where, event, code: error.code ?? error.status });
}

function isTold(error: Error): boolean {
  return told.has(error) || (error.cause instanceof Error && isTold(error.cause));
}

function eventOf({ kind, by }: ConnectorError): RefusalEvent["event"] | undefined {
  if (kind === "unauthenticated") return "authentication failed";
  if (kind === "permission_denied") return "access denied";
  return by === WHERE_GUARD ? "write refused" : undefined;
}
