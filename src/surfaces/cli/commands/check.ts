/**
 * `busbar check`: asks one system or all whether they are well.
 *
 * The exit code says it too: 0 where what was asked about works (degraded works), the code of `unavailable` where a
 * required connector, or the one that was named, is unhealthy.
 */
import { orAborted } from "../../../core/abort.ts";
import { KINDS } from "../../../core/errors.ts";
import type { Health } from "../../../core/health.ts";
import type { Hub, HubHealth } from "../../../hub/hub.ts";
import type { Command } from "../invocation.ts";
import type { Output } from "../output.ts";
import { renderTable } from "../table.ts";
import { withHub } from "../with-hub.ts";

interface CheckFacts {
  readonly name: string | undefined;
}

export const command: Command<CheckFacts> = async ({ name }, invocation) => {
  const { shared, output, signal } = invocation;
  const found = await withHub(invocation, (hub) =>
    orAborted(name === undefined ? hub.health() : healthOf(hub, name), signal),
  );
  await output.write(shared.json ? `${JSON.stringify(found)}\n` : healthTable(found, output));
  return found.status === "unhealthy" ? KINDS.unavailable.exit : 0;
};

/** The same form for one connector; whoever asks about it wants it to work, required or not. */
async function healthOf(hub: Hub, name: string): Promise<HubHealth> {
  const health = await hub.get(name).healthCheck();
  const required = hub.describe().find((entry) => entry.name === name)!.required;
  return { status: health.status, timestamp: health.timestamp, connectors: { [name]: { ...health, required } } };
}

const STYLES = { healthy: "green", degraded: "yellow", unhealthy: "red" } as const;

function healthTable({ status, connectors }: HubHealth, output: Output): string {
  const rows = Object.entries(connectors).map(([name, health]) => [
    name,
    health.status,
    health.required ? "yes" : "no",
    responseTime(health),
    health.error,
  ]);
  const table = renderTable(["name", "status", "required", "time", "reason"], rows, {
    width: output.width,
    right: new Set([3]),
    paintTitle: (title) => output.paint("bold", title),
  });
  return `${table}\n${output.paint(STYLES[status], status)}\n`;
}

function responseTime({ responseTime: ms }: Health): string {
  return ms === undefined ? "" : `${ms.toFixed(1)} ms`;
}
