/**
 * Reads on replicas.
 *
 * What only reads, by its operation or by its caller's word, and is not part of a transaction goes to the replica that has
 * the least to do; where that fails for reasons of its own, to the next, and last to the primary. So a replica that is away
 * fails no call. Replicas are behind the primary by the time that replication takes.
 */
import type { Call } from "../../../core/call.ts";
import { toConnectorError } from "../../../core/classify.ts";
import type { Clock } from "../../../core/clock.ts";
import type { Kind } from "../../../core/errors.ts";
import type { SqlHandlers } from "../../../contracts/sql/handlers.ts";
import { inBatches, type Batches } from "../../../core/stream.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import type { Place } from "../connecting/suitable.ts";
import { classify } from "../errors.ts";
import type { Server } from "../pooling/server.ts";
import { Replica } from "./replica.ts";

type Handlers = SqlHandlers["handlers"];

export interface ReplicasSettings {
  readonly clock: Clock;
  /** A pool of connections to one place; nothing is opened yet. */
  readonly open: (place: Place) => Server;
  /** Hears of replicas that come and go. */
  readonly notify: (event: string, detail: { readonly server: string }) => void;
}

/** Reasons of a replica, for which the same read may succeed elsewhere. */
const ELSEWHERE: ReadonlySet<Kind> = new Set([
  "unavailable",
  "connection_lost",
  "not_connected",
  "contention",
  "timeout",
]);

export class Replicas {
  readonly #settings: ReplicasSettings;
  #all: readonly Replica[] = [];
  #next = 0;

  constructor(settings: ReplicasSettings) {
    this.#settings = settings;
  }

  /** Names of those that are away. */
  get away(): readonly string[] {
    return this.#all.filter(({ isUsable }) => !isUsable).map(({ name }) => name);
  }

  /** How many there are. */
  get count(): number {
    return this.#all.length;
  }

  /** Uses these from now on; those that were there already get new connections. */
  use(places: readonly Place[], graceMs: number): void {
    const { clock, open, notify } = this.#settings;
    const before = new Map(this.#all.map((replica) => [replica.name, replica]));
    this.#all = places.map((place) => {
      const name = `${place.host}:${place.port}`;
      const known = before.get(name);
      before.delete(name);
      known?.retire();
      const onState = (isUsable: boolean): void =>
        notify(isUsable ? "replica in use" : "replica away", { server: name });
      return known ?? new Replica({ name, clock, open: () => open(place), onState });
    });
    for (const gone of before.values()) void gone.close(graceMs);
    for (const replica of this.#all) void replica.look();
  }

  /** The handlers with reads on replicas; the rest, and what no replica can do, goes to the primary. */
  handlers(primary: Handlers): Handlers {
    const spread =
      <I, O>(of: (handlers: Handlers) => (input: I, call: Call) => Promise<O>) =>
      (input: I, call: Call): Promise<O> =>
        this.#isRead(call) ? this.#read(call, primary, (on) => of(on)(input, call)) : of(primary)(input, call);
    return {
      ...primary,
      query: spread(({ query }) => query),
      execute: spread(({ execute }) => execute),
      select: spread(({ select }) => select),
      batch: spread(({ batch }) => batch),
      queryStream: (input, call) => {
        const open = (on: Handlers): Batches<Row> => on.queryStream(input, call) as Batches<Row>;
        return this.#isRead(call) ? inBatches(this.#stream(call, primary, open)) : open(primary);
      },
    };
  }

  async close(graceMs: number): Promise<void> {
    await Promise.all(this.#all.map((replica) => replica.close(graceMs)));
  }

  #isRead(call: Call): boolean {
    return call.effect === "read" && this.#all.length > 0;
  }

  async #read<T>(call: Call, primary: Handlers, work: (on: Handlers) => Promise<T>): Promise<T> {
    for (const { replica, server } of this.#candidates())
      try {
        return await replica.watch(work(server.handlers));
      } catch (thrown) {
        this.#moveOn(thrown, call, replica);
      }
    return work(primary);
  }

  async *#stream(
    call: Call,
    primary: Handlers,
    open: (on: Handlers) => Batches<Row>,
  ): AsyncGenerator<readonly Row[], void, undefined> {
    for (const { replica, server } of this.#candidates()) {
      const rows = open(server.handlers)[Symbol.asyncIterator]();
      let step: IteratorResult<readonly Row[], unknown>;
      try {
        step = await replica.watch(rows.next());
      } catch (thrown) {
        this.#moveOn(thrown, call, replica);
        continue;
      }
      try {
        for (; step.done !== true; step = await replica.watch(rows.next())) yield step.value;
      } finally {
        await rows.return?.();
      }
      return;
    }
    yield* open(primary);
  }

  /** Those that are there, the least busy first, in turn where all are the same. */
  #candidates(): { readonly replica: Replica; readonly server: Server }[] {
    const count = this.#all.length;
    const first = this.#next++ % count;
    return this.#all
      .map((_, at) => this.#all[(first + at) % count]!)
      .sort((one, other) => one.running - other.running)
      .flatMap((replica) => {
        const { server } = replica;
        return server === undefined ? [] : [{ replica, server }];
      });
  }

  /** Throws what would fail elsewhere too. */
  #moveOn(thrown: unknown, call: Call, replica: Replica): void {
    if (call.cancelled !== undefined) {
      // Perhaps it was slow, perhaps it is not there any more.
      if (call.cancelled.kind === "timeout") void replica.look();
      throw thrown;
    }
    const { kind } = toConnectorError(thrown, classify);
    if (!ELSEWHERE.has(kind)) throw thrown;
    // A conflict with what the primary has changed is no fault of the replica.
    if (kind !== "contention") void replica.look();
  }
}
