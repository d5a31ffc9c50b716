import { beforeEach, describe, expect, test } from "vitest";
import type { ConnectorError } from "../core/errors.ts";
import { compose, type Next } from "../core/policy.ts";
import { untilCancelled } from "../core/until-cancelled.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, delay, fail, hang, scriptedHandler } from "../testkit/scripted-handler.ts";
import { attemptTimeout, attemptTimeoutSetting } from "./attempt-timeout.ts";
import { retry } from "./retry.ts";

let clock: FakeClock;
beforeEach(() => {
  clock = fakeClock();
});

const once = (next: Next): Next => attemptTimeout(100, clock)!(next);
const retried = (next: Next): Next =>
  compose(
    [retry({ attempts: 3, delay: 0, maxDelay: 0 }, { clock, random: () => 0 }), attemptTimeout(100, clock)],
    next,
  );

test("trap 3: a half-open connection hangs a try, not the call: the next try starts with a fresh scope", async () => {
  using system = scriptedHandler([hang(), hang({ deaf: true }), answer("ada")]);
  const call = makeCall();
  const running = retried(system.next)(call);
  await clock.advance(200);
  expect(await running).toBe("ada");
  const scopes = system.seen.map((seen) => seen.call);
  expect(scopes.map(({ cancelled }) => cancelled?.message)).toEqual([
    "No answer to try 1 within 100 ms",
    "No answer to try 2 within 100 ms",
    undefined,
  ]);
  expect(scopes.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  expect([call.cancelled, call.record.attempts, clock.pending]).toEqual([undefined, 3, 0]);
});

test("a try that takes too long fails as a time-out of its try, and its signal is aborted", async () => {
  using system = scriptedHandler([hang()]);
  const failed = once(system.next)(makeCall()).catch((error: unknown) => error);
  await clock.advance(100);
  expect(await failed).toMatchObject({
    kind: "timeout",
    message: "No answer to try 1 within 100 ms",
    by: "attempt timeout",
  });
  expect(system.seen[0]!.call.signal.aborted).toBe(true);
});

test("a try in time passes, with its answer or its failure, and leaves no timer", async () => {
  using system = scriptedHandler([delay(clock, 99, answer(1)), fail("conflict")]);
  const running = once(system.next)(makeCall());
  await clock.advance(99);
  expect(await running).toBe(1);
  await expect(once(system.next)(makeCall())).rejects.toMatchObject({ kind: "conflict" });
  expect(clock.pending).toBe(0);
});

test("the call's own cancellation reaches the try at once", async () => {
  using system = scriptedHandler([hang({ deaf: true })]);
  const controller = new AbortController();
  const failed = once(system.next)(makeCall({ signal: controller.signal })).catch((error: unknown) => error);
  await clock.settle();
  controller.abort();
  expect(await failed).toMatchObject({ kind: "cancelled" });
  expect([clock.pending, system.seen[0]!.call.signal.aborted]).toEqual([0, true]);
});

describe("what a timed-out try leaves in doubt", () => {
  test("is an unsafe call's effect: it is never sent again", async () => {
    using system = scriptedHandler([hang({ deaf: true })]);
    const call = makeCall({ effect: "unsafe" });
    const failed = retried(system.next)(call).catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(await failed).toMatchObject({ kind: "timeout", outcome: "unknown", attempts: 1 });
    expect(call.record.inDoubt).toBe(true);
  });

  test("is nothing while it was still connecting: it is sent again", async () => {
    const seen: number[] = [];
    const next: Next = async (call) => {
      seen.push(++call.record.attempts);
      call.record.stage = "connecting";
      if (seen.length === 1) return untilCancelled(new Promise(() => {}), call);
      call.record.stage = "running";
      return "ada";
    };
    const call = makeCall({ effect: "unsafe" });
    const running = retried(next)(call);
    await clock.advance(100);
    expect([await running, seen, call.record.inDoubt]).toEqual(["ada", [1, 2], false]);
  });

  test("is repeated read-only where only the system knows what it does", async () => {
    using system = scriptedHandler([hang({ deaf: true }), answer("rows")], { provable: true });
    const running = retried(system.next)(makeCall({ effect: "unknown" }));
    await clock.advance(100);
    expect(await running).toBe("rows");
    expect(system.seen.map(({ readOnly }) => readOnly)).toEqual([false, true]);
  });

  test("is not changed by what a deaf system says of it later", async () => {
    using system = scriptedHandler([
      delay(clock, 150, fail("conflict", "late", { outcome: "none" }), { deaf: true }),
      delay(clock, 90, answer("second"), { deaf: true }),
    ]);
    const call = makeCall({ effect: "idempotent" });
    const running = retried(system.next)(call);
    await clock.advance(160);
    expect([call.record.stage, call.record.inDoubt]).toEqual(["running", true]);
    await clock.advance(40);
    expect(await running).toBe("second");
  });
});

test("the setting is off by default, and off means no policy", () => {
  expect(attemptTimeoutSetting.parse(undefined)).toBe(0);
  expect(attemptTimeoutSetting.parse("5s")).toBe(5_000);
  expect(attemptTimeout(0, clock)).toBeUndefined();
});

test("a thousand tries at a time each have their own limit", async () => {
  const errors: ConnectorError[] = [];
  using system = scriptedHandler(Array.from({ length: 1_000 }, () => hang({ deaf: true })));
  const next = once(system.next);
  for (let i = 0; i < 1_000; i++) next(makeCall()).catch((error: ConnectorError) => errors.push(error));
  expect(clock.pending).toBe(1_000);
  await clock.advance(100);
  expect([errors.length, clock.pending]).toEqual([1_000, 0]);
});
