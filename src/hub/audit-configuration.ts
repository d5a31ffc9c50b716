/** Tells auditors that a configuration was loaded, and which secrets came out of it: where each is written, never what it is. */
import { formatOrigin } from "../config/origin.ts";
import type { ConfigurationEvent } from "../core/audit-event.ts";
import { channels, publishAudit } from "../core/events.ts";
import { Secret } from "../core/secret.ts";
import type { LoadedConnector } from "./loaded-connector.ts";

/** Publishes on `busbar:audit` while somebody listens. */
export function auditConfiguration(
  event: ConfigurationEvent["event"],
  { files, connectors }: { readonly files: readonly string[]; readonly connectors: readonly LoadedConnector[] },
): void {
  if (!channels.audit.hasSubscribers) return;
  publishAudit({ event, files, connectors: connectors.map(({ name }) => name) });
  for (const connector of connectors) {
    const { connection, options } = connector.settings;
    for (const path of secretPaths({ connection, options }))
      publishAudit({
        event: "secret read",
        connector: connector.name,
        setting: path.join("."),
        source: formatOrigin(connector.origin(path)),
      });
  }
}

/** Where secrets stand; settings are data, so nothing in them leads back to itself. */
function secretPaths(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  if (value instanceof Secret) return [path];
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  return Object.entries(value).flatMap(([key, item]) => secretPaths(item, [...path, key]));
}
