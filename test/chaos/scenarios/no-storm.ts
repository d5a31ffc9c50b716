/**
 * A REST service that fails completely while calls keep coming.
 *
 * Calls begin at a steady rate whatever becomes of them, as requests of users do. The service is well for a while, fails
 * every request, and is well again. What it must not get is more load for being unable to bear it; and once it is well,
 * nobody may go on failing because of what was.
 */
import type { CallRecord } from "busbar";
import { RESTAPIConnector } from "busbar/connectors/rest";
import { type RestService, startRestService } from "busbar/testkit";
import { setTimeout as pause } from "node:timers/promises";
import { atRate } from "../callers.ts";
import { keepRecords } from "../kept-records.ts";
import { expectAtMost, expectNone, type Outcome, type Part, type Scenario } from "../scenario.ts";

/** Durations in milliseconds. */
export interface Course {
  readonly callsPerSecond: number;
  readonly wellFor: number;
  readonly failsFor: number;
  /** Longest time from the service being well to the first success, and to there being no failure any more. */
  readonly backWithin: number;
  /** Repeats a second that are allowed beside the share of the calls; default: the connector's own default. */
  readonly minPerSecond?: number;
}

const FULL: Course = { callsPerSecond: 200, wellFor: 11_000, failsFor: 12_000, backWithin: 2_000 };
/** So short a failure is over before what may be repeated is much less than what was called. */
const QUICK: Course = { callsPerSecond: 200, wellFor: 500, failsFor: 2_000, backWithin: 2_000, minPerSecond: 3 };

/** Most attempts for each call. */
const MOST_ATTEMPTS = 1.3;

type Settings = Omit<ConstructorParameters<typeof RESTAPIConnector>[0], "baseURL">;
type Answer = Parameters<RestService["answers"]["set"]>[1];

interface Failing {
  readonly answer: Answer;
  readonly settings: Settings;
}

const unavailable: Answer = () => ({ status: 503 });
const reset: Answer = () => (_response, socket) => socket.resetAndDestroy();
/** Only the limit of a try ends waiting for an answer that never comes. */
const silence: Answer = () => () => {};
const SHORT_TRIES: Settings = { attemptTimeout: 500, maxConnections: 100 };

export const FAILINGS = {
  "503": { answer: unavailable, settings: {} },
  resets: { answer: reset, settings: {} },
  silence: { answer: silence, settings: SHORT_TRIES },
  "503, breaker": { answer: unavailable, settings: { circuitBreaker: true } },
  "resets, breaker": { answer: reset, settings: { circuitBreaker: true } },
  "silence, breaker": { answer: silence, settings: { ...SHORT_TRIES, circuitBreaker: true } },
} satisfies Readonly<Record<string, Failing>>;

export const scenario: Scenario = {
  title: "200 calls a second at a REST service that fails all of them for a while",
  limitMs: 2 * 60_000,
  partsAtATime: 3,
  parts: (effort) =>
    Object.keys(FAILINGS).map((name) => partOf(name as keyof typeof FAILINGS, effort === "full" ? FULL : QUICK)),
};

/** One way to fail, on that course. */
export function partOf(name: keyof typeof FAILINGS, course: Course): Part {
  return { name, run: () => storm(name, FAILINGS[name], course) };
}

/** What became of one call. */
interface Call {
  readonly startedAt: number;
  readonly endedAt: number;
  readonly failure: string | undefined;
}

/** The calls of a whole course, and when the service failed. */
interface Passage {
  readonly calls: readonly Call[];
  readonly failsFrom: number;
  readonly wellFrom: number;
}

async function storm(name: string, { answer, settings }: Failing, course: Course): Promise<Outcome> {
  await using service = await startRestService();
  const requests: number[] = [];
  let isFailing = false;
  service.answers.set("/thing", (request) => {
    requests.push(performance.now());
    return isFailing ? answer(request) : { status: 204 };
  });
  const budget = { minPerSecond: course.minPerSecond };
  const connector = new RESTAPIConnector({ baseURL: service.url, retry: { budget }, ...settings }, { name });
  const records = keepRecords((record) => record.connector === name);
  await connector.connect();
  const passage = await pass(
    course,
    () => connector.get({ path: "/thing" }),
    (failing) => void (isFailing = failing),
  );
  await connector.disconnect();
  records.stop();
  return outcomeOf(passage, requests, records.of, course);
}

/** Calls at the course's rate while the service is well, fails and is well again. */
async function pass(
  course: Course,
  call: () => Promise<unknown>,
  fail: (isFailing: boolean) => void,
): Promise<Passage> {
  const calls: Call[] = [];
  let isOver = false;
  const load = atRate(
    course.callsPerSecond,
    () => isOver,
    async () => {
      const startedAt = performance.now();
      const failure = await call().then(
        () => undefined,
        (error: unknown) => (error instanceof Error ? error.message : String(error)),
      );
      calls.push({ startedAt, endedAt: performance.now(), failure });
    },
  );
  await pause(course.wellFor);
  fail(true);
  const failsFrom = performance.now();
  await pause(course.failsFor);
  fail(false);
  const wellFrom = performance.now();
  await pause(course.backWithin + 1_000);
  isOver = true;
  await load;
  return { calls, failsFrom, wellFrom };
}

function outcomeOf(
  { calls, failsFrom, wellFrom }: Passage,
  requests: readonly number[],
  records: readonly CallRecord[],
  { backWithin }: Course,
): Outcome {
  const isDuring = (at: number): boolean => at >= failsFrom && at < wellFrom;
  const during = calls.filter(({ startedAt }) => isDuring(startedAt));
  const atService = requests.filter(isDuring).length / during.length;
  const recorded = records.filter(({ startedAt }) => isDuring(startedAt));
  const byRecord = recorded.reduce((sum, { attempts }) => sum + attempts, 0) / during.length;
  const before = calls.filter(({ endedAt, failure }) => endedAt < failsFrom && failure !== undefined);
  const after = calls.filter(({ startedAt }) => startedAt >= wellFrom);
  const successes = after.filter(({ failure }) => failure === undefined);
  const failures = after.filter(({ failure }) => failure !== undefined);
  const firstSuccess = Math.min(...successes.map(({ endedAt }) => endedAt)) - wellFrom;
  const lastFailure = Math.max(wellFrom, ...failures.map(({ startedAt }) => startedAt)) - wellFrom;
  const reasons = [...new Set(failures.map(({ failure }) => failure))];
  return {
    facts: {
      calls: calls.length,
      "of them while it failed": during.length,
      "attempts a call, at the service": atService,
      "attempts a call, by the records": byRecord,
      "first success after (ms)": Math.round(firstSuccess),
      "last failure after (ms)": Math.round(lastFailure),
    },
    expectations: [
      expectNone(
        "no call fails before",
        before.map(({ failure }) => String(failure)),
      ),
      expectAtMost("attempts a call, as the service counts them,", atService, MOST_ATTEMPTS),
      expectAtMost("attempts a call, as the records count them,", byRecord, MOST_ATTEMPTS),
      expectAtMost("first success after recovery", firstSuccess, backWithin, " ms"),
      {
        ...expectAtMost("last failure after recovery", lastFailure, backWithin, " ms"),
        found: `${Math.round(lastFailure)} ms: ${reasons.join("; ")}`,
      },
      { what: "each call has one record", isMet: recorded.length === during.length, found: `${recorded.length}` },
    ],
  };
}
