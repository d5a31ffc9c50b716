/**
 * What the policies cost around a call that does nothing. Busbar is measured from outside, as `execute` of a connector:
 * lookup of the operation, check of the input, record and session are in its numbers, which the peers do not have.
 */
import { defineConnector, read } from "busbar";
import { z } from "zod";
import type { Bench, Work } from "./bench.ts";

async function nothing(): Promise<number> {
  return 1;
}

async function busbar(options: { timeout: number; [option: string]: unknown }): Promise<Work> {
  const Nothing = defineConnector({
    provider: "nothing",
    type: "custom",
    title: "Nothing",
    summary: "Answers at once.",
    connection: z.strictObject({}),
    operations: { nothing: read("Answers at once.", z.strictObject({}), z.number()) },
    open: async () => ({ handlers: { nothing }, ping: async () => {}, close: async () => {} }),
    classify: () => undefined,
  });
  const connector = new Nothing(options);
  await connector.connect();
  return { once: () => connector.execute("nothing"), close: () => connector.disconnect() };
}

/** Never reached, so that what is measured is the policy and not the wait. */
const PLENTY = 1_000_000_000;

export const bench: Bench = {
  title: "the policies around a call that does nothing, one caller",
  callers: 1,
  batch: 500,
  sides: [
    { name: "bare call", is: "floor", open: async () => ({ once: nothing }) },
    {
      name: "busbar, every policy",
      is: "busbar",
      open: () =>
        busbar({
          timeout: 30_000,
          attemptTimeout: 10_000,
          retryAttempts: 3,
          rateLimit: { requests: PLENTY, window: 1000 },
        }),
    },
    { name: "busbar, no policy", is: "busbar", open: () => busbar({ timeout: 0, retryAttempts: 1 }) },
    {
      name: "cockatiel, its four",
      is: "peer",
      async open() {
        const { bulkhead, circuitBreaker, ConsecutiveBreaker, ExponentialBackoff, handleAll, retry, timeout, wrap } =
          await import("cockatiel");
        const { TimeoutStrategy } = await import("cockatiel");
        const policy = wrap(
          retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
          circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker: new ConsecutiveBreaker(5) }),
          bulkhead(64, 64),
          timeout(10_000, TimeoutStrategy.Aggressive),
        );
        return { once: () => policy.execute(nothing) };
      },
    },
    {
      name: "opossum",
      is: "peer",
      async open() {
        const { default: CircuitBreaker } = await import("opossum");
        const breaker = new CircuitBreaker(nothing, { timeout: 10_000 });
        return { once: () => breaker.fire(), close: async () => breaker.shutdown() };
      },
    },
    {
      name: "p-retry",
      is: "peer",
      async open() {
        const { default: pRetry } = await import("p-retry");
        return { once: () => pRetry(nothing, { retries: 3 }) };
      },
    },
  ],
  pledges: [
    { id: "P1", measure: "cost", side: "busbar, every policy", against: "bare call", promised: 3, goal: 0.6 },
    { id: "P1", measure: "cost", side: "busbar, every policy", against: "busbar, no policy", promised: 3, goal: 0.6 },
    {
      id: "P1",
      measure: "throughput",
      side: "busbar, every policy",
      against: "cockatiel, its four",
      promised: 5,
      goal: 20,
    },
  ],
};
