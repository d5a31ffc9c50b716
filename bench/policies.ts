/**
 * What the policies cost around a call that does nothing. Busbar is measured from outside, as `execute` of a connector:
 * lookup of the operation, check of the input, record and session are in its numbers, which the peers do not have. The
 * pipeline alone, which no user can call, is what compares with them: it gets a call and its record, made each time.
 */
import { defineConnector, read } from "busbar";
import { z } from "zod";
import type { Bench, Work } from "./bench.ts";
import { EVERY_POLICY } from "./every-policy.ts";

async function nothing(): Promise<number> {
  return 1;
}

const NothingConnector = defineConnector({
  provider: "nothing",
  type: "custom",
  title: "Nothing",
  summary: "Answers at once.",
  connection: z.strictObject({}),
  operations: { nothing: read("Answers at once.", z.strictObject({}), z.number()) },
  open: async () => ({ handlers: { nothing }, ping: async () => {}, close: async () => {} }),
  classify: () => undefined,
});

async function busbar(options: ConstructorParameters<typeof NothingConnector>[0]): Promise<Work> {
  const connector = new NothingConnector(options);
  await connector.connect();
  return { once: () => connector.execute("nothing"), close: () => connector.disconnect() };
}

/** Inner modules of the package, which it does not export. */
async function inner<M>(path: string): Promise<M> {
  return (await import(new URL(`../../dist/${path}`, import.meta.url).href)) as M;
}

async function pipeline(): Promise<Work> {
  const { buildPipeline, policySettings } =
    await inner<typeof import("../src/policies/pipeline.ts")>("policies/pipeline.js");
  const { Call } = await inner<typeof import("../src/core/call.ts")>("core/call.js");
  const { systemClock } = await inner<typeof import("../src/core/clock.ts")>("core/clock.js");
  const { CallRecord } = await inner<typeof import("../src/core/record.ts")>("core/record.js");
  const operation = read("Answers at once.", z.strictObject({}), z.number());
  const { effect } = operation;
  const place = { connector: "nothing", provider: "nothing", type: "custom", operation: "nothing", effect } as const;
  const input = {};
  const settings = policySettings.parse(EVERY_POLICY);
  const { send } = buildPipeline(settings, { clock: systemClock, random: Math.random }, nothing);
  const once = (): Promise<unknown> => {
    const record = new CallRecord(place, systemClock.now());
    record.hasJustBegun = true;
    return send(new Call({ operation, input, effect, record }));
  };
  return { once };
}

async function cockatiel(): Promise<Work> {
  const library = await import("cockatiel");
  const { bulkhead, circuitBreaker, handleAll, retry, timeout, wrap } = library;
  const policy = wrap(
    retry(handleAll, { maxAttempts: 3, backoff: new library.ExponentialBackoff() }),
    circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new library.ConsecutiveBreaker(5) }),
    bulkhead(64, 64),
    timeout(10_000, library.TimeoutStrategy.Aggressive),
  );
  return { once: () => policy.execute(nothing) };
}

async function opossum(): Promise<Work> {
  const { default: CircuitBreaker } = await import("opossum");
  const breaker = new CircuitBreaker(nothing, { timeout: 10_000 });
  return { once: () => breaker.fire(), close: async () => breaker.shutdown() };
}

async function pRetry(): Promise<Work> {
  const { default: retry } = await import("p-retry");
  return { once: () => retry(nothing, { retries: 3 }) };
}

const ALL = "busbar, every policy";
const NONE = "busbar, no policy";
const PIPELINE = "busbar, every policy, pipeline alone";
const BARE = "bare call";

export const bench: Bench = {
  title: "the policies around a call that does nothing, one caller",
  callers: 1,
  batch: 500,
  sides: [
    { name: BARE, is: "floor", open: async () => ({ once: nothing }) },
    { name: ALL, is: "busbar", open: () => busbar(EVERY_POLICY) },
    { name: PIPELINE, is: "busbar", open: pipeline },
    { name: NONE, is: "busbar", open: () => busbar({ timeout: 0, retryAttempts: 1 }) },
    { name: "cockatiel, its four", is: "peer", open: cockatiel },
    { name: "opossum", is: "peer", open: opossum },
    { name: "p-retry", is: "peer", open: pRetry },
  ],
  pledges: [
    { id: "P1", measure: "cost", side: ALL, against: BARE, promised: 1.2, goal: 0.6 },
    { id: "P1", measure: "cost", side: PIPELINE, against: BARE, promised: 0.6, goal: 0.6 },
    { id: "P1", measure: "cost", side: ALL, against: NONE, promised: 0.6, goal: 0.6 },
    { id: "P1", measure: "throughput", side: ALL, against: "cockatiel, its four", promised: 10, goal: 20 },
  ],
};
