import { describe, expect, test } from "vitest";
import type { InForce } from "./contradiction-rule.ts";
import { contradictions } from "./contradictions.ts";
import { policySettings, type PolicySettingsInput } from "./pipeline.ts";

type Around = Partial<Pick<InForce, "options" | "poolSize" | "isWritten">>;

/** The sentences, with each setting as `name (value)`. */
function told(settings: PolicySettingsInput, around: Around = {}): string[] {
  const inForce = { policies: policySettings.parse(settings), options: {}, poolSize: undefined, isWritten: () => true };
  return contradictions({ ...inForce, ...around }).map(({ settings: named, says }) =>
    says(...named.map(({ names, value }) => `${names[0]!.join(".")} (${value})`)),
  );
}

const rate = (requests: number, window: string): PolicySettingsInput["rateLimit"] => ({ requests, window });
const cached = (...tags: string[]): PolicySettingsInput["cache"] => ({ operations: { get: { ttl: 1, tags } } });

test("what stands by itself contradicts nothing", () => {
  expect(told({}, { poolSize: 10, options: { connectionTimeout: 5_000, statementTimeout: 0 } })).toEqual([]);
});

describe.each<[string, PolicySettingsInput, Around, string]>([
  [
    "no limit at all",
    { timeout: 0 },
    {},
    "timeout (0 ms) and attemptTimeout (0 ms) limit nothing: a system that does not answer holds a call for ever. Set one of them.",
  ],
  [
    "a try that may last as long as the call",
    { timeout: "5s", attemptTimeout: "5s" },
    {},
    "attemptTimeout (5 s) never takes effect, because timeout (5 s) ends the call first; make it shorter.",
  ],
  [
    "tries that together outlast the call",
    { timeout: "10s", attemptTimeout: "4s", retryAttempts: 3, retry: { delay: 200 } },
    {},
    "retryAttempts (3) times attemptTimeout (4 s) and the waits between can take 12.6 s, but timeout (10 s) ends the call before; lower one of the first two, or raise the last.",
  ],
  [
    "a wait longer than the longest",
    { retry: { delay: "3s", maxDelay: "1s" } },
    {},
    "retry.delay (3 s) is cut down to retry.maxDelay (1 s) already before the second try; make it the shorter one.",
  ],
  [
    "a second try after the first was ended",
    { hedge: { delay: "2s" }, attemptTimeout: "2s" },
    {},
    "hedge.delay (2 s) sends no second try, because attemptTimeout (2 s) has ended the first; make it shorter.",
  ],
  [
    "a second try after the call was ended",
    { hedge: { delay: "2s" }, timeout: "1s" },
    {},
    "hedge.delay (2 s) sends no second try, because timeout (1 s) has ended the first; make it shorter.",
  ],
  [
    "a rate slower than the deadline",
    { rateLimit: { requests: 2, window: "1m" } },
    {},
    "rateLimit.requests (2) in rateLimit.window (60 s) let one pass every 30 s, which no call that has to wait lives to see with timeout (30 s); raise the rate or the timeout, or say mode: refuse.",
  ],
  [
    "a step that outlasts the call",
    { timeout: "3s" },
    { options: { connectionTimeout: 5_000 } },
    "connectionTimeout (5 s) never takes effect, because timeout (3 s) ends the call first; make it shorter.",
  ],
  [
    "a pool smaller than the limit of calls",
    { concurrency: 20 },
    { poolSize: 10 },
    "concurrency.limit (20) lets more calls through than maxConnections (10) can carry: the others hold their place while they wait for a connection; make both the same.",
  ],
  [
    "a pool larger than what the limit lets through",
    { concurrency: 5 },
    { poolSize: 10 },
    "maxConnections (10) is more than concurrency.limit (5) ever lets calls use at a time; make both the same.",
  ],
  [
    "second tries without a connection for them",
    { hedge: true },
    { poolSize: 1 },
    "hedge (on) sends second tries, but maxConnections (1) leaves them no connection while the first has it; raise it.",
  ],
  [
    "a circuit that one call opens",
    { circuitBreaker: { failures: 2 } },
    {},
    "circuitBreaker.failures (2) is reached by one call alone, whose further tries are then refused, because retryAttempts (3) allows more; raise the first or lower the second.",
  ],
  [
    "a circuit that no number of tries opens",
    { circuitBreaker: { failureRate: 0.5 }, rateLimit: rate(10, "1m") },
    {},
    "circuitBreaker.minimumCalls (20) are never made in circuitBreaker.window (10 s), in which rateLimit.requests (10) lets 11 tries pass at most: the circuit never opens; lower the first or widen the window.",
  ],
  [
    "a budget that pays for nothing",
    { retry: { budget: { ratio: 0, minPerSecond: 0 } } },
    {},
    "retry.budget.ratio (0) and retry.budget.minPerSecond (0) pay for no second try, whatever retryAttempts (3) allows; raise one of them, or set retryAttempts to 1.",
  ],
  [
    "rules about repeats where nothing is repeated",
    { retryAttempts: 1, retry: { on: [{ status: 409 }] } },
    {},
    "retry.on (1) says what is repeated, but retryAttempts (1) lets nothing be repeated; raise it.",
  ],
  [
    "a tag that nothing outdates",
    { cache: cached("users", "user:{input.id}"), invalidates: { put: { tags: ["user:5"] } } },
    {},
    "cache.operations.get.tags (users) is outdated by nothing; name it in invalidates, or leave it out.",
  ],
])("%s", (_name, settings, around, sentence) => {
  test("is told with its values and what to do", () => {
    expect(told(settings, around)).toEqual([sentence]);
  });
});

test.each<[string, PolicySettingsInput, Around]>([
  ["a try shorter than the call", { timeout: "5s", attemptTimeout: "1s" }, {}],
  ["one long try", { timeout: "5s", attemptTimeout: "4s", retryAttempts: 1 }, {}],
  ["tries that just fit", { timeout: 12_600, attemptTimeout: "4s" }, {}],
  ["a try's own limit alone", { timeout: 0, attemptTimeout: "1h" }, {}],
  ["a wait as long as the longest", { retry: { delay: "1s", maxDelay: "1s" } }, {}],
  ["second tries in time, and by what was observed", { hedge: { delay: "1s" }, attemptTimeout: "2s" }, { poolSize: 2 }],
  ["a rate that lets a waiting call pass in time", { rateLimit: rate(3, "1m") }, {}],
  ["a slow rate that nobody waits for", { rateLimit: { requests: 1, window: "1m", mode: "refuse" } }, {}],
  ["a slow rate and no deadline", { timeout: 0, attemptTimeout: 5, rateLimit: rate(1, "1m") }, {}],
  ["learned limits", { rateLimit: "learned", circuitBreaker: { failureRate: 0.1 } }, {}],
  ["a step's default", { timeout: "3s" }, { options: { connectionTimeout: 5_000 }, isWritten: () => false }],
  ["a step that nothing limits", { timeout: 0, attemptTimeout: 5 }, { options: { connectionTimeout: 5_000 } }],
  ["a pool as large as the limit", { concurrency: 10 }, { poolSize: 10 }],
  ["a pool of which nobody said how large", { concurrency: 5 }, { poolSize: 10, isWritten: () => false }],
  ["no pool", { concurrency: 50, hedge: true }, {}],
  ["a limit that is found", { concurrency: "auto" }, { poolSize: 10 }],
  ["a circuit that several calls open", { circuitBreaker: { failures: 3 } }, {}],
  ["a circuit by rate", { circuitBreaker: { failureRate: 0.5 } }, {}],
  ["tries enough to judge by", { circuitBreaker: { failureRate: 0.5 }, rateLimit: rate(20, "1m") }, {}],
  [
    "just tries enough",
    { circuitBreaker: { failureRate: 0.5 }, rateLimit: { requests: 6, window: "1m", burst: 19 } },
    {},
  ],
  [
    "failures in a row beside a rate",
    { circuitBreaker: { failureRate: 0.5, failures: 5 }, rateLimit: rate(10, "1m") },
    {},
  ],
  ["no budget at all", { retry: { budget: false } }, {}],
  ["a floor", { retry: { budget: { ratio: 0, minPerSecond: 1 } } }, {}],
  ["nothing to pay for", { retryAttempts: 1, retry: { budget: { ratio: 0, minPerSecond: 0 } } }, {}],
  ["tags that are outdated", { cache: cached("a", "b:{input.id}"), invalidates: { put: { tags: ["a", "b:1"] } } }, {}],
])("%s: nothing is told", (_name, settings, around) => {
  expect(told(settings, around)).toEqual([]);
});

test("weights count: a heavy call may wait for ever where a light one does not", () => {
  const [sentence] = told({ rateLimit: { requests: 10, window: "1m", weights: { search: 5 } } });
  expect(sentence).toMatch(/let one pass every 30 s/);
});
