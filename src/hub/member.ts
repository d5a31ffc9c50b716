/** One connector of a hub, whichever configuration it has now. */
import type { DefinedConnector } from "../connectors/defined.ts";
import type { Settings } from "../connectors/settings.ts";
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
  /** The settings that were put in force here; the connector has others where it has read its credentials anew. */
  #taken: Settings;
  /** A connector of another class that is to take this one's place, while it is being proven. */
  #successor: DefinedConnector | undefined;
  #facade: object | undefined;
  /** The hub has it no more: it connects no more either. */
  #isGone = false;

  constructor(loaded: LoadedConnector, settings: MemberSettings) {
    this.#settings = settings;
    this.#loaded = loaded;
    this.#made = this.#make(loaded);
    this.#taken = this.#inForce;
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
    const settings = this.#inForce === this.#taken ? this.#loaded.settings : this.#inForce;
    const { class: own, definition } = this.#loaded;
    // The same operations on the same class are one definition, but for classes written by hand.
    const isOther = this.#made.byHand === undefined && definition !== other.definition;
    return own !== other.class || isOther || !sameValue(settings, other.settings);
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
      this.#taken = this.#inForce;
      return undefined;
    }
    const old = this.connector;
    this.#successor = next.connector;
    try {
      if (old.isConnected) await prove(next.connector);
      // Together with what follows: whoever closes the hub must find it in one place or the other.
      this.#made = next;
    } finally {
      this.#successor = undefined;
    }
    this.#facade = undefined;
    this.#loaded = loaded;
    this.#taken = this.#inForce;
    return old;
  }

  /** Closes it for good. */
  async leave(options: { readonly timeout?: number }): Promise<void> {
    this.#isGone = true;
    await Promise.all([this.#successor?.disconnect(options), this.connector.disconnect(options)]);
  }

  get #inForce(): Settings {
    return this.connector.describe().settings;
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
    // An instance written by hand would have to be exchanged as well; that is what reloading is for.
    if (this.#made.byHand !== undefined) return undefined;
    const loaded = await this.#settings.renew();
    return loaded?.class === this.#loaded.class ? this.#make(loaded).connector : undefined;
  }
}

/** Connects it and asks how it is; where it is not well, it is closed again. */
async function prove(connector: DefinedConnector): Promise<void> {
  try {
    await connector.connect();
    const { status, error = "it does not say why" } = await connector.healthCheck();
    if (status !== "unhealthy") return;
    throw new ConnectorError("unavailable", `The new connector is not well: ${error}`, { outcome: "none" });
  } catch (error) {
    await connector.disconnect().catch(() => {});
    throw error;
  }
}
