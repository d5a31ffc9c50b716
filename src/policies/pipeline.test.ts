import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectorError } from "../core/errors.ts";
import { channels } from "../core/events.ts";
import type { CallRecord } from "../core/record.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall, type CallSettings } from "../testkit/make-call.ts";
import { answer, delay, fail, hang, scriptedHandler, type ScriptedHandler } from "../testkit/scripted-handler.ts";
import { buildPipeline, keysOfPolicies, policySettings, type PolicySettingsInput } from "./pipeline.ts";

let clock: FakeClock;
let start: number;
let published: CallRecord[];
const note = (record: unknown): void => void published.push(record as CallRecord);
beforeEach(() => {
  clock = fakeClock();
  start = clock.now();
  published = [];
  channels.call.subscribe(note);
});
afterEach(() => void channels.call.unsubscribe(note));

const ALL_ON: PolicySettingsInput = {
  timeout: 2_000,
  attemptTimeout: 100,
  retry: { attempts: 3, delay: 0 },
  rateLimit: { requests: 1, window: 300 },
};

const EVERYTHING: PolicySettingsInput = {
  ...ALL_ON,
  cache: { operations: { get: "1m" } },
  concurrency: 5,
  hedge: true,
  circuitBreaker: true,
  faults: { rules: [{ rate: 0, delay: 5 }] },
};

/** Sends one call through the pipeline and turns the hands until it is over. */
async function run(settings: PolicySettingsInput, system: ScriptedHandler) {
  const triedAt: number[] = [];
  const { send: next } = buildPipeline(policySettings.parse(settings), { clock, random: () => 0 }, (call) => {
    triedAt.push(clock.now() - start);
    return system.next(call);
  });
  const call = makeCall({ clock });
  let result: unknown;
  let endedAt = -1;
  const end = (value: unknown): void => {
    result = value;
    endedAt = clock.now() - start;
  };
  next(call).then(end, end);
  await clock.advance(60_000);
  return { result, endedAt, triedAt, call };
}

describe("the order of the policies", () => {
  test("is fixed: observe, deadline, retry, rate limit, attempt timeout", async () => {
    const deaf = Array.from({ length: 3 }, () => hang({ deaf: true }));
    {
      // Each try takes its own permit (retry outside the rate limit), and waiting for it is no part of the try (rate limit
      // outside the attempt timeout): the other way round tries would start at 0, 100 and 200, or end before they start.
      using system = scriptedHandler(deaf);
      const { result, triedAt, endedAt, call } = await run(ALL_ON, system);
      expect(triedAt).toEqual([0, 300, 600]);
      expect(endedAt).toBe(700);
      expect(result).toMatchObject({ message: "Operation failed after 3 attempts: No answer to try 3 within 100 ms" });
      expect(call.record).toMatchObject({ attempts: 3, waitMs: 400, durationMs: 700, result: "timeout" });
    }
    clock = fakeClock();
    start = clock.now();
    {
      // One deadline covers all of it: the other way round each try would have its own 650 ms.
      using system = scriptedHandler(deaf);
      const { result, endedAt, call } = await run({ ...ALL_ON, timeout: 650 }, system);
      expect(endedAt).toBe(650);
      expect(result).toMatchObject({
        kind: "timeout",
        message: "Timed out after 650 ms while running, try 3",
        by: "deadline",
      });
      // The outermost sees what the caller sees.
      expect(published.at(-1)).toBe(call.record);
      expect(call.record).toMatchObject({ durationMs: 650, result: "timeout" });
    }
    expect(published).toHaveLength(2);
    expect(clock.pending).toBe(0);
  });

  test("leaves out what is off, and has state of its own for each connector", async () => {
    using system = scriptedHandler([answer(1), answer(2), answer(3), answer(4)]);
    const off = policySettings.parse({ timeout: 0, retryAttempts: 1 });
    const { send: plain } = buildPipeline(off, { clock, random: () => 0 }, system.next);
    await plain(makeCall());
    expect(clock.pending).toBe(0);
    const limited = policySettings.parse({ rateLimit: { requests: 1, window: 1_000 } });
    const { send: one } = buildPipeline(limited, { clock, random: () => 0 }, system.next);
    const { send: other } = buildPipeline(limited, { clock, random: () => 0 }, system.next);
    await one(makeCall());
    await other(makeCall());
    const waiting = one(makeCall({ timeoutMs: 5_000 }));
    await clock.advance(999);
    expect(system.seen).toHaveLength(3);
    await clock.advance(1);
    expect(await waiting).toBe(4);
  });
});

/** What the place of each policy means to those who call. */
describe("because of its place", () => {
  function pipeline(settings: PolicySettingsInput, system: ScriptedHandler) {
    const notices: string[] = [];
    const environment = { clock, random: () => 0, notify: (event: string) => void notices.push(event) };
    const { send, circuitBreaker } = buildPipeline(policySettings.parse(settings), environment, system.next);
    const start = (call: CallSettings = {}) => {
      const made = makeCall({ clock, input: {}, ...call });
      return { call: made, result: send(made).catch((error: unknown) => error) };
    };
    return { start, circuitBreaker, notices };
  }

  test("the cache answers while there is no place, no time and no circuit", async () => {
    using system = scriptedHandler([answer("kept"), hang()]);
    const { start, circuitBreaker } = pipeline(
      { cache: { operations: { get: "1m" } }, concurrency: { limit: 1, queue: 0 }, circuitBreaker: true },
      system,
    );
    await start({ name: "get" }).result;
    void start();
    circuitBreaker!.isolate();
    expect(await start({ name: "get", timeoutMs: 1 }).result).toBe("kept");
    expect(await start().result).toMatchObject({ by: "concurrency" });
  });

  test("a place is kept while a call waits to retry, and waiting for one is limited by the deadline", async () => {
    using system = scriptedHandler([fail("unavailable", "x", { retryAfterMs: 500 }), answer(1)]);
    const { start } = pipeline({ concurrency: 1, retryAttempts: 2, timeout: 1_000 }, system);
    const first = start();
    const second = start({ timeoutMs: 400 });
    await clock.advance(400);
    expect(await second.result).toMatchObject({ message: "Timed out after 400 ms while queued", stage: "queued" });
    await clock.advance(100);
    expect(await first.result).toBe(1);
  });

  test("the circuit breaker sees tries, and an open circuit costs no permits", async () => {
    using system = scriptedHandler([fail("unavailable", "down"), fail("unavailable", "down"), answer(1)]);
    const { start, notices, circuitBreaker } = pipeline(
      {
        circuitBreaker: { failures: 2, openFor: 1_000 },
        rateLimit: { requests: 3, window: "1h" },
        retry: { attempts: 5, delay: 0 },
      },
      system,
    );
    const { result } = start();
    await clock.advance(10);
    expect(await result).toMatchObject({
      message: "Operation failed after 2 attempts: down; the system is being spared: it failed too often",
    });
    for (let i = 0; i < 10; i++) expect(await start().result).toMatchObject({ kind: "circuit_open" });
    await clock.advance(1_000);
    expect(await start().result).toBe(1);
    expect(notices).toEqual(["circuit open", "circuit half-open", "circuit closed"]);
    expect(circuitBreaker!.state).toBe("closed");
  });

  test("time spent waiting for the rate limit does not open the circuit", async () => {
    using system = scriptedHandler([answer(1), hang()]);
    const { start, circuitBreaker } = pipeline(
      { circuitBreaker: { failures: 1 }, rateLimit: { requests: 1, window: 500 }, timeout: 600 },
      system,
    );
    await start().result;
    const abandoned = start();
    await clock.advance(100);
    abandoned.call.cancel(
      new ConnectorError("timeout", "late", { by: "deadline", stage: abandoned.call.record.stage }),
    );
    await abandoned.result;
    expect(circuitBreaker!.state).toBe("closed");
    await clock.advance(400);
    void start();
    await clock.advance(600);
    expect(circuitBreaker!.state).toBe("open");
  });

  test("hedged reads are paid from the budget of the retries, and keep to the attempts", async () => {
    const down = fail("unavailable", "down");
    using system = scriptedHandler([delay(clock, 300, down), delay(clock, 10, down), answer("third")]);
    const { start } = pipeline({ hedge: { delay: 100 }, retry: { attempts: 3, delay: 1_000 } }, system);
    const { call, result } = start();
    await clock.advance(2_000);
    expect([await result, call.record.attempts]).toEqual(["third", 3]);

    using alone = scriptedHandler([delay(clock, 300, answer("slow"))]);
    const thrifty = { hedge: { delay: 100 }, retry: { budget: { ratio: 0, minPerSecond: 0 } } };
    const hedged = pipeline(thrifty, alone).start();
    await clock.advance(300);
    expect(await hedged.result).toBe("slow");
  });

  test("injected failures meet every policy as the system's own would", async () => {
    using system = scriptedHandler([answer("at last")]);
    const { start, notices } = pipeline(
      {
        faults: { rules: [{ fail: { kind: "unavailable", times: 3 } }] },
        circuitBreaker: { failures: 3, openFor: 50 },
        retry: { attempts: 10, delay: 0, on: [{ kind: "circuit_open" }] },
      },
      system,
    );
    const { call, result } = start();
    await clock.advance(1_000);
    expect([await result, call.record.attempts]).toEqual(["at last", 4]);
    expect(notices).toEqual(["circuit open", "circuit half-open", "circuit closed"]);
  });

  test("all of them together leave no timer behind", async () => {
    using system = scriptedHandler([answer(1)]);
    const { start } = pipeline(EVERYTHING, system);
    expect(await start({ name: "get" }).result).toBe(1);
    expect(clock.pending).toBe(0);
  });
});

describe("the settings", () => {
  test("have the defaults that are promised: 30 s, three tries, nothing else", async () => {
    expect(policySettings.parse({})).toMatchObject({
      timeout: 30_000,
      attemptTimeout: 0,
      retry: { delay: 200, maxDelay: 10_000 },
    });
    using system = scriptedHandler([fail("unavailable"), fail("unavailable"), fail("unavailable", "down")]);
    const { result } = await run({}, system);
    expect(result).toMatchObject({ message: "Operation failed after 3 attempts: down" });
  });

  test("name the number of tries in two ways that mean the same", async () => {
    for (const settings of [
      { retryAttempts: 2 },
      { retry: { attempts: 2 } },
      { retryAttempts: 2, retry: { attempts: 2 } },
    ]) {
      using system = scriptedHandler([fail("unavailable"), fail("unavailable", "down")]);
      const { result } = await run({ ...settings }, system);
      expect(result).toMatchObject({ attempts: 2 });
    }
  });

  test("refuse the two ways where they differ", () => {
    const both = policySettings.safeParse({ retryAttempts: 2, retry: { attempts: 3 } });
    expect(both.error?.issues).toMatchObject([
      { path: ["retry", "attempts"], message: expect.stringContaining("keep one") },
    ]);
  });

  test("outdate nothing without a cache, and say so", () => {
    const { error } = policySettings.safeParse({ invalidates: { put: ["get"] } });
    expect(error?.issues).toMatchObject([{ path: ["invalidates"], message: "outdates nothing without `cache`" }]);
  });

  test.each([{ timeouts: 1 }, { retry: { tries: 1 } }, { timeout: "soon" }, { retryAttempts: 0 }, { rateLimit: {} }])(
    "refuse %j",
    (wrong) => {
      expect(policySettings.safeParse(wrong).success).toBe(false);
    },
  );

  test("claim the names that no connector may use", () => {
    expect(keysOfPolicies).toEqual(
      expect.arrayContaining(["timeout", "attemptTimeout", "retryAttempts", "retry", "rateLimit"]),
    );
  });
});
