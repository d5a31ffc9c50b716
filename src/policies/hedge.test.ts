import { describe, expect, test } from "vitest";
import type { Call } from "../core/call.ts";
import { ConnectorError } from "../core/errors.ts";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, delay, fail, hang, scriptedHandler, type Step } from "../testkit/scripted-handler.ts";
import { hedge, hedgeSetting } from "./hedge.ts";
import { RetryBudget } from "./retry-budget.ts";

const clock = fakeClock();

function bench(steps: readonly Step[], settings: unknown = { delay: 100 }, budget?: RetryBudget) {
  const system = scriptedHandler(steps);
  const run = hedge(hedgeSetting.parse(settings), clock, budget)!(system.next);
  const send = (call: Call = makeCall()): Promise<unknown> => run(call).catch((error: unknown) => error);
  return { system, send };
}

const after = (ms: number, step: Step): Step => delay(clock, ms, step);

test("an answer in time is all there is, and no timer is left", async () => {
  const { system, send } = bench([after(99, answer(1))]);
  const sent = send();
  await clock.advance(99);
  expect(await sent).toBe(1);
  expect(clock.pending).toBe(0);
  system.verify();
});

test("a slow read is sent once more; the first answer wins and the other try is aborted", async () => {
  const { system, send } = bench([hang(), after(20, answer("second"))]);
  const call = makeCall();
  const sent = send(call);
  await clock.advance(120);
  expect(await sent).toBe("second");
  expect(system.seen.map(({ attempt, call: scope }) => [attempt, scope.cancelled?.kind])).toEqual([
    [1, "cancelled"],
    [2, undefined],
  ]);
  expect(call.cancelled).toBeUndefined();
  expect([call.record.attempts, clock.pending]).toEqual([2, 0]);
});

test("the first try may still win", async () => {
  const { system, send } = bench([after(150, answer("first")), hang()]);
  const sent = send();
  await clock.advance(150);
  expect(await sent).toBe("first");
  expect(system.seen[1]!.call.cancelled).toMatchObject({ kind: "cancelled" });
  expect(clock.pending).toBe(0);
});

test("if one try fails, the other may still answer", async () => {
  const first = bench([after(110, fail("unavailable")), after(50, answer("second"))]).send();
  const second = bench([after(150, answer("first")), fail("rate_limited")]).send();
  await clock.advance(150);
  expect([await first, await second]).toEqual(["second", "first"]);
});

test("where both fail the last failure is told", async () => {
  const sent = bench([after(130, fail("unavailable")), after(10, fail("rate_limited"))]).send();
  await clock.advance(130);
  expect(await sent).toMatchObject({ kind: "unavailable" });
});

test("a failure in time is told at once", async () => {
  expect(await bench([fail("not_found")]).send()).toMatchObject({ kind: "not_found" });
  expect(clock.pending).toBe(0);
});

test("a try that had to wait first is hedged when it has been at the system for a while", async () => {
  const { system, send } = bench([
    async (call) => {
      call.record.stage = "waiting for a connection";
      await delay(clock, 250, answer())(call);
      call.record.stage = "running";
      return hang()(call);
    },
    answer("second"),
  ]);
  const sent = send();
  await clock.advance(299);
  expect(system.seen.length).toBe(1);
  await clock.advance(1);
  expect([await sent, clock.pending]).toEqual(["second", 0]);
});

describe("nothing is sent twice", () => {
  test.each(["idempotent", "keyed", "unsafe", "unknown"] as const)("of effect %s", async (effect) => {
    const { system, send } = bench([after(500, answer(1))]);
    const sent = send(makeCall({ effect }));
    await clock.advance(500);
    expect(await sent).toBe(1);
    system.verify();
  });

  test("of a stream", async () => {
    const { system, send } = bench([after(500, () => (async function* () {})())]);
    const sent = send(makeCall({ stream: true }));
    await clock.advance(500);
    await sent;
    system.verify();
  });

  test("while the first try waits for something else than the system", async () => {
    const { system, send } = bench([
      (call) => {
        call.record.stage = "waiting for a connection";
        return after(500, answer(1))(call);
      },
    ]);
    const sent = send();
    await clock.advance(500);
    expect(await sent).toBe(1);
    system.verify();
  });

  test("after the retry budget is spent", async () => {
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0.1 });
    const { system, send } = bench([hang(), answer("second"), after(500, answer("alone"))], { delay: 100 }, budget);
    const first = send();
    await clock.advance(100);
    expect(await first).toBe("second");
    const second = send();
    await clock.advance(500);
    expect(await second).toBe("alone");
    system.verify();
  });

  test("after the call was cancelled; the caller hears at once, the tries hear of it, no timer is left", async () => {
    const { system, send } = bench([hang({ deaf: true })]);
    const call = makeCall();
    const sent = send(call);
    await clock.settle();
    call.cancel(new ConnectorError("cancelled", "enough"));
    expect(await sent).toMatchObject({ message: "enough" });
    expect(system.seen[0]!.call.cancelled).toMatchObject({ message: "enough" });
    expect(clock.pending).toBe(0);
    await clock.advance(1_000);
    system.verify();
    expect(await send(call)).toMatchObject({ message: "enough" });
  });
});

test("without a delay it waits for what 95 of 100 reads take, and not before it knows that", async () => {
  const quick = Array.from({ length: 19 }, () => after(10, answer()));
  const { system, send } = bench([...quick, after(300, answer("patient")), hang(), answer("second")], true);
  for (let i = 0; i < quick.length; i++) {
    const sent = send();
    await clock.advance(10);
    await sent;
  }
  const patient = send();
  await clock.advance(300);
  expect(await patient).toBe("patient");
  const slow = send();
  await clock.advance(9);
  expect(system.seen.length).toBe(21);
  await clock.advance(1);
  expect(await slow).toBe("second");
  system.verify();
});

test.each([false, 100, { after: 5 }, { delay: "soon" }])("%j is no setting", (settings) => {
  expect(hedgeSetting.safeParse(settings).success).toBe(false);
});
