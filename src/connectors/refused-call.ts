/** Calls that are refused before they start; observers hear of them all the same. */
import type { Clock } from "../core/clock.ts";
import { ConnectorError, type Kind } from "../core/errors.ts";
import { publishCall } from "../core/events.ts";
import { nearest } from "../core/nearest.ts";
import { CallRecord, type CallPlace } from "../core/record.ts";

/** Publishes the record of such a call; answers with the error to throw. */
export function refuseCall(where: CallPlace, clock: Clock, kind: Kind, message: string, hint?: string): ConnectorError {
  const error = new ConnectorError(kind, message, { hint, outcome: "none" }).locate(where.connector, where.operation);
  const record = new CallRecord(where, clock.now());
  record.outcome = "none";
  record.error = error;
  record.settle(kind, clock.now());
  publishCall(record);
  return error;
}

/** What to say to somebody who asked for an operation that does not exist. */
export function operationsHint(asked: string, names: readonly string[]): string {
  const close = nearest(asked, names);
  const all = `It has: ${names.join(", ")}.`;
  return close === undefined ? all : `Did you mean "${close}"? ${all}`;
}
