/** The working half of the hub: connectors by name, opened together, closed together, given another configuration together. */
import type { ConnectorDescription } from "../connectors/connector-description.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { publishNotice } from "../core/events.ts";
import { didYouMean } from "../core/issues.ts";
import { RETIRE_MS } from "../core/lifecycle.ts";
import { auditConfiguration } from "./audit-configuration.ts";
import type { LoadedConfig } from "./configuration.ts";
import { FileWatch } from "./file-watch.ts";
import { healthOf, type HubHealth } from "./health.ts";
import type { LoadedConnector } from "./loaded-connector.ts";
import type { Member, MemberSettings } from "./member.ts";
import { Monitor } from "./monitor.ts";
import type { MonitorSettings } from "./monitor-settings.ts";
import { applyConfiguration, makeMembers, type Leaver, type Reloaded } from "./reload.ts";
import { statusOf, type HubStatus } from "./status.ts";

/** A connector as the hub sees it; nothing in it is a secret in clear. */
export interface HubEntry extends ConnectorDescription {
  readonly required: boolean;
  readonly connect: "lazy" | "eager";
  readonly isConnected: boolean;
}

export interface OpenHubOptions {
  readonly clock: Clock | undefined;
  readonly connect: "lazy" | "eager" | undefined;
  /** Reads the configuration again from where it came. */
  readonly read: () => Promise<LoadedConfig>;
}

export interface WatchOptions {
  readonly intervalMs: number;
  /** Whether the configuration's own files are watched, or only the files that its values come from. */
  readonly isWhole: boolean;
  /** When the configuration was read, as the wall clock says. */
  readonly since: number;
}

export class OpenHub {
  readonly #members: Map<string, Member>;
  readonly #clock: Clock;
  readonly #options: OpenHubOptions;
  #config: LoadedConfig;
  #closing: Promise<void> | undefined;
  /** Configurations are put in force one after the other. */
  #applying: Promise<unknown> = Promise.resolve();
  /** What was replaced or removed and is not closed yet, each with its end. */
  readonly #leaving = new Map<Leaver, Promise<unknown>>();
  /** Ends what close must not leave behind. */
  readonly #onClosed: (() => Promise<void>)[] = [];

  constructor(config: LoadedConfig, options: OpenHubOptions) {
    this.#clock = options.clock ?? systemClock;
    this.#options = options;
    this.#config = config;
    this.#members = makeMembers(config.connectors, (loaded) => this.#settingsOf(loaded));
  }

  get(name: string, type?: abstract new (config: never) => object): never {
    const member = this.#find(name);
    // The overloads of the interface tell what comes out; here it is only looked up.
    return (type === undefined ? member.connector : member.as(type)) as never;
  }

  names(): readonly string[] {
    return [...this.#members.keys()];
  }

  describe(): readonly HubEntry[] {
    return [...this.#members.values()].map(({ connector, connect, loaded }) => ({
      ...connector.describe(),
      provider: loaded.provider,
      type: loaded.type,
      required: loaded.required,
      connect,
      isConnected: connector.isConnected,
    }));
  }

  health(): Promise<HubHealth> {
    const checks = [...this.#members.values()].map(({ connector, loaded: { name, required } }) => ({
      name,
      required,
      healthCheck: () => connector.healthCheck(),
    }));
    return healthOf(checks, new Date(this.#clock.wall()).toISOString());
  }

  status(): HubStatus {
    const known = [...this.#members].map(([name, { connector, loaded }]) => ({
      name,
      required: loaded.required,
      status: connector.status,
    }));
    return statusOf(known, new Date(this.#clock.wall()).toISOString());
  }

  connect(): Promise<ReadonlyMap<string, ConnectorError>> {
    return this.#connect([...this.#members.values()]);
  }

  /** Connects those that are to be connected from the start. */
  async connectEager(): Promise<void> {
    await this.#connect([...this.#members.values()].filter(({ connect }) => connect === "eager"));
  }

  /** Reads the configuration again and puts it in force; see `Hub`. */
  reload(): Promise<Reloaded> {
    return this.#inTurn(async () => {
      const config = await this.#options.read();
      const reloaded = await this.#apply(config);
      auditConfiguration("configuration reloaded", config);
      return reloaded;
    });
  }

  /** Puts in force what the references of the configuration stand for now; its own text is not read again. */
  refresh(): Promise<Reloaded> {
    return this.#inTurn(async () => {
      const config = await this.#config.refresh();
      const { failed, unchanged, ...others } = await this.#apply(config);
      if (others.changed.length > 0) auditConfiguration("configuration reloaded", config);
      for (const [name, error] of config.broken) warn(name, KEPT, error);
      return {
        ...others,
        unchanged: unchanged.filter((name) => !config.broken.has(name)),
        failed: new Map([...config.broken, ...failed]),
      };
    });
  }

  /** Reloads when the configuration's files change, and refreshes when only its values' do, until the hub is closed. */
  async watch({ intervalMs, isWhole, since }: WatchOptions): Promise<void> {
    const own = (): readonly string[] => (isWhole ? this.#config.files : []);
    const watch = new FileWatch({
      clock: this.#clock,
      intervalMs,
      files: () => [...own(), ...this.#config.valueFiles],
      onChange: async (changed) => {
        try {
          await (changed.some((file) => own().includes(file)) ? this.reload() : this.refresh());
        } catch (error) {
          if (this.#closing === undefined) warn("hub", KEPT, error);
        }
      },
    });
    this.#onClosed.push(() => watch.close());
    await watch.start(since);
  }

  /** Asks quiet connectors now and then how they are, until the hub is closed. */
  monitor(settings: MonitorSettings): void {
    const all = this.#members;
    const connectors = function* () {
      for (const { connector } of all.values()) yield connector;
    };
    const monitor = new Monitor(settings, { clock: this.#clock, random: Math.random, connectors });
    this.#onClosed.push(() => monitor.close());
  }

  /** Closes the hub when the signal aborts. */
  closeOn(signal: AbortSignal): void {
    // Nobody waits for this closing; who calls `close` as well gets the same promise and its error.
    const onAbort = (): void => void this.close().catch(() => {});
    signal.addEventListener("abort", onAbort, { once: true });
    this.#onClosed.push(async () => signal.removeEventListener("abort", onAbort));
  }

  close({ timeout }: { readonly timeout?: number | undefined } = {}): Promise<void> {
    return (this.#closing ??= this.#close(timeout === undefined ? {} : { timeout }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  toString(): string {
    return `Hub (${this.names().join(", ")})`;
  }

  toJSON(): unknown {
    return [...this.#members.values()].map(({ loaded, connector }) => ({
      name: loaded.name,
      provider: loaded.provider,
      isConnected: connector.isConnected,
    }));
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return this.toString();
  }

  #find(name: string): Member {
    if (this.#closing !== undefined) throw closed();
    const member = this.#members.get(name);
    if (member !== undefined) return member;
    const message = `There is no connector "${name}"${didYouMean(String(name), this.names())}`;
    throw new ConnectorError("not_found", message, { hint: `It has: ${this.names().join(", ")}.`, outcome: "none" });
  }

  async #connect(members: readonly Member[]): Promise<ReadonlyMap<string, ConnectorError>> {
    if (this.#closing !== undefined) throw closed();
    const failures = new Map<string, ConnectorError>();
    await Promise.all(
      members.map(async ({ connector }) => {
        try {
          await connector.connect();
        } catch (error) {
          // A connector throws nothing else.
          failures.set(connector.name, error as ConnectorError);
        }
      }),
    );
    return failures;
  }

  #settingsOf({ name }: LoadedConnector): MemberSettings {
    const renew = async (): Promise<LoadedConnector | undefined> => {
      const { connectors, broken } = await this.#config.refresh();
      const problem = broken.get(name);
      if (problem !== undefined) throw problem;
      return connectors.find((each) => each.name === name);
    };
    return {
      clock: this.#options.clock,
      isOpen: () => this.#closing === undefined,
      connect: this.#options.connect ?? "lazy",
      renew,
    };
  }

  #inTurn(work: () => Promise<Reloaded>): Promise<Reloaded> {
    const done = this.#applying.then(() => {
      if (this.#closing !== undefined) throw closed();
      return work();
    });
    this.#applying = done.catch(() => {});
    return done;
  }

  async #apply(config: LoadedConfig): Promise<Reloaded> {
    if (this.#closing !== undefined) throw closed();
    const settingsOf = (loaded: LoadedConnector): MemberSettings => this.#settingsOf(loaded);
    const leave = (connector: Leaver): void => {
      const left = connector
        .disconnect({ timeout: RETIRE_MS })
        .catch((error: unknown) => warn(connector.name, "session not closed", error))
        .finally(() => this.#leaving.delete(connector));
      this.#leaving.set(connector, left);
    };
    const reloaded = await applyConfiguration(this.#members, config.connectors, settingsOf, leave);
    this.#config = config;
    for (const [name, error] of reloaded.failed) warn(name, KEPT, error);
    const fresh = [...reloaded.added, ...reloaded.changed].flatMap((name) => this.#members.get(name) ?? []);
    if (this.#closing === undefined) await this.#connect(fresh.filter(({ connect }) => connect === "eager"));
    return reloaded;
  }

  async #close(options: { readonly timeout?: number }): Promise<void> {
    const ended = Promise.all(this.#onClosed.map((end) => end()));
    // What goes wrong is told where their end is waited for.
    const hurry = (): void => {
      for (const connector of this.#leaving.keys()) void connector.disconnect(options).catch(() => {});
    };
    hurry();
    const failed: string[] = [];
    const causes: unknown[] = [];
    await Promise.all(
      [...this.#members].map(async ([name, member]) => {
        try {
          await member.leave(options);
        } catch (error) {
          failed.push(name);
          causes.push(error);
        }
      }),
    );
    await Promise.all([ended, this.#applying.catch(() => {})]);
    hurry();
    await Promise.all(this.#leaving.values());
    if (failed.length === 0) return;
    const cause = causes.length === 1 ? causes[0] : new AggregateError(causes);
    throw new ConnectorError("internal", `Could not close: ${failed.join(", ")}`, { outcome: "none", cause });
  }
}

const KEPT = "configuration kept";

function warn(connector: string, name: string, error: unknown): void {
  const detail = error instanceof Error ? error.message : String(error);
  publishNotice({ connector, name, severity: "warning", detail });
}

function closed(): ConnectorError {
  return new ConnectorError("not_connected", "The hub is closed: connector not connected", { outcome: "none" });
}
