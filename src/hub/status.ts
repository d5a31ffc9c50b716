/** How all connectors are, from memory: nobody is asked. */
import type { ConnectorStatus } from "../core/connector-status.ts";

/** How the connectors of a hub are. */
export interface HubStatus {
  /**
   * `down` when a required connector is; `degraded` when anything else is down or degraded; else `ready`, which connectors
   * that nobody has used yet do not speak against.
   */
  readonly state: "ready" | "degraded" | "down";
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly connectors: Readonly<Record<string, ConnectorStatus & { readonly required: boolean }>>;
}

interface Known {
  readonly name: string;
  readonly required: boolean;
  readonly status: ConnectorStatus;
}

/** Sums up what is known of the connectors, without hiding one that is down. */
export function statusOf(connectors: readonly Known[], timestamp: string): HubStatus {
  const isIll = ({ status: { state } }: Known): boolean => state === "degraded" || state === "down";
  const state = connectors.some(({ required, status }) => required && status.state === "down")
    ? "down"
    : connectors.some(isIll)
      ? "degraded"
      : "ready";
  const entries = connectors.map(({ name, required, status }) => [name, { ...status, required }] as const);
  return { state, timestamp, connectors: Object.fromEntries(entries) };
}
