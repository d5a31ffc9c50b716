/** A configuration, read, merged, checked and resolved: everything that is known before a connector is made. */
import type { Settings } from "../connectors/settings.ts";
import type { Origin } from "../config/origin.ts";
import type { ConnectorType, Definition } from "../core/definition.ts";
import { ConnectorError } from "../core/errors.ts";

/** A connector as code writes it; YAML has the same names. */
export interface ConnectorEntry {
  readonly name: string;
  readonly type: ConnectorType;
  /** A provider's name, an npm package, a path (from the working directory), or a class. */
  readonly provider?: string | AnyConnectorClass | undefined;
  readonly connection?: Readonly<Record<string, unknown>> | undefined;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Whether the hub is unhealthy when this connector is. Default: true. */
  readonly required?: boolean | undefined;
  /** `lazy` connects on first use, `eager` when the hub opens. Default: the hub's, which is `lazy`. */
  readonly connect?: "lazy" | "eager" | undefined;
}

export interface HubConfig {
  readonly connectors: readonly ConnectorEntry[];
}

/** A class with the four methods of a connector, made by `defineConnector` or written by hand. */
export type AnyConnectorClass = new (config: never) => {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  // Authors of such classes type operation and parameters as they like; `never` accepts every way.
  execute(operation: never, params?: never): Promise<unknown>;
  healthCheck(): Promise<unknown>;
};

/** One file or several, of which later ones win; or an object. */
export type ConfigSource = string | URL | readonly (string | URL)[] | HubConfig;

export interface LoadOptions {
  /** Instead of `process.env`. Wins over the `.env` beside a file. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Settings by connector, in the flat names of its constructor; they win over the files. */
  readonly overrides?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/** One setting in force. */
export interface ExplainedSetting {
  /** As YAML writes it: `connection.host`, `options.rateLimit.requests`. */
  readonly path: readonly string[];
  /** As parsed; secrets are `Secret` and print as `[redacted]`. */
  readonly value: unknown;
  /** Where the value was written; `{ from: "default" }` where nobody did. */
  readonly origin: Origin;
}

export interface LoadedConnector {
  readonly name: string;
  readonly type: ConnectorType;
  /** As written, or the type's default; for a class, its own provider or name. */
  readonly provider: string;
  /** `undefined` for a class written by hand. */
  readonly definition: Definition | undefined;
  /** As parsed, with defaults. */
  readonly settings: Settings;
  readonly required: boolean;
  /** `undefined`: as the hub says. */
  readonly connect: "lazy" | "eager" | undefined;
  /** Where a setting (`["options", "timeout"]`), an entry's own field (`["required"]`) or the entry (`[]`) was written. */
  origin(path: readonly string[]): Origin;
  /** Every setting in force, defaults too, in the order of the schemas: connection, the connector's options, policies. */
  explain(): readonly ExplainedSetting[];
}

export interface LoadedConfig {
  /** The files read, as they were named. */
  readonly files: readonly string[];
  readonly connectors: readonly LoadedConnector[];
}

/**
 * Reads and checks a configuration without opening anything. Throws one `config_invalid` that lists every problem with
 * its place; `problemsOf(error)` gives them as data.
 */
export async function loadConfig(source: ConfigSource, options: LoadOptions = {}): Promise<LoadedConfig> {
  void [source, options];
  throw new ConnectorError("unsupported", "Not built yet");
}
