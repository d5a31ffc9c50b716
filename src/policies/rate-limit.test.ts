import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Call } from "../core/call.ts";
import { ConnectorError } from "../core/errors.ts";
import { problemsIn } from "../core/issues.ts";
import type { Next } from "../core/policy.ts";
import { guardReads } from "../core/reading.ts";
import { inBatches, type OpenedStream } from "../core/stream.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, fail, scriptedHandler, type Step } from "../testkit/scripted-handler.ts";
import type { Rate } from "./rate-gate.ts";
import { rateLimit, rateLimitSetting } from "./rate-limit.ts";

let clock: FakeClock;
let start: number;
beforeEach(() => {
  clock = fakeClock();
  start = clock.now();
});

/** The policy around a system that notes when each call arrives there. */
function limited(rate: Rate) {
  const left: { readonly name: string; readonly at: number }[] = [];
  const system: Next = (call) => {
    left.push({ name: String(call.input), at: clock.now() - start });
    call.record.stage = "running";
    return Promise.resolve();
  };
  const next = rateLimit(rate, clock)!(system);
  const send = (name: string, options: { deadlineIn?: number; signal?: AbortSignal } = {}) => {
    const call = makeCall({ input: name, signal: options.signal, clock });
    if (options.deadlineIn !== undefined) call.deadlineAt = clock.now() + options.deadlineIn;
    const result: { call: Call; error?: ConnectorError; isDone: boolean } = { call, isDone: false };
    next(call).then(
      () => (result.isDone = true),
      (error: ConnectorError) => (result.error = error),
    );
    return result;
  };
  return { left, send, next, times: () => left.map(({ at }) => at), names: () => left.map(({ name }) => name) };
}

describe("calls", () => {
  test("leave at once while the burst lasts, then one by one", async () => {
    const { send, times } = limited({ requests: 2, window: 1_000 });
    for (let i = 0; i < 5; i++) send(`${i}`);
    await clock.advance(10_000);
    expect(times()).toEqual([0, 0, 500, 1_000, 1_500]);
    expect(clock.pending).toBe(0);
  });

  test("are spaced evenly where the burst is 1, also after a pause", async () => {
    const { send, times } = limited({ requests: 2, window: 1_000, burst: 1 });
    send("a");
    send("b");
    await clock.advance(10_000);
    send("c");
    send("d");
    await clock.advance(10_000);
    expect(times()).toEqual([0, 500, 10_000, 10_500]);
  });

  test("earn the burst back with time, and never more than that", async () => {
    const { send, times } = limited({ requests: 10, window: 1_000, burst: 3 });
    for (let i = 0; i < 3; i++) send("x");
    await clock.advance(100);
    send("x");
    send("x");
    await clock.advance(100_000);
    for (let i = 0; i < 4; i++) send("x");
    await clock.advance(1_000);
    expect(times()).toEqual([0, 0, 0, 100, 200, 100_100, 100_100, 100_100, 100_200]);
  });

  test("leave in the order in which they came, a new one never before those that wait", async () => {
    const { send, names } = limited({ requests: 1, window: 100 });
    for (const name of ["a", "b", "c"]) send(name);
    await clock.advance(100);
    send("d");
    await clock.advance(1_000);
    expect(names()).toEqual(["a", "b", "c", "d"]);
  });

  test("that wait say so, and their record says how long", async () => {
    const { send } = limited({ requests: 1, window: 100 });
    send("a");
    const { call } = send("b");
    await clock.advance(60);
    expect(call.record.stage).toBe("waiting for the rate limit");
    await clock.advance(40);
    expect([call.record.stage, call.record.waitMs]).toEqual(["running", 100]);
  });
});

describe("an aborted call", () => {
  test("leaves the queue at once and costs no permit", async () => {
    const { send, left } = limited({ requests: 1, window: 100 });
    const controller = new AbortController();
    send("a");
    const aborted = send("b", { signal: controller.signal });
    send("c");
    await clock.advance(40);
    controller.abort();
    await clock.settle();
    expect(aborted.error).toMatchObject({
      kind: "cancelled",
      message: "Cancelled by the caller while waiting for the rate limit",
    });
    expect(aborted.call.record.waitMs).toBe(40);
    await clock.advance(60);
    expect(left).toEqual([
      { name: "a", at: 0 },
      { name: "c", at: 100 },
    ]);
  });

  test("that was the only one in the queue leaves no timer behind", async () => {
    const { send } = limited({ requests: 1, window: 100 });
    const controller = new AbortController();
    send("a");
    send("b", { signal: controller.signal });
    await clock.settle();
    expect(clock.pending).toBe(1);
    controller.abort();
    expect(clock.pending).toBe(0);
  });

  test("trap 9: among ten thousand is nothing special: all of them gone, nothing is left, and the next call leaves", async () => {
    const { send, times } = limited({ requests: 1, window: 100 });
    const controller = new AbortController();
    send("a");
    const all = Array.from({ length: 10_000 }, () => send("x", { signal: controller.signal }));
    controller.abort();
    await clock.advance(100);
    expect(all.every(({ error }) => error?.kind === "cancelled")).toBe(true);
    expect(clock.pending).toBe(0);
    send("b");
    await clock.settle();
    expect(times()).toEqual([0, 100]);
  });
});

describe("a wait that would outlast the deadline", () => {
  test("is refused at once, and the refusal says how long it would be", async () => {
    const { send } = limited({ requests: 1, window: 100 });
    send("a");
    send("b", { deadlineIn: 101 });
    const refused = send("c", { deadlineIn: 200 });
    await clock.settle();
    expect(refused.error).toMatchObject({
      kind: "rate_limited",
      message: "The rate limit asks for a wait of 200 ms, which would outlast the call's timeout",
      by: "rate limit",
      outcome: "none",
      retryAfterMs: 200,
    });
    expect(refused.call.record.waitMs).toBe(0);
  });

  test("is estimated by those who wait now, not by those who have left or given up", async () => {
    const { send } = limited({ requests: 1, window: 100 });
    const controller = new AbortController();
    for (let i = 0; i < 5; i++) send("x", { signal: controller.signal });
    await clock.advance(200);
    controller.abort();
    const last = send("y", { deadlineIn: 101 });
    await clock.advance(100);
    expect([last.isDone, last.error]).toEqual([true, undefined]);
  });

  test("is not presumed where the burst lets several leave together", async () => {
    const { send, times } = limited({ requests: 10, window: 1_000 });
    for (let i = 0; i < 10; i++) send("x", { deadlineIn: 1 });
    await clock.settle();
    expect(times()).toEqual(Array.from({ length: 10 }, () => 0));
  });
});

describe("what the system says itself", () => {
  const slowDown = (retryAfterMs?: number) => fail("rate_limited", "slow down", { retryAfterMs });

  test("trap 8: holds back every call, those already queued too", async () => {
    using system = scriptedHandler([answer(), slowDown(5_000), answer(), answer()]);
    const next = rateLimit({ requests: 1, window: 100 }, clock)!(system.next);
    const at: number[] = [];
    const send = () =>
      void next(makeCall()).then(
        () => at.push(clock.now() - start),
        () => {},
      );
    for (let i = 0; i < 4; i++) send();
    await clock.advance(20_000);
    expect(at).toEqual([0, 5_100, 5_200]);
  });

  test("refuses those in the queue that it would make too late, and keeps the others in order", async () => {
    using system = scriptedHandler([slowDown(1_000), answer(), answer()]);
    const next = rateLimit({ requests: 1, window: 100 }, clock)!(system.next);
    const seen: string[] = [];
    const send = (name: string, deadlineIn: number) => {
      const call = makeCall({ input: name });
      call.deadlineAt = clock.now() + deadlineIn;
      void next(call).then(
        () => seen.push(`${name} at ${clock.now() - start}`),
        ({ message }: Error) => seen.push(`${name} at ${clock.now() - start}: ${message}`),
      );
    };
    send("first", 5_000);
    send("impatient", 900);
    send("patient", 5_000);
    send("second", 1_101);
    send("third", 1_200);
    await clock.advance(10_000);
    const why = (ms: number) => `The rate limit asks for a wait of ${ms} ms, which would outlast the call's timeout`;
    expect(seen).toEqual([
      "first at 0: slow down",
      `impatient at 0: ${why(1_000)}`,
      `third at 0: ${why(1_200)}`,
      "patient at 1000",
      "second at 1100",
    ]);
    expect(clock.pending).toBe(0);
  });

  test("counts for new calls as for queued ones, and a shorter word does not shorten a longer one", async () => {
    using system = scriptedHandler([slowDown(5_000), slowDown(100), answer()]);
    const next = rateLimit({ requests: 10, window: 100 }, clock)!(system.next);
    await Promise.all([next(makeCall()), next(makeCall())].map((each) => each.catch(() => {})));
    let at = 0;
    void next(makeCall()).then(() => (at = clock.now() - start));
    await clock.advance(10_000);
    expect(at).toBe(5_000);
  });

  test("may also be that it is unavailable for a while", async () => {
    using system = scriptedHandler([fail("unavailable", "maintenance", { retryAfterMs: 700 }), answer()]);
    const next = rateLimit({ requests: 10, window: 100 }, clock)!(system.next);
    await next(makeCall()).catch(() => {});
    let at = 0;
    void next(makeCall()).then(() => (at = clock.now() - start));
    await clock.advance(1_000);
    expect(at).toBe(700);
  });

  test.each([
    ["no time at all", slowDown()],
    ["another kind of failure", fail("conflict", "x", { retryAfterMs: 5_000 })],
    ["a policy's own refusal below", fail("rate_limited", "x", { retryAfterMs: 5_000, by: "rate limit" })],
  ])("does not hold back anything where it is %s", async (_, step) => {
    using system = scriptedHandler([step, answer()]);
    const next = rateLimit({ requests: 10, window: 100 }, clock)!(system.next);
    await next(makeCall()).catch(() => {});
    await next(makeCall());
    expect(clock.now()).toBe(start);
  });

  test("lets the burst leave when it is over, and refuses nobody for a wait that is shorter than it seems", async () => {
    using system = scriptedHandler([slowDown(1_000), answer(), answer(), answer()]);
    const next = rateLimit({ requests: 10, window: 1_000 }, clock)!(system.next);
    await next(makeCall()).catch(() => {});
    const at: number[] = [];
    for (let i = 0; i < 3; i++) {
      const call = makeCall();
      call.deadlineAt = clock.now() + 1_001;
      void next(call).then(() => at.push(clock.now() - start));
    }
    await clock.advance(2_000);
    expect(at).toEqual([1_000, 1_000, 1_000]);
  });
});

describe("quotas that answers tell of", () => {
  const told =
    (headers: Record<string, string>): Step =>
    (call) => {
      call.record.answer.headers = headers;
      return "ok";
    };
  const refusedWith = (headers: Record<string, string>): Step =>
    fail("rate_limited", "slow down", { cause: Object.assign(new Error("429"), { headers }) });

  async function leaves(steps: readonly Step[]): Promise<number[]> {
    using system = scriptedHandler(steps);
    const at: number[] = [];
    const next = rateLimit({ requests: 1, window: 100 }, clock)!((call) => {
      at.push(clock.now() - start);
      return system.next(call);
    });
    for (let i = 0; i < steps.length; i++) next(makeCall()).catch(() => {});
    await clock.advance(60_000);
    return at;
  }

  test("trap 8: hold back what is queued when they are used up, after an answer as after a refusal", async () => {
    const usedUp = { "ratelimit-remaining": "0", "ratelimit-reset": "7" };
    expect(await leaves([told(usedUp), answer()])).toEqual([0, 7_000]);
    start = clock.now();
    expect(await leaves([refusedWith(usedUp), answer()])).toEqual([0, 7_000]);
  });

  test("trap 25: of the roll-over park nobody", async () => {
    const past = { "x-ratelimit-remaining": "0", "x-ratelimit-reset": `${Math.floor(clock.wall() / 1_000)}` };
    expect(await leaves([told(past), told({ ...past, "x-ratelimit-reset": "0" }), answer()])).toEqual([0, 100, 200]);
  });

  test("do not shorten what `Retry-After` says", async () => {
    const headers = { "ratelimit-remaining": "0", "ratelimit-reset": "1" };
    const cause = Object.assign(new Error("429"), { headers });
    expect(await leaves([fail("rate_limited", "x", { retryAfterMs: 5_000, cause }), answer()])).toEqual([0, 5_000]);
  });
});

describe("learned limits only", () => {
  const learned = rateLimitSetting.parse("learned");

  test("let everything pass at once that the system does not hold back, and leave no timer", async () => {
    const next = rateLimit(learned, clock)!(() => Promise.resolve());
    await Promise.all(Array.from({ length: 1_000 }, () => next(makeCall())));
    expect([clock.now(), clock.pending]).toEqual([start, 0]);
  });

  test("trap 8: hold back what the system asks to, queued calls too, and all leave when that is over", async () => {
    const slow = (ms: number): Step => fail("rate_limited", "slow down", { retryAfterMs: ms });
    using system = scriptedHandler([slow(500), slow(2_000), answer(), answer()]);
    const at: number[] = [];
    const next = rateLimit(learned, clock)!((call) => {
      at.push(clock.now() - start);
      return system.next(call);
    });
    const send = () => void next(makeCall()).catch(() => {});
    send();
    send();
    await clock.settle();
    send();
    await clock.advance(1_000);
    send();
    await clock.advance(10_000);
    expect(at).toEqual([0, 0, 2_000, 2_000]);
    expect(clock.pending).toBe(0);
  });

  test("refuse at once where that is wished, and for the key that was held back only", async () => {
    const settings = rateLimitSetting.parse({ requests: "learned", key: "input.tenant", mode: "refuse" });
    using system = scriptedHandler([fail("rate_limited", "slow down", { retryAfterMs: 500 }), answer("b")]);
    const next = rateLimit(settings, clock)!(system.next);
    const send = (tenant: string) => next(makeCall({ input: { tenant } })).catch((error: unknown) => error);
    await send("a");
    expect(await send("b")).toBe("b");
    expect(await send("a")).toMatchObject({ kind: "rate_limited", by: "rate limit", retryAfterMs: 500 });
  });

  test.each([
    [{ requests: "learned", window: 5 }, "window"],
    [{ requests: "learned", burst: 5 }, "burst"],
    [{ requests: "learned", weights: { get: 2 } }, "weights"],
    [{ requests: 5 }, "window"],
    [{}, "requests"],
    ["learnt", undefined],
  ])("are not to be had with what says nothing beside them: %j", (wrong, path) => {
    const told = problemsIn(rateLimitSetting.safeParse(wrong).error!, rateLimitSetting, wrong);
    expect(told.map((each) => each.path[0])).toEqual([path]);
  });
});

describe("a stream", () => {
  test("that is refused its next page holds back the others as a refused call does", async () => {
    using system = scriptedHandler([answer(inBatches(pages())), fail("not_found")]);
    const next = rateLimit(rateLimitSetting.parse("learned"), clock)!(system.next);
    const call = makeCall({ stream: true });
    const opened = (await next(call)) as OpenedStream<number>;
    const reading = guardReads(opened, call, { clock, readLimitMs: 0, toError: (thrown) => thrown as ConnectorError });
    await expect(reading.next()).rejects.toThrow("slow down");
    let at = -1;
    void next(makeCall()).catch(() => (at = clock.now() - start));
    await clock.advance(10_000);
    expect(at).toBe(3_000);

    async function* pages() {
      yield [1];
      throw new ConnectorError("rate_limited", "slow down", { retryAfterMs: 3_000 });
    }
  });
});

describe("weights", () => {
  function weighted(settings: object) {
    const left: (readonly [string, number])[] = [];
    const next = rateLimit(rateLimitSetting.parse(settings), clock)!((call) => {
      left.push([call.name, clock.now() - start]);
      return Promise.resolve();
    });
    const send = (name: string) => void next(makeCall({ name }));
    return { left, send };
  }

  test("let an operation count as several calls, and others as one", async () => {
    const { left, send } = weighted({ requests: 10, window: 1_000, weights: { search: 5 } });
    for (const name of ["search", "get", "search", "get"]) send(name);
    await clock.advance(1_000);
    expect(left).toEqual([
      ["search", 0],
      ["get", 0],
      ["search", 100],
      ["get", 200],
    ]);
  });

  test("do not let a light call overtake a heavy one", async () => {
    const { left, send } = weighted({ requests: 4, window: 400, weights: { search: 4 } });
    for (const name of ["search", "search", "get"]) send(name);
    await clock.advance(1_000);
    expect(left).toEqual([
      ["search", 0],
      ["search", 400],
      ["get", 500],
    ]);
  });

  test("count in the estimate of a wait", async () => {
    const next = rateLimit({ requests: 2, window: 200, weights: { search: 2 } }, clock)!(() => Promise.resolve());
    const send = (name: string, deadlineIn: number) => {
      const call = makeCall({ name });
      call.deadlineAt = clock.now() + deadlineIn;
      return next(call).catch((error: unknown) => error);
    };
    await send("search", 1);
    const waiting = send("search", 201);
    expect(await send("get", 300)).toMatchObject({ retryAfterMs: 300 });
    const last = send("get", 301);
    await clock.advance(300);
    expect(await Promise.all([waiting, last])).toEqual([undefined, undefined]);
  });
});

test("`refuse` lets nobody wait, and says when to come back", async () => {
  const next = rateLimit({ requests: 1, window: 100, mode: "refuse" }, clock)!(() => Promise.resolve("ok"));
  const send = () => next(makeCall()).catch((error: unknown) => error);
  expect(await send()).toBe("ok");
  await clock.advance(30);
  expect(await send()).toMatchObject({
    kind: "rate_limited",
    message: "The rate limit lets nothing pass for 70 ms",
    by: "rate limit",
    outcome: "none",
    retryAfterMs: 70,
  });
  expect(clock.pending).toBe(0);
  await clock.advance(70);
  expect(await send()).toBe("ok");
});

describe("for any arrivals", () => {
  const rate = fc.record({
    requests: fc.integer({ min: 1, max: 20 }),
    window: fc.integer({ min: 1, max: 5_000 }),
    burst: fc.option(fc.integer({ min: 1, max: 30 }), { nil: undefined }),
  });
  const arrivals = fc.array(
    fc.record({
      after: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 500 })),
      deadlineIn: fc.option(fc.integer({ min: 1, max: 3_000 }), { nil: undefined }),
      abortAfter: fc.option(fc.integer({ min: 0, max: 1_000 }), { nil: undefined, freq: 3 }),
    }),
    { maxLength: 40 },
  );
  const drain = async (): Promise<void> => {
    await clock.settle();
    for (let i = 0; i < 50 && clock.pending > 0; i++) await clock.advance(100_000);
    expect(clock.pending).toBe(0);
  };

  test("no window sees more than burst + rate, calls leave in order, in time or not at all, and nobody is forgotten", async () => {
    await fc.assert(
      fc.asyncProperty(rate, arrivals, async (settings, list) => {
        clock = fakeClock();
        start = clock.now();
        const { requests, window, burst = requests } = settings;
        const { left, send } = limited(settings);
        const sent: { readonly result: ReturnType<typeof send>; readonly dueAt: number }[] = [];
        for (const [i, { after, deadlineIn, abortAfter }] of list.entries()) {
          await clock.advance(after);
          const controller = new AbortController();
          const options = { signal: controller.signal, ...(deadlineIn === undefined ? {} : { deadlineIn }) };
          sent.push({ result: send(`${i}`, options), dueAt: clock.now() + (deadlineIn ?? Infinity) });
          if (abortAfter !== undefined) clock.after(abortAfter, () => controller.abort());
        }
        await drain();
        for (const [i, { at }] of left.entries()) {
          const inWindow = left.slice(i).filter((other) => other.at < at + window - 1e-6).length;
          expect(inWindow).toBeLessThanOrEqual(requests + burst);
          // The sharper promise of the algorithm: n calls after a full burst need at least (n - burst) intervals.
          const n = left.length - i;
          const span = left.at(-1)!.at - at;
          expect(span).toBeGreaterThanOrEqual((n - burst) * (window / requests) - 1e-6);
        }
        expect(left.map(({ name }) => Number(name))).toEqual(
          left.map(({ name }) => Number(name)).toSorted((a, b) => a - b),
        );
        for (const { result } of sent) expect(result.isDone).toBe(result.error === undefined);
        for (const { name, at } of left) expect(at + start).toBeLessThan(sent[Number(name)]!.dueAt);
      }),
      { numRuns: 200 },
    );
  });

  test("calls leave at the very instant at which the algorithm lets them, not later", async () => {
    await fc.assert(
      fc.asyncProperty(rate, fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 30 }), async (settings, gaps) => {
        clock = fakeClock();
        start = clock.now();
        const { requests, window, burst = requests } = settings;
        const { times, send } = limited(settings);
        const interval = window / requests;
        const expected: number[] = [];
        let arrival = 0;
        let theoretical = -Infinity;
        for (const gap of gaps) {
          await clock.advance(gap);
          arrival += gap;
          send("x");
          const leaves = Math.max(arrival, theoretical - (burst - 1) * interval);
          expected.push(leaves);
          theoretical = Math.max(theoretical, leaves) + interval;
        }
        await drain();
        expect(times()).toHaveLength(expected.length);
        for (const [i, at] of times().entries()) expect(at).toBeCloseTo(expected[i]!, 6);
      }),
      { numRuns: 200 },
    );
  });
});

describe("the setting", () => {
  test("takes text for the window, and burst where it differs", () => {
    const mode = "wait";
    expect(rateLimitSetting.parse({ requests: 100, window: "1m" })).toEqual({ requests: 100, window: 60_000, mode });
    expect(rateLimitSetting.parse({ requests: 1, window: 5, burst: 2 })).toMatchObject({ requests: 1, burst: 2 });
    expect(rateLimit(undefined, clock)).toBeUndefined();
  });

  test.each([
    { requests: 0, window: 1 },
    { requests: 1, window: 0 },
    { requests: 1, window: "0s" },
    { requests: 1.5, window: 1 },
    { requests: 1, window: 1, burst: 0 },
    { requests: 1 },
    { requests: 1, window: 1, bursts: 2 },
    { requests: 1, window: 1, mode: "drop" },
    { requests: 1, window: 1, key: "tenant" },
    { requests: 1, window: 1, key: "input." },
    { requests: 4, window: 1, weights: { search: 5 } },
    { requests: 9, window: 1, burst: 4, weights: { search: 5 } },
    { requests: 9, window: 1, weights: { search: 0 } },
  ])("refuses %j", (wrong) => {
    expect(rateLimitSetting.safeParse(wrong).success).toBe(false);
  });
});
