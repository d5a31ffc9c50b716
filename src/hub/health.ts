/** How all systems are: asked at once, each check bounded, and summed up without hiding one that is down. */
import type { Health } from "../core/health.ts";

/** The health of all connectors. */
export interface HubHealth {
  /** `unhealthy` when a required connector is; `degraded` when anything else is not healthy. */
  readonly status: Health["status"];
  /** ISO 8601, UTC. */
  readonly timestamp: string;
  readonly connectors: Readonly<Record<string, ConnectorHealth>>;
}

/** The health of one connector, and whether the whole depends on it. */
export interface ConnectorHealth extends Health {
  readonly required: boolean;
}

interface Checked {
  readonly name: string;
  readonly required: boolean;
  healthCheck(): Promise<Health>;
}

/** Checks all; a check never throws, so neither does this. */
export async function healthOf(connectors: readonly Checked[], timestamp: string): Promise<HubHealth> {
  const answers = await Promise.all(
    connectors.map(async (each) => [each.name, { ...(await each.healthCheck()), required: each.required }] as const),
  );
  return { status: total(answers.map(([, health]) => health)), timestamp, connectors: Object.fromEntries(answers) };
}

function total(answers: readonly ConnectorHealth[]): Health["status"] {
  if (answers.some(({ status, required }) => required && status === "unhealthy")) return "unhealthy";
  return answers.every(({ status }) => status === "healthy") ? "healthy" : "degraded";
}
