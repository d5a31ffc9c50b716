/** Reads a connector's credentials anew, once for all who were refused with the old ones. */
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { MOST_RENEWALS, type Credentials } from "../policies/renewal.ts";

/** After reading them to no avail, how long they are not read again: a wrong password is asked for by every call. */
const PAUSE_MS = 1_000;
/** Longest that reading and proving them is waited for. What comes later is put in force all the same. */
const READ_MS = 60_000;

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
    this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    // Somebody else may have put in force meanwhile what was read.
    return this.#reading.then((isRenewed) => isRenewed || this.#generation !== seen);
  }

  async #read(): Promise<boolean> {
    const { clock, onFailed } = this.#source;
    if (clock.now() < this.#pausedUntil) return false;
    const before = this.#generation;
    let isRenewed = false;
    try {
      isRenewed = await this.#inTime();
    } catch (error) {
      onFailed(error);
    }
    if (!isRenewed && this.#generation === before) this.#pausedUntil = clock.now() + PAUSE_MS;
    return isRenewed;
  }

  #inTime(): Promise<boolean> {
    const { clock, read } = this.#source;
    return new Promise((resolve, reject) => {
      const timer = clock.after(READ_MS, () => reject(tooSlow()));
      const over = (): void => timer.cancel();
      read().finally(over).then(resolve, reject);
    });
  }
}

/** Does `work` again, up to three times, where its credentials were refused and there are others now. */
export async function withRenewal<T>(
  work: () => Promise<T>,
  credentials: Credentials | undefined,
  mayGoOn: (thrown: unknown) => boolean,
): Promise<T> {
  for (let times = 0; ; times++) {
    const seen = credentials?.generation ?? 0;
    try {
      return await work();
    } catch (thrown) {
      if (times === MOST_RENEWALS || !mayGoOn(thrown) || !(await credentials?.renew(seen)) || !mayGoOn(thrown))
        throw thrown;
    }
  }
}

function tooSlow(): ConnectorError {
  return new ConnectorError("timeout", `The credentials were not read within ${READ_MS} ms`, { outcome: "none" });
}
