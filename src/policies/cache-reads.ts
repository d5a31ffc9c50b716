/** The way of one read through the cache: kept answer, shared call, or call of its own. */
import { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { copyData } from "../core/copy-data.ts";
import { ConnectorError, type Kind } from "../core/errors.ts";
import type { Next } from "../core/policy.ts";
import { CallRecord, type CacheState } from "../core/record.ts";
import { untilCancelled } from "../core/until-cancelled.ts";
import { areCurrent, type LabelsOf } from "./cache-labels.ts";
import type { CacheStore, Lifetime, StoredAnswer } from "./cache-store.ts";
import { deadline } from "./deadline.ts";
import { Flight, isLeadersOwn } from "./flight.ts";
import { observe, type Present } from "./observe.ts";

export interface CacheEnvironment {
  readonly clock: Clock;
  /** The connector's own limit for a call in milliseconds; 0 means none. */
  readonly timeoutMs: number;
  /** Counts a call that the cache makes for itself among those that are running. */
  readonly enter: (call: Call) => void;
  /** Makes of what such a call failed of what subscribers are told. */
  readonly present?: Present | undefined;
}

interface Read {
  readonly call: Call;
  readonly key: string;
  readonly lifetime: Lifetime;
  readonly labels: LabelsOf;
}

/** The system does not answer; what it answered before is better than nothing. */
const OUTAGES: ReadonlySet<Kind> = new Set([
  "unavailable",
  "connection_lost",
  "timeout",
  "circuit_open",
  "rate_limited",
]);

export class CachedReads {
  readonly #next: Next;
  readonly #store: CacheStore;
  readonly #environment: CacheEnvironment;
  /** Calls under way, by key. */
  readonly #flights = new Map<string, Flight>();

  constructor(next: Next, store: CacheStore, environment: CacheEnvironment) {
    this.#next = next;
    this.#store = store;
    this.#environment = environment;
  }

  async answer(read: Read): Promise<unknown> {
    const { call, key, lifetime } = read;
    const { clock, timeoutMs } = this.#environment;
    call.throwIfCancelled();
    const kept = this.#store.get(key);
    if (kept !== undefined) {
      const ageMs = clock.now() - kept.storedAt;
      if (ageMs < lifetime.ttl) return serve(call, kept, "hit");
      if (ageMs < lifetime.ttl + lifetime.staleWhileRevalidate) {
        this.#refresh(read);
        return serve(call, kept, "stale");
      }
    }
    try {
      // From here on the call may wait for another's answer, so its deadline begins here.
      return await deadline(timeoutMs, clock)(() => this.#fetch(read))(call);
    } catch (error) {
      const old = this.#store.get(key);
      const isOutage = error instanceof ConnectorError && OUTAGES.has(error.kind);
      if (old === undefined || !isOutage) throw error;
      if (clock.now() - old.storedAt >= lifetime.ttl + lifetime.staleIfError) throw error;
      return serve(call, old, "stale");
    }
  }

  /** Joins a call that is under way, or makes one. */
  async #fetch(read: Read): Promise<unknown> {
    const { call, key } = read;
    const { clock } = this.#environment;
    for (;;) {
      const since = clock.now();
      const flight = this.#flightOf(key);
      if (flight === undefined) return this.#lead(read);
      const outcome = await untilCancelled(flight.outcome, call).finally(() =>
        call.record.addWait("queued", clock.now() - since),
      );
      if (outcome === "not shared") return this.#next(call);
      if ("answer" in outcome) return serve(call, outcome.answer, "hit");
      if (!isLeadersOwn(outcome.error, outcome.leader, call, clock.now())) throw outcome.error;
    }
  }

  /** The call under way that a new one may join. */
  #flightOf(key: string): Flight | undefined {
    const flight = this.#flights.get(key);
    return flight !== undefined && areCurrent(flight.labels) ? flight : undefined;
  }

  /** Makes the call that others can join. */
  async #lead({ call, key, labels }: Read): Promise<unknown> {
    const names = labels(call);
    // What nobody could outdate is not kept.
    if (names === undefined) return this.#next(call);
    const flight = new Flight(this.#store.labels.hold(names));
    this.#flights.set(key, flight);
    try {
      const data = await this.#next(call);
      call.record.cache = "miss";
      const copy = copyData({ data, meta: call.record.answer })?.value;
      if (copy === undefined) flight.tell("not shared");
      else {
        const answer = { ...copy, storedAt: this.#environment.clock.now() };
        this.#store.put(key, answer, flight.labels);
        flight.tell({ answer });
      }
      return data;
    } catch (error) {
      flight.tell({ error, leader: call });
      throw error;
    } finally {
      if (this.#flights.get(key) === flight) this.#flights.delete(key);
      this.#store.labels.release(flight.labels);
    }
  }

  /** Fetches a fresh answer behind the caller's back, in a call of its own with its own record. */
  #refresh(read: Read): void {
    const { clock, timeoutMs, enter, present } = this.#environment;
    const { operation, input, effect, name, record: asked } = read.call;
    if (this.#flightOf(read.key) !== undefined) return;
    const { connector, provider, type, server } = asked;
    const record = new CallRecord({ connector, provider, type, operation: name, effect, server }, clock.now());
    const call = new Call({ operation, input, effect, record });
    enter(call);
    const run = observe(clock, present)(deadline(timeoutMs, clock)(() => this.#lead({ ...read, call })));
    // Whoever wants to know that it failed reads its record.
    run(call).catch(() => {});
  }
}

/** Each caller has a copy of its own. */
function serve(call: Call, answer: StoredAnswer, state: CacheState): unknown {
  const { data, meta } = copyData({ data: answer.data, meta: answer.meta })!.value;
  Object.assign(call.record.answer, meta);
  call.record.cache = state;
  return data;
}
