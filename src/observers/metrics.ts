/**
 * What is counted and measured of calls, in the terms of OpenTelemetry's metrics.
 *
 * Labels are names from the configuration and from the tables of kinds and stages, so their number is bounded whatever
 * callers ask for. Durations are in seconds, as the conventions want it. Tries are measured under the names of the
 * conventions (`db.client.operation.duration`, …), calls under busbar's own.
 */
import type { AttemptRecord } from "../core/attempt-record.ts";
import type { ConditionEvent, StateEvent, UnclassifiedEvent } from "../core/events.ts";
import type { CallRecord, Server } from "../core/record.ts";
import { conventionOf, TRY_DURATIONS, type Attributes } from "./conventions.ts";
import { operationLabels } from "./operation-label.ts";
import { subscribeTo } from "./subscribe.ts";

/** What an instrument is. */
export interface InstrumentOptions {
  readonly description?: string;
  readonly unit?: string;
  readonly advice?: { readonly explicitBucketBoundaries?: number[] };
}

/** What is used of an OpenTelemetry meter: `metrics.getMeter("busbar")`. */
export interface MeterLike {
  createCounter(name: string, options: InstrumentOptions): { add(value: number, attributes: Attributes): void };
  createGauge(name: string, options: InstrumentOptions): { record(value: number, attributes: Attributes): void };
  createHistogram(name: string, options: InstrumentOptions): { record(value: number, attributes: Attributes): void };
}

/** The boundaries that the conventions advise for databases, in seconds, and longer ones for calls that wait. */
const SECONDS = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30];
const ATTEMPTS = [1, 2, 3, 5, 10];

/** Counts and measures into the meter until it is disposed of. */
export function measureTo(meter: MeterLike): Disposable {
  const seconds = (name: string, description: string) =>
    meter.createHistogram(name, { description, unit: "s", advice: { explicitBucketBoundaries: SECONDS } });
  const count = (name: string, description: string, unit: string) => meter.createCounter(name, { description, unit });
  const durations = seconds("busbar.call.duration", "Time of calls, tries and waits included.");
  const waits = seconds("busbar.call.wait", "Time that calls spent waiting, by stage.");
  const attempts = meter.createHistogram("busbar.call.attempts", {
    description: "Tries of calls that reached the system.",
    unit: "{attempt}",
    advice: { explicitBucketBoundaries: ATTEMPTS },
  });
  const results = count("busbar.calls", "Calls by what became of them: ok, or the kind of the failure.", "{call}");
  const cached = count("busbar.cache", "Calls of cached operations by what the cache did.", "{call}");
  const states = count("busbar.state.changes", "Changes of connectors' states.", "{change}");
  const conditions = meter.createGauge("busbar.connector.state", {
    description: "1 for the state that a connector is in, 0 for those that it was in: ready, degraded, down, …",
    unit: "1",
  });
  const unknown = count("busbar.unclassified", "Errors that no table knew.", "{error}");
  const tries = new Map(TRY_DURATIONS.map((name) => [name, seconds(name, "Time of tries at the system.")]));
  const placeOf = places();

  const call = (record: CallRecord): void => {
    const { connector, provider, result = "internal", cache } = record;
    const { where, withResult } = placeOf(record);
    durations.record(record.durationMs / 1_000, where);
    results.add(1, withResult(result));
    if (record.attempts > 0) attempts.record(record.attempts, where);
    if (cache !== undefined) cached.add(1, { ...where, state: cache });
    if (record.waitMs === 0) return;
    for (const [stage, ms] of Object.entries(record.waits)) waits.record(ms / 1_000, { connector, provider, stage });
  };
  const attempt = (record: AttemptRecord): void => {
    const { duration, ofTry } = placeOf(record.call);
    tries.get(duration)!.record(record.durationMs / 1_000, ofTry(record));
  };
  const state = ({ connector, provider, state }: StateEvent): void => states.add(1, { connector, provider, state });
  const condition = ({ connector, provider, from, state }: ConditionEvent): void => {
    conditions.record(0, { connector, provider, state: from });
    conditions.record(1, { connector, provider, state });
  };
  const unclassified = ({ connector, provider }: UnclassifiedEvent): void => unknown.add(1, { connector, provider });
  return subscribeTo({ call, attempt, state, condition, unclassified });
}

/** One operation of one connector, and the attributes that go with it. */
interface Place {
  readonly provider: string;
  readonly server: Server | undefined;
  readonly where: Attributes;
  readonly withResult: (result: string) => Attributes;
  /** The metric that measures its tries. */
  readonly duration: string;
  readonly ofTry: (attempt: AttemptRecord) => Attributes;
}

/**
 * A function that finds a call's place. Attributes of the usual cases are made once: the meter knows them again, which is
 * cheaper than comparing them.
 */
function places(): (call: CallRecord) => Place {
  const labelOf = operationLabels();
  const known = new Map<string, Map<string, Place>>();
  return (call) => {
    const { connector, provider, server } = call;
    let operations = known.get(connector);
    if (operations === undefined) known.set(connector, (operations = new Map<string, Place>()));
    const operation = labelOf(call);
    const found = operations.get(operation);
    if (found?.provider === provider && found.server === server) return found;
    const place = makePlace(call, operation);
    operations.set(operation, place);
    return place;
  };
}

function makePlace(call: CallRecord, operation: string): Place {
  const { connector, provider, type, effect, server } = call;
  const where = { connector, provider, operation };
  const results = new Map<string, Attributes>();
  const good = new Map<number | undefined, Attributes>();
  const convention = conventionOf(call);
  const begun = { "busbar.connector": connector, ...convention.begun({ ...where, type, effect, server }) };
  const made = (attempt: AttemptRecord): Attributes => withoutNothing({ ...begun, ...convention.over(attempt) });
  return {
    provider,
    server,
    where,
    duration: convention.duration,
    withResult: (result) => kept(results, result, () => ({ ...where, result })),
    // Failures are as many as a system has codes.
    ofTry: (attempt) => (attempt.result === "ok" ? kept(good, attempt.status, () => made(attempt)) : made(attempt)),
  };
}

function kept<K>(known: Map<K, Attributes>, key: K, make: () => Attributes): Attributes {
  let found = known.get(key);
  if (found === undefined) known.set(key, (found = make()));
  return found;
}

function withoutNothing(attributes: Attributes): Attributes {
  for (const name in attributes) if (attributes[name] === undefined) delete attributes[name];
  return attributes;
}
