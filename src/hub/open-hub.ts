/** The working half of the hub: connectors by name, opened together, closed together. */
import { configError, type ConfigProblem } from "../config/problem.ts";
import type { ConnectorDescription } from "../connectors/defined.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { didYouMean } from "../core/issues.ts";
import { redactor, secretsIn } from "../core/secret.ts";
import { facadeOf } from "./facade.ts";
import { healthOf, type HubHealth } from "./health.ts";
import type { LoadedConnector, MadeConnector } from "./loaded-connector.ts";

/** A connector as the hub sees it; nothing in it is a secret in clear. */
export interface HubEntry extends ConnectorDescription {
  readonly required: boolean;
  readonly connect: "lazy" | "eager";
  readonly isConnected: boolean;
}

interface Member extends MadeConnector {
  readonly loaded: LoadedConnector;
  readonly connect: "lazy" | "eager";
  facade?: object;
}

export interface OpenHubOptions {
  readonly clock: Clock | undefined;
  readonly connect: "lazy" | "eager" | undefined;
}

export class OpenHub {
  readonly #members = new Map<string, Member>();
  readonly #clock: Clock;
  #closing: Promise<void> | undefined;
  /** Ends what close must not leave behind: the listener of a signal. */
  readonly #onClosed: (() => void)[] = [];

  constructor(connectors: readonly LoadedConnector[], options: OpenHubOptions) {
    this.#clock = options.clock ?? systemClock;
    const connectsOnUse = (): boolean => this.#closing === undefined;
    const problems: ConfigProblem[] = [];
    for (const loaded of connectors) {
      const { name } = loaded;
      try {
        const made = loaded.make({ name, clock: options.clock, connectsOnUse });
        this.#members.set(name, { ...made, loaded, connect: loaded.connect ?? options.connect ?? "lazy" });
      } catch (error) {
        const redact = redactor(secretsIn([loaded.settings.connection, loaded.settings.options]));
        const message = redact(error instanceof Error ? error.message : String(error));
        problems.push({ origin: loaded.origin([]), connector: name, path: [], message });
      }
    }
    if (problems.length > 0) throw configError(problems);
  }

  get(name: string, type?: abstract new (config: never) => object): never {
    const member = this.#find(name);
    // The overloads of the interface tell what comes out; here it is only looked up.
    return (type === undefined ? member.connector : this.#as(member, type)) as never;
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

  connect(): Promise<ReadonlyMap<string, ConnectorError>> {
    return this.#connect([...this.#members.values()]);
  }

  /** Connects those that are to be connected from the start. */
  async connectEager(): Promise<void> {
    await this.#connect([...this.#members.values()].filter(({ connect }) => connect === "eager"));
  }

  /** Closes the hub when the signal aborts. */
  closeOn(signal: AbortSignal): void {
    // Nobody waits for this closing; who calls `close` as well gets the same promise and its error.
    const onAbort = (): void => void this.close().catch(() => {});
    signal.addEventListener("abort", onAbort, { once: true });
    this.#onClosed.push(() => signal.removeEventListener("abort", onAbort));
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

  #as(member: Member, type: abstract new (config: never) => object): object {
    const { connector, byHand } = member;
    if (connector instanceof type) return connector;
    if (byHand instanceof type) return (member.facade ??= facadeOf(byHand, connector));
    const found = (byHand ?? connector).constructor.name;
    const message = `Connector "${connector.name}" is of class ${found}, not ${type.name}`;
    throw new ConnectorError("input_invalid", message, { connector: connector.name, outcome: "none" });
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

  async #close(options: { readonly timeout?: number }): Promise<void> {
    for (const end of this.#onClosed) end();
    const failed: string[] = [];
    const causes: unknown[] = [];
    await Promise.all(
      [...this.#members.values()].map(async ({ connector }) => {
        try {
          await connector.disconnect(options);
        } catch (error) {
          failed.push(connector.name);
          causes.push(error);
        }
      }),
    );
    if (failed.length === 0) return;
    const cause = causes.length === 1 ? causes[0] : new AggregateError(causes);
    throw new ConnectorError("internal", `Could not close: ${failed.join(", ")}`, { outcome: "none", cause });
  }
}

function closed(): ConnectorError {
  return new ConnectorError("not_connected", "The hub is closed: connector not connected", { outcome: "none" });
}
