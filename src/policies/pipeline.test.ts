import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { channels } from "../core/events.ts";
import type { CallRecord } from "../core/record.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, fail, hang, scriptedHandler, type ScriptedHandler } from "../testkit/scripted-handler.ts";
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

/** Sends one call through the pipeline and turns the hands until it is over. */
async function run(settings: PolicySettingsInput, system: ScriptedHandler) {
  const triedAt: number[] = [];
  const next = buildPipeline(policySettings.parse(settings), { clock, random: () => 0 }, (call) => {
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
    const plain = buildPipeline(off, { clock, random: () => 0 }, system.next);
    await plain(makeCall());
    expect(clock.pending).toBe(0);
    const limited = policySettings.parse({ rateLimit: { requests: 1, window: 1_000 } });
    const one = buildPipeline(limited, { clock, random: () => 0 }, system.next);
    const other = buildPipeline(limited, { clock, random: () => 0 }, system.next);
    await one(makeCall());
    await other(makeCall());
    const waiting = one(makeCall({ timeoutMs: 5_000 }));
    await clock.advance(999);
    expect(system.seen).toHaveLength(3);
    await clock.advance(1);
    expect(await waiting).toBe(4);
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
