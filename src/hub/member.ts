/** One connector of a hub, whichever configuration it has now. */
import type { DefinedConnector } from "../connectors/defined.ts";
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { sameValue } from "../core/same-value.ts";
import { facadeOf } from "./facade.ts";
import type { LoadedConnector, MadeConnector } from "./loaded-connector.ts";

/** What its hub sets around a connector. */
export interface MemberSettings {
  readonly clock: Clock | undefined;
  /** What the configuration says of it now; `undefined` where it is not there any more. */
  readonly renew: () => Promise<LoadedConnector | undefined>;
  /** Whether calls may connect; asked at each call. */
  readonly isOpen: () => boolean;
  /** When connectors connect that do not say it themselves. */
  readonly connect: "lazy" | "eager";
}

/** A connector under its name in a hub. Constructing it throws where the connector's class refuses its configuration. */
export class Member {
  readonly #settings: MemberSettings;
  #loaded: LoadedConnector;
  #made: MadeConnector;
  /** A connector of another class that is to take this one's place, while it is being proven. */
  #successor: DefinedConnector | undefined;
  #facade: object | undefined;
  /** The hub has it no more: it connects no more either. */
  #isGone = false;

  constructor(loaded: LoadedConnector, settings: MemberSettings) {
    this.#settings = settings;
    this.#loaded = loaded;
    this.#made = this.#make(loaded);
  }

  get loaded(): LoadedConnector {
    return this.#loaded;
  }

  get connector(): DefinedConnector {
    return this.#made.connector;
  }

  get connect(): "lazy" | "eager" {
    return this.#loaded.connect ?? this.#settings.connect;
  }

  /** The connector as a class that its user names. */
  as(type: abstract new (config: never) => object): object {
    const { connector, byHand } = this.#made;
    if (connector instanceof type) return connector;
    if (byHand instanceof type) return (this.#facade ??= facadeOf(() => this.#made.byHand!, connector));
    const found = (byHand ?? connector).constructor.name;
    const message = `Connector "${connector.name}" is of class ${found}, not ${type.name}`;
    throw new ConnectorError("input_invalid", message, { connector: connector.name, outcome: "none" });
  }

  /** Whether a configuration would change how the connector works. */
  differsFrom(other: LoadedConnector): boolean {
    return this.#loaded.class !== other.class || !sameValue(this.#loaded.settings, other.settings);
  }

  /** Notes what a configuration says beside the connector's settings. */
  note(loaded: LoadedConnector): void {
    this.#loaded = loaded;
  }

  /**
   * Puts another configuration in force: proven first where the connector is connected, and without a pause. Throws, and
   * stays as it was, where it does not work.
   *
   * @returns the connector that was replaced, still open, where the configuration names another class.
   */
  async takeOn(loaded: LoadedConnector): Promise<DefinedConnector | undefined> {
    const next = this.#make(loaded);
    if (loaded.class === this.#loaded.class) {
      await this.connector.reconfigure(next.connector);
      this.#made = { ...next, connector: this.connector };
      this.#loaded = loaded;
      return undefined;
    }
    const old = this.connector;
    if (old.isConnected) await this.#prove(next.connector);
    this.#made = next;
    this.#facade = undefined;
    this.#loaded = loaded;
    return old;
  }

  /** Closes it for good. */
  async leave(options: { readonly timeout?: number }): Promise<void> {
    this.#isGone = true;
    await Promise.all([this.#successor?.disconnect(options), this.connector.disconnect(options)]);
  }

  #make(loaded: LoadedConnector): MadeConnector {
    const { clock, isOpen } = this.#settings;
    const { name } = loaded;
    const connectsOnUse = (): boolean => !this.#isGone && made.connector === this.connector && isOpen();
    const made = loaded.make({ name, clock, connectsOnUse, renew: () => this.#renewed() });
    return made;
  }

  /** A connector made of the configuration as it is now. */
  async #renewed(): Promise<DefinedConnector | undefined> {
    const loaded = await this.#settings.renew();
    if (loaded?.class !== this.#loaded.class) return undefined;
    const { connector, byHand } = this.#make(loaded);
    // An instance written by hand would have to be exchanged as well; that is what reloading is for.
    return byHand === undefined ? connector : undefined;
  }

  async #prove(connector: DefinedConnector): Promise<void> {
    this.#successor = connector;
    try {
      await connector.connect();
      const { status, error = "it does not say why" } = await connector.healthCheck();
      if (status !== "unhealthy") return;
      throw new ConnectorError("unavailable", `The new connector is not well: ${error}`, { outcome: "none" });
    } catch (error) {
      await connector.disconnect().catch(() => {});
      throw error;
    } finally {
      this.#successor = undefined;
    }
  }
}
