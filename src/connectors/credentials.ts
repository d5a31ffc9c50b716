/** Reads a connector's credentials anew, once for all who were refused with the old ones. */
import type { Clock } from "../core/clock.ts";
import type { Credentials } from "../policies/renewal.ts";

/** After reading them to no avail, how long they are not read again: a wrong password is asked for by every call. */
const PAUSE_MS = 1_000;

export interface CredentialSource {
  readonly clock: Clock;
  /** Reads them and puts them in force; false where they are as before. */
  read(this: void): Promise<boolean>;
  /** They could not be read, or the system refuses the new ones too. */
  onFailed(this: void, error: unknown): void;
}

/** The credentials of one connector. */
export class RenewableCredentials implements Credentials {
  readonly #source: CredentialSource;
  #generation = 0;
  #reading: Promise<boolean> | undefined;
  #pausedUntil = -Infinity;

  constructor(source: CredentialSource) {
    this.#source = source;
  }

  get generation(): number {
    return this.#generation;
  }

  /** To be called when others are in force, whoever saw to it. */
  advance(): void {
    this.#generation++;
  }

  renew(seen: number): Promise<boolean> {
    if (this.#generation !== seen) return Promise.resolve(true);
    return (this.#reading ??= this.#read().finally(() => (this.#reading = undefined)));
  }

  async #read(): Promise<boolean> {
    const { clock, read, onFailed } = this.#source;
    if (clock.now() < this.#pausedUntil) return false;
    let isRenewed = false;
    try {
      isRenewed = await read();
    } catch (error) {
      onFailed(error);
    }
    if (!isRenewed) this.#pausedUntil = clock.now() + PAUSE_MS;
    return isRenewed;
  }
}
