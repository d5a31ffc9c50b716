import { describe, expect, test } from "vitest";
import type { Call } from "../core/call.ts";
import { ConnectorError, KINDS, type Kind } from "../core/errors.ts";
import { inBatches, type OpenedStream } from "../core/stream.ts";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, scriptedHandler, type Step } from "../testkit/scripted-handler.ts";
import { faults, faultsSetting } from "./faults.ts";

const clock = fakeClock();

function bench(rules: readonly object[], steps: readonly Step[] = [], seed?: number) {
  const system = scriptedHandler(steps);
  const run = faults(faultsSetting.parse(seed === undefined ? { rules } : { rules, seed }), clock)!(system.next);
  const send = (call: Call = makeCall()): Promise<unknown> => run(call).catch((error: unknown) => error);
  return { system, send };
}

test("a failure is injected so often, then never again", async () => {
  const { system, send } = bench([{ fail: { kind: "unavailable", times: 2 } }], [answer(1)]);
  expect(await send()).toMatchObject({
    kind: "unavailable",
    by: "faults",
    message: expect.stringMatching(/^Injected: /),
  });
  expect(await send()).toMatchObject({ kind: "unavailable" });
  expect(await send()).toBe(1);
  system.verify();
});

test.each(Object.keys(KINDS) as Kind[])(
  "%s counts as a try and says of the effect what the real one says",
  async (kind) => {
    const call = makeCall({ effect: "unsafe" });
    const { send } = bench([{ fail: { kind } }]);
    expect(await send(call)).toMatchObject({ kind, outcome: KINDS[kind].outcome });
    expect(call.record.attempts).toBe(1);
  },
);

test("a rule may be for one operation", async () => {
  const { send } = bench([{ operation: "pay", fail: { kind: "timeout" } }], [answer(1)]);
  expect(await send(makeCall({ name: "work" }))).toBe(1);
  expect(await send(makeCall({ name: "pay" }))).toMatchObject({ kind: "timeout" });
});

test("a delay comes first, ends with the call, and leaves no timer", async () => {
  const { system, send } = bench([{ delay: "50ms" }, { delay: 50, fail: { kind: "timeout", times: 1 } }], [answer(1)]);
  const failing = send();
  await clock.advance(99);
  expect(clock.pending).toBe(1);
  await clock.advance(1);
  expect(await failing).toMatchObject({ kind: "timeout" });
  const call = makeCall();
  const aborted = send(call);
  await clock.advance(10);
  call.cancel(new ConnectorError("cancelled", "enough"));
  expect(await aborted).toMatchObject({ message: "enough" });
  expect(clock.pending).toBe(0);
  const passing = send();
  await clock.advance(100);
  expect(await passing).toBe(1);
  system.verify();
});

test("a rate hits its share of the tries; the same seed the same ones, another seed others", async () => {
  const outcomes = async (seed: number): Promise<string> => {
    const steps = Array.from({ length: 400 }, () => answer("ok"));
    const { send } = bench([{ rate: 0.25, fail: { kind: "unavailable" } }], steps, seed);
    let text = "";
    for (let i = 0; i < 400; i++) text += (await send()) === "ok" ? "." : "x";
    return text;
  };
  const first = await outcomes(7);
  const hits = first.replaceAll(".", "").length;
  expect(hits).toBeGreaterThan(70);
  expect(hits).toBeLessThan(130);
  expect(await outcomes(7)).toBe(first);
  expect(await outcomes(8)).not.toBe(first);
});

describe("a stream", () => {
  const numbers =
    (onEnd: () => void): Step =>
    () =>
      inBatches(
        (async function* () {
          try {
            yield [1, 2, 3];
            yield [4, 5];
          } finally {
            onEnd();
          }
        })(),
      );

  async function readAll(rules: readonly object[]): Promise<{ read: unknown[]; error: unknown; isEnded: boolean }> {
    let isEnded = false;
    const { send } = bench(rules, [numbers(() => (isEnded = true))]);
    const read: unknown[] = [];
    const opened = await send(makeCall({ stream: true }));
    if (opened instanceof Error) return { read, error: opened, isEnded };
    const stream = opened as OpenedStream<unknown>;
    let error: unknown;
    try {
      for (let batch = stream.first; batch !== undefined; batch = await stream.next()) read.push(...batch);
    } catch (thrown) {
      error = thrown;
    }
    return { read, error, isEnded };
  }
  const broken = expect.objectContaining({ kind: "connection_lost", by: "faults" });

  test.each([0, 1, 2, 3, 4, 5])("is cut after %i items, and its work ends", async (count) => {
    const found = await readAll([{ cutAfterItems: count }]);
    expect(found).toEqual({ read: [1, 2, 3, 4, 5].slice(0, count), error: broken, isEnded: true });
  });

  test("that is shorter ends well, and the shortest cut counts", async () => {
    expect(await readAll([{ cutAfterItems: 6 }])).toEqual({ read: [1, 2, 3, 4, 5], error: undefined, isEnded: true });
    expect((await readAll([{ cutAfterItems: 4 }, { cutAfterItems: 2 }])).read).toEqual([1, 2]);
  });
});

test("an answer that is no stream is not cut", async () => {
  expect(await bench([{ cutAfterItems: 0 }], [answer(1)]).send()).toBe(1);
});

test.each([
  {},
  { rules: [] },
  { rules: [{}] },
  { rules: [{ rate: 0.5 }] },
  { rules: [{ fail: { kind: "weird" } }] },
  { rules: [{ fail: { kind: "timeout", times: 0 } }] },
  { rules: [{ delay: 5, rate: 2 }] },
])("%j is no setting", (settings) => {
  expect(faultsSetting.safeParse(settings).success).toBe(false);
});
