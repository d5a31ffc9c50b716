/** All connectors of one configuration, with their lifecycle. */
import type { Clock } from "../core/clock.ts";
import type { BaseConnector } from "../core/connector.ts";
import { ConnectorError } from "../core/errors.ts";
import { loadConfig, type ConfigSource, type LoadOptions } from "./configuration.ts";
import type { HubHealth } from "./health.ts";
import { OpenHub, type HubEntry } from "./open-hub.ts";

export type { ConnectorHealth, HubHealth } from "./health.ts";
export type { HubEntry } from "./open-hub.ts";

/** Names and classes of a configuration; generated types add to it: `declare module "busbar" { interface Connectors { … } }`. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Connectors {}

/** How a hub is opened. */
export interface HubOptions extends LoadOptions {
  /** Closes the hub when it aborts; while the hub is being opened, `openHub` fails with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** When connectors connect that do not say it themselves. Default: `lazy`, on first use. */
  readonly connect?: "lazy" | "eager" | undefined;
  readonly clock?: Clock | undefined;
}

/** All connectors of one configuration, with their lifecycle. */
export interface Hub extends AsyncDisposable {
  /** The connector of that name. Throws `not_found` for a name that is not configured. */
  get<N extends keyof Connectors>(name: N): Connectors[N];
  /** The same, typed; throws `input_invalid` where the connector is not of that class. */
  get<T extends object>(name: string, type: abstract new (config: never) => T): T;
  get(name: string): BaseConnector;
  /** In the order of the configuration. */
  names(): readonly string[];
  describe(): readonly HubEntry[];
  /** Asks all systems at once; connects those that are not connected yet. Never throws. */
  health(): Promise<HubHealth>;
  /** Connects everything at once. Never throws for a system that cannot be reached: answers with the failures by name. */
  connect(): Promise<ReadonlyMap<string, ConnectorError>>;
  /**
   * Refuses new calls, waits up to `timeout` milliseconds (10 s) for running ones, cancels the rest and closes everything at
   * once. May be called twice. Throws where something could not be closed.
   */
  close(options?: { readonly timeout?: number | undefined }): Promise<void>;
}

/**
 * Opens the connectors of a configuration: YAML files, of which later ones win, or an object. Throws `config_invalid` with
 * every problem of the configuration; a system that cannot be reached never stops it.
 */
export async function openHub(source: ConfigSource, options: HubOptions = {}): Promise<Hub> {
  const { signal, clock, connect } = options;
  const aborted = (): ConnectorError => new ConnectorError("cancelled", "Cancelled while opening", { outcome: "none" });
  // Asked anew each time: it may abort during each wait.
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) throw aborted();
  const { connectors } = await loadConfig(source, options);
  if (isAborted()) throw aborted();
  const hub = new OpenHub(connectors, { clock, connect });
  if (signal !== undefined) hub.closeOn(signal);
  await hub.connectEager();
  if (!isAborted()) return hub;
  await hub.close();
  throw aborted();
}
