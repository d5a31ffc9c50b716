/**
 * What concerns security, each with the time at which it happened: refused credentials and refused access, guards that
 * held, secrets read, configurations loaded, circuit breakers set by hand. Names and places only: no value, no secret.
 */
import type { AuditEvent } from "../core/audit-event.ts";
import { systemClock } from "../core/clock.ts";
import { subscribeTo } from "./subscribe.ts";

export type {
  AuditEvent,
  CircuitEvent,
  ConfigurationEvent,
  RefusalEvent,
  SecretReadEvent,
} from "../core/audit-event.ts";

/** An event of security and when it happened: ISO 8601, UTC. */
export type AuditEntry = AuditEvent & { readonly time: string };

/**
 * Hands every event of security to `write`, in order and at once, until it is disposed of. Subscribe before the
 * configuration is loaded to hear of its secrets.
 */
export function auditTo(write: (entry: AuditEntry) => void): Disposable {
  return subscribeTo({
    audit: (event) => write({ time: new Date(systemClock.wall()).toISOString(), ...event }),
  });
}
