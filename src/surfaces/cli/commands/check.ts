/**
 * `busbar check`: asks one system or all whether they are well, and databases what the role may do.
 *
 * The exit code says it too: 0 where what was asked about works (degraded works), the code of `unavailable` where a
 * required connector, or the one that was named, is unhealthy.
 */
import { assessing, type Privileges } from "../../../contracts/sql/privileges.ts";
import { orAborted } from "../../../core/abort.ts";
import { KINDS } from "../../../core/errors.ts";
import type { Health } from "../../../core/health.ts";
import type { Hub, HubHealth } from "../../../hub/hub.ts";
import type { Command } from "../invocation.ts";
import type { Output } from "../output.ts";
import { renderTable } from "../table.ts";
import { withHub } from "../with-hub.ts";

/** Most time for the answer to what a role may do. */
const LIMIT_MS = 5_000;

interface CheckFacts {
  readonly name: string | undefined;
}

/** What a connector's role may do, or why that could not be told. */
type Told = Privileges | { readonly error: string };

export const command: Command<CheckFacts> = async ({ name }, invocation) => {
  const { shared, output, signal } = invocation;
  const { found, privileges } = await withHub(invocation, async (hub) => {
    const asked = name === undefined ? hub.health() : healthOf(hub, name);
    const health = await orAborted(asked, signal);
    return { found: health, privileges: await orAborted(privilegesOf(hub, health), signal) };
  });
  if (shared.json) {
    const connectors = Object.entries(found.connectors).map(([each, health]) => {
      const told = privileges.get(each);
      return [each, told === undefined ? health : { ...health, privileges: told }] as const;
    });
    await output.write(`${JSON.stringify({ ...found, connectors: Object.fromEntries(connectors) })}\n`);
  } else await output.write(`${healthTable(found, output)}${warningsOf(privileges, output)}`);
  return found.status === "unhealthy" ? KINDS.unavailable.exit : 0;
};

/** Asks those that work, and that can say; the answer changes nothing about their health. */
async function privilegesOf(hub: Hub, { connectors }: HubHealth): Promise<ReadonlyMap<string, Told>> {
  const able = hub.describe().filter((entry) => connectors[entry.name]?.connected === true && assessing(entry));
  const told = await Promise.all(
    able.map(async ({ name }) => {
      // The operation's answer is of this type.
      const asked = hub.get(name).execute("privileges", {}, { timeout: LIMIT_MS }) as Promise<Privileges>;
      return [name, await asked.catch((error: Error) => ({ error: error.message }))] as const;
    }),
  );
  return new Map(told);
}

function warningsOf(privileges: ReadonlyMap<string, Told>, output: Output): string {
  const lines = [...privileges].flatMap(([name, told]) => {
    const said = "error" in told ? [`What the role may do is not known: ${told.error}`] : told.warnings;
    return said.map((each) => `${output.paint("yellow", "warning")} ${name}: ${each}\n`);
  });
  return lines.join("");
}

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
