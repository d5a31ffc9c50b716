/**
 * What busbar tells the outside: one record per call and per try, at its start and when it has settled; one event per
 * change of state, per error that no table knew, per matter of security. Published on `node:diagnostics_channel`;
 * exporters subscribe, and nobody listening costs nothing.
 */
import { channel } from "node:diagnostics_channel";
import type { AuditEvent } from "./audit-event.ts";
import type { ConditionChange } from "./connector-status.ts";
import type { CallRecord } from "./record.ts";

/** A change of how a connector is: `lazy`, `connecting`, `ready`, `degraded` or `down`. */
export interface ConditionEvent extends ConditionChange {
  readonly connector: string;
  readonly provider: string;
}

/** What happened to a connector's session. */
export interface StateEvent {
  readonly connector: string;
  readonly provider: string;
  readonly state: "connecting" | "connected" | "connection lost" | "draining" | "disconnected";
  readonly reason?: string | undefined;
}

/** An error that `classify` did not know; it was reported as `internal`. */
export interface UnclassifiedEvent {
  readonly connector: string;
  readonly provider: string;
  readonly error: unknown;
}

/** `info`: things take their course. `warning`: calls fail, or soon will, unless it mends itself. */
export type Severity = "info" | "warning";

/** A notice of a connector or policy that is neither a call nor a change of state. */
export interface NoticeEvent {
  readonly connector: string;
  readonly name: string;
  readonly severity: Severity;
  readonly detail?: unknown;
}

/** The channels' names are part of the public contract. */
export const channels = {
  /** A `CallRecord` when the call begins, in the caller's own context. Calls refused before they begin are not told. */
  callStart: channel("busbar:call:start"),
  /** The same record when the call is over. */
  call: channel("busbar:call"),
  /** An `AttemptRecord` when a try begins. */
  attemptStart: channel("busbar:attempt:start"),
  /** The same record when the try is over; a stream's try is over when its first items are there. */
  attempt: channel("busbar:attempt"),
  /** A `StateEvent`: what happens to the session. */
  state: channel("busbar:state"),
  /** A `ConditionEvent`: whether calls can be expected to succeed. */
  condition: channel("busbar:condition"),
  unclassified: channel("busbar:unclassified"),
  notice: channel("busbar:notice"),
  /** An `AuditEvent`. */
  audit: channel("busbar:audit"),
};

export function publishCall(record: CallRecord): void {
  if (channels.call.hasSubscribers) channels.call.publish(record);
}

export function publishState(event: StateEvent): void {
  if (channels.state.hasSubscribers) channels.state.publish(event);
}

export function publishCondition(event: ConditionEvent): void {
  if (channels.condition.hasSubscribers) channels.condition.publish(event);
}

export function publishUnclassified(event: UnclassifiedEvent): void {
  if (channels.unclassified.hasSubscribers) channels.unclassified.publish(event);
}

/** Where nothing is said of its severity, it is `info`. */
export function publishNotice(
  event: Omit<NoticeEvent, "severity"> & { readonly severity?: Severity | undefined },
): void {
  const { connector, name, severity = "info", detail } = event;
  if (channels.notice.hasSubscribers) channels.notice.publish({ connector, name, severity, detail });
}

export function publishAudit(event: AuditEvent): void {
  if (channels.audit.hasSubscribers) channels.audit.publish(event);
}
