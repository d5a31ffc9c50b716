import { beforeEach, describe, expect, test } from "vitest";
import type { Call } from "../core/call.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Effect } from "../core/operation.ts";
import { pause } from "../core/pause.ts";
import type { Next } from "../core/policy.ts";
import type { Stage } from "../core/record.ts";
import type { OpenedStream } from "../core/stream.ts";
import { untilCancelled } from "../core/until-cancelled.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall, type CallSettings } from "../testkit/make-call.ts";
import { answer, delay, fail, hang, scriptedHandler } from "../testkit/scripted-handler.ts";
import { deadline, timeoutSetting } from "./deadline.ts";

let clock: FakeClock;
beforeEach(() => {
  clock = fakeClock();
});

function send(next: Next, call: Call) {
  const result: { answer?: unknown; error?: ConnectorError } = {};
  next(call).then(
    (value) => (result.answer = value),
    (error: ConnectorError) => (result.error = error),
  );
  return result;
}
const limited = (next: Next, timeoutMs = 1_000): Next => deadline(timeoutMs, clock)(next);

describe("a call", () => {
  test("that is answered, or fails, in time passes and leaves no timer", async () => {
    using system = scriptedHandler([delay(clock, 999, answer("ada")), fail("conflict", "taken")]);
    const first = send(limited(system.next), makeCall());
    await clock.advance(999);
    expect(first.answer).toBe("ada");
    const second = send(limited(system.next), makeCall());
    await clock.settle();
    expect([second.error?.message, clock.pending]).toEqual(["taken", 0]);
  });

  test("that takes longer fails on time, is cancelled underneath, and leaves no timer", async () => {
    using system = scriptedHandler([hang()]);
    const call = makeCall();
    const result = send(limited(system.next), call);
    await clock.advance(999);
    expect(result.error).toBeUndefined();
    await clock.advance(1);
    expect(result.error).toMatchObject({
      kind: "timeout",
      message: "Timed out after 1000 ms while running",
      by: "deadline",
    });
    expect([system.seen[0]!.call.signal.aborted, call.cancelled, clock.pending]).toEqual([true, result.error, 0]);
  });

  test("is answered on time though the system does not listen; what it says later is dropped", async () => {
    using system = scriptedHandler([
      delay(clock, 5_000, answer("late"), { deaf: true }),
      delay(clock, 5_000, fail("internal", "late"), { deaf: true }),
    ]);
    const results = [send(limited(system.next), makeCall()), send(limited(system.next), makeCall())];
    await clock.advance(1_000);
    expect(results.map(({ error }) => error?.kind)).toEqual(["timeout", "timeout"]);
    await clock.advance(10_000);
    expect(results.map(({ answer: late, error }) => [late, error?.kind])).toEqual([
      [undefined, "timeout"],
      [undefined, "timeout"],
    ]);
  });

  test("says to all that waits on its way when it must be answered", () => {
    using system = scriptedHandler([answer()]);
    const call = makeCall();
    void limited(system.next)(call);
    expect(call.fork().deadlineAt).toBe(clock.now() + 1_000);
  });

  test("has its own limit where the caller sets one, shorter or longer", async () => {
    using system = scriptedHandler([hang(), hang()]);
    const short = send(limited(system.next), makeCall({ timeoutMs: 10 }));
    const long = send(limited(system.next), makeCall({ timeoutMs: 5_000 }));
    await clock.advance(10);
    expect(short.error?.message).toContain("Timed out after 10 ms");
    await clock.advance(4_989);
    expect(long.error).toBeUndefined();
    await clock.advance(1);
    expect(long.error?.message).toContain("Timed out after 5000 ms");
  });

  test.each<[string, number, CallSettings]>([
    ["the connector says", 0, {}],
    ["the caller says", 1_000, { timeoutMs: 0 }],
  ])("has no limit where %s 0: no timer, no deadline", async (_, timeoutMs, settings) => {
    using system = scriptedHandler([delay(clock, 1e9, answer("at last"))]);
    const call = makeCall(settings);
    const result = send(limited(system.next, timeoutMs), call);
    await clock.settle();
    expect([clock.pending, call.deadlineAt]).toEqual([1, Infinity]);
    await clock.advance(1e9);
    expect(result.answer).toBe("at last");
  });
});

describe("the message of a time-out", () => {
  const timedOut = async (stage: Stage, effect: Effect, attempts = 1, inDoubt = false): Promise<ConnectorError> => {
    const stuck: Next = (call) => {
      Object.assign(call.record, { stage, attempts, inDoubt });
      return untilCancelled(new Promise(() => {}), call);
    };
    const result = send(limited(stuck), makeCall({ effect }));
    await clock.advance(1_000);
    return result.error!;
  };

  test.each<[Stage, string]>([
    ["queued", "none"],
    ["connecting", "none"],
    ["waiting for the rate limit", "none"],
    ["waiting to retry", "none"],
    ["running", "unknown"],
  ])("names the stage, and the outcome follows from it: %s, %s", async (stage, outcome) => {
    expect(await timedOut(stage, "unsafe")).toMatchObject({
      message: `Timed out after 1000 ms while ${stage}`,
      outcome,
    });
    expect((await timedOut(stage, "read")).outcome).toBeUndefined();
    expect((await timedOut(stage, "idempotent", 2, true)).outcome).toBe("unknown");
  });

  test("names the try from the second on", async () => {
    expect((await timedOut("running", "read", 3)).message).toBe("Timed out after 1000 ms while running, try 3");
  });
});

describe("the caller's abort", () => {
  test.each([false, true])("ends the call at once, whether or not the system listens (deaf: %s)", async (deaf) => {
    using system = scriptedHandler([hang({ deaf })]);
    const controller = new AbortController();
    const result = send(
      limited(system.next, deaf ? 0 : 1_000),
      makeCall({ signal: controller.signal, effect: "unsafe" }),
    );
    await clock.advance(300);
    controller.abort();
    await clock.settle();
    expect(result.error).toMatchObject({
      kind: "cancelled",
      message: "Cancelled by the caller while running",
      outcome: "unknown",
    });
    expect([clock.pending, system.seen[0]!.call.signal.aborted]).toEqual([0, true]);
  });

  test("before the call keeps it from the system", async () => {
    using system = scriptedHandler([]);
    const result = send(limited(system.next), makeCall({ signal: AbortSignal.abort(), effect: "unsafe" }));
    await clock.settle();
    expect(result.error).toMatchObject({ kind: "cancelled", outcome: "none" });
    expect(clock.pending).toBe(0);
  });
});

test("a call without any limit ends all the same when its connector is disconnected", async () => {
  using system = scriptedHandler([hang({ deaf: true })]);
  const call = makeCall();
  const result = send(limited(system.next, 0), call);
  await clock.settle();
  call.cancel(new ConnectorError("cancelled", "Disconnected"));
  await clock.settle();
  expect(result.error?.message).toBe("Disconnected");
});

test("a stream that opens too late is ended, because nobody else would", async () => {
  let isEnded = false;
  async function* numbers() {
    try {
      await new Promise<void>((resolve) => void clock.after(2_000, resolve));
      yield 1;
    } finally {
      isEnded = true;
    }
  }
  using system = scriptedHandler([() => numbers(), () => numbers()]);
  const inTime = send(limited(system.next, 5_000), makeCall({ stream: true }));
  await clock.advance(2_000);
  expect((inTime.answer as OpenedStream<number>).first).toEqual([1]);
  const late = send(limited(system.next), makeCall({ stream: true }));
  await clock.advance(1_000);
  expect([late.error?.kind, isEnded]).toEqual(["timeout", false]);
  await clock.advance(2_000);
  expect([isEnded, clock.pending]).toEqual([true, 0]);
});

test("the setting defaults to 30 seconds and takes text", () => {
  expect(timeoutSetting.parse(undefined)).toBe(30_000);
  expect(timeoutSetting.parse("2m")).toBe(120_000);
});

test("what is underneath need not listen: the caller's abort and the end of the time answer the call", async () => {
  const deaf: Next = () => new Promise(() => {});
  const late = send(limited(deaf), makeCall());
  await clock.advance(1_000);
  expect(late.error).toMatchObject({ kind: "timeout" });
  const controller = new AbortController();
  const aborted = send(limited(deaf, 0), makeCall({ signal: controller.signal }));
  controller.abort();
  await clock.settle();
  expect(aborted.error).toMatchObject({ kind: "cancelled" });
});

test("a time that runs already is not begun anew, and the answer does not wait for what does not listen", async () => {
  const deaf = scriptedHandler([hang({ deaf: true })]);
  const call = makeCall();
  const outer = deadline(
    1_000,
    clock,
  )(async (waiting) => {
    await pause(waiting, 900, clock);
    return limited(deaf.next, 1_000)(waiting);
  });
  const result = send(outer, call);
  await clock.advance(999);
  expect([result.error, clock.pending]).toEqual([undefined, 1]);
  await clock.advance(1);
  expect(result.error).toMatchObject({ message: "Timed out after 1000 ms while running", stage: "running" });
  expect(clock.pending).toBe(0);
});
