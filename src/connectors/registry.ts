/**
 * The providers that come with busbar; the one place that names connectors.
 *
 * What is needed to list them stands here, so that listing loads none of them; a test compares it with their definitions.
 */
import type { ConnectorType } from "../core/definition.ts";

export interface RegisteredProvider {
  /** The name by which YAML picks it. */
  readonly provider: string;
  readonly type: ConnectorType;
  /** The system's proper name. */
  readonly title: string;
  /** Taken where `provider` is left out; at most one of a type. */
  readonly isDefault?: true;
  /** Imports the connector, not its driver; the class is the default export. */
  readonly load: () => Promise<{ readonly default: unknown }>;
}

export const registry: readonly RegisteredProvider[] = [
  {
    provider: "mysql",
    type: "database",
    title: "MySQL",
    load: () => import("./mysql/index.ts"),
  },
  {
    provider: "postgresql",
    type: "database",
    title: "PostgreSQL",
    load: () => import("./postgresql/index.ts"),
  },
  {
    provider: "sqlite",
    type: "database",
    title: "SQLite",
    load: () => import("./sqlite/index.ts"),
  },
  {
    provider: "rest",
    type: "rest-api",
    title: "REST API",
    isDefault: true,
    load: () => import("./rest/index.ts"),
  },
];
