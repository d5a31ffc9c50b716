/** All connectors of one configuration, with their lifecycle. */
import { parseDuration } from "../config/fields.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import type { BaseConnector } from "../core/connector.ts";
import { ConnectorError } from "../core/errors.ts";
import { loadConfig, readConfig, type ConfigSource, type LoadOptions } from "./configuration.ts";
import type { HubHealth } from "./health.ts";
import { monitorSettings, type MonitorOptions } from "./monitor-settings.ts";
import { OpenHub, type HubEntry } from "./open-hub.ts";
import type { Reloaded } from "./reload.ts";
import type { HubStatus } from "./status.ts";

export type { ConnectorHealth, HubHealth } from "./health.ts";
export type { MonitorOptions } from "./monitor-settings.ts";
export type { HubEntry } from "./open-hub.ts";
export type { Reloaded } from "./reload.ts";
export type { HubStatus } from "./status.ts";

/** Names and classes of a configuration; generated types add to it: `declare module "busbar" { interface Connectors { … } }`. */
// eslint-disable-next-line @typescript-eslint/no-empty-object-type
export interface Connectors {}

/** How a hub is opened. */
export interface HubOptions extends LoadOptions {
  /** Closes the hub when it aborts; while the hub is being opened, `openHub` fails with `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** When connectors connect that do not say it themselves. Default: `lazy`, on first use. */
  readonly connect?: "lazy" | "eager" | undefined;
  /**
   * Which files are watched. `"values"`: those that values come from (`.env` and each `${file:…}`), so that rotated secrets
   * are taken on. `true`: the configuration's own files as well; what they say is put in force as `reload` does. `false`:
   * none. Default: `"values"`. What could not be put in force is told on `busbar:notice` as `configuration kept`.
   */
  readonly watch?: boolean | "values" | undefined;
  /** How often watched files are looked at; milliseconds or text like "5s". Default: 1 second. */
  readonly watchInterval?: number | string | undefined;
  /**
   * Whether connectors in use are asked how they are while they are quiet: those whose system has answered nothing for an
   * interval, and those that are degraded or down until they have recovered. `true` for the defaults. Default: `false`; what
   * calls show is known all the same.
   */
  readonly monitor?: boolean | MonitorOptions | undefined;
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
  /** How all connectors are, from memory: what their calls, and the probes of the monitor, have shown. Asks nobody. */
  status(): HubStatus;
  /** Connects everything at once. Never throws for a system that cannot be reached: answers with the failures by name. */
  connect(): Promise<ReadonlyMap<string, ConnectorError>>;
  /**
   * Reads the configuration again and puts it in force without a pause: what is new is opened and proven beside what runs,
   * takes its place, and what it replaces is closed when its calls are over. Connectors that were handed out go on
   * working; only where the class of one changed must the hub be asked again.
   *
   * A connector whose new configuration does not work goes on with the old one, and `failed` says why. Throws
   * `config_invalid`, with nothing changed, where the configuration is wrong.
   */
  reload(): Promise<Reloaded>;
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
  const { signal, clock, connect, watch = "values", watchInterval = WATCH_MS } = options;
  const intervalMs = parseDuration(watchInterval);
  if (intervalMs === undefined || intervalMs === 0) throw invalid("watchInterval", 'milliseconds or text like "5s"');
  if (![true, false, "values"].includes(watch)) throw invalid("watch", 'true, false or "values"');
  const monitor = monitorSettings(options.monitor);
  const aborted = (): ConnectorError => new ConnectorError("cancelled", "Cancelled while opening", { outcome: "none" });
  // Asked anew each time: it may abort during each wait.
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) throw aborted();
  const since = (clock ?? systemClock).wall();
  const config = await loadConfig(source, options);
  if (isAborted()) throw aborted();
  const hub = new OpenHub(config, { clock, connect, read: () => readConfig(source, options) });
  if (signal !== undefined) hub.closeOn(signal);
  if (watch !== false) await hub.watch({ intervalMs, isWhole: watch === true, since });
  if (monitor !== undefined) hub.monitor(monitor);
  await hub.connectEager();
  if (!isAborted()) return hub;
  await hub.close();
  throw aborted();
}

const WATCH_MS = 1_000;

function invalid(option: string, expected: string): ConnectorError {
  return new ConnectorError("config_invalid", `Invalid ${option}: expected ${expected}`, { outcome: "none" });
}
