/** What is told of how a connector is. */
import type { Kind } from "./errors.ts";

/**
 * `lazy` nobody has used it yet, or it was disconnected · `connecting` its first session is being opened · `ready` nothing
 * speaks against it · `degraded` it works, but not as it should · `down` it does not work.
 */
export type ConnectorState = "lazy" | "connecting" | "ready" | "degraded" | "down";

/** What a connector failed of last, whether or not it has recovered since. */
export interface LastError {
  readonly kind: Kind;
  /** Free of the connector's secrets. */
  readonly message: string;
  /** ISO 8601, UTC. */
  readonly at: string;
}

/** How a connector is, from memory: reading it asks nobody. All times are ISO 8601, UTC. */
export interface ConnectorStatus {
  readonly state: ConnectorState;
  /** When that state began. */
  readonly since: string;
  /** Why it is degraded or down. */
  readonly reason?: string | undefined;
  readonly lastError?: LastError | undefined;
  /** When the system last answered a call or a probe. */
  readonly lastSuccessAt?: string | undefined;
  /** When the monitor asks again; absent where it does not, so that the next call is the next try. */
  readonly nextAttemptAt?: string | undefined;
  /** Tries and probes that failed since the last answer. */
  readonly consecutiveFailures: number;
}

/** A failure of the system; its message is free of secrets. */
export interface Failure {
  readonly kind: Kind;
  readonly message: string;
}

/** A change of state. */
export interface ConditionChange {
  readonly from: ConnectorState;
  readonly state: ConnectorState;
  readonly reason?: string | undefined;
  /** What led to `degraded` or `down`, where it was a failure. */
  readonly error?: Failure | undefined;
}
