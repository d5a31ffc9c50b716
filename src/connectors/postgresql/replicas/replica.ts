/**
 * One replica, and whether it is of use now.
 *
 * It is used after it has answered once, and not before: nobody waits for a replica that may be away. While it is away it
 * is looked at again every second, as long as there is somebody who would read from it. A read that has waited a second
 * makes busbar look as well, because a server that is frozen, or behind a line that is cut, never says so; where it does
 * not answer, everything that waits for it fails at once and is read elsewhere.
 */
import type { Clock, Timer } from "../../../core/clock.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { Server } from "../pooling/server.ts";

/** How long a look at a replica may take. */
const LOOK_MS = 2_000;
/** From a look that failed to the next. */
const PAUSE_MS = 1_000;
/** How long a read waits before somebody looks whether the replica is still there. */
const PATIENCE_MS = 1_000;

export interface ReplicaSettings {
  /** `host:port`. */
  readonly name: string;
  readonly clock: Clock;
  /** A pool of connections to it; nothing is opened yet. */
  readonly open: () => Server;
  readonly onState: (isUsable: boolean) => void;
}

export class Replica {
  readonly name: string;
  /** Reads that run there. */
  running = 0;
  readonly #settings: ReplicaSettings;
  #server: Server | undefined;
  #isUsable = false;
  #isClosed = false;
  #nextLookAt = 0;
  #looking: AbortController | undefined;

  constructor(settings: ReplicaSettings) {
    this.#settings = settings;
    this.name = settings.name;
  }

  /** Where to read now; undefined where it is away, and then somebody looks at it, if it is time. */
  get server(): Server | undefined {
    if (!this.#isUsable && this.#settings.clock.now() >= this.#nextLookAt) void this.look();
    return this.#isUsable ? this.#server : undefined;
  }

  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** Runs a read. Rejects as it does; where it waits for long, busbar looks whether the replica is there. */
  async watch<T>(read: Promise<T>): Promise<T> {
    const { clock } = this.#settings;
    this.running++;
    const lookLater = (): Timer =>
      clock.timeout(PATIENCE_MS, () => {
        void this.look();
        timer = lookLater();
      });
    let timer = lookLater();
    try {
      return await read;
    } finally {
      timer.cancel();
      this.running--;
    }
  }

  /** Asks for a sign of life; one look at a time. Never rejects. */
  async look(): Promise<void> {
    if (this.#looking !== undefined || this.#isClosed) return;
    const { clock, open } = this.#settings;
    const abort = (this.#looking = new AbortController());
    const server = (this.#server ??= open());
    const timer = clock.background(LOOK_MS, () => abort.abort(noAnswer()));
    try {
      const connection = await server.connect(abort.signal, () => {});
      await connection.close();
      this.#settle(true);
    } catch (error) {
      // It is there, and full.
      if ((error as { readonly code?: unknown }).code === "53300") this.#settle(true);
      else this.#leave();
    } finally {
      timer.cancel();
      this.#looking = undefined;
    }
  }

  /** Connections from now on are new ones. */
  retire(): void {
    this.#server?.pool.retire();
  }

  async close(graceMs: number): Promise<void> {
    this.#isClosed = true;
    this.#isUsable = false;
    this.#looking?.abort(noAnswer());
    await this.#server?.close(graceMs);
  }

  /** It is of no use for now; what waits for it fails. */
  #leave(): void {
    this.#nextLookAt = this.#settings.clock.now() + PAUSE_MS;
    const server = this.#server;
    this.#server = undefined;
    this.#settle(false);
    void server?.close(0);
  }

  #settle(isUsable: boolean): void {
    if (this.#isClosed || this.#isUsable === isUsable) return;
    this.#isUsable = isUsable;
    this.#settings.onState(isUsable);
  }
}

function noAnswer(): ConnectorError {
  return new ConnectorError("unavailable", "The replica does not answer", { outcome: "none" });
}
