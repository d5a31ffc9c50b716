import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Call } from "../core/call.ts";
import { ConnectorError, type Kind } from "../core/errors.ts";
import { compose } from "../core/policy.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { concurrency, concurrencySetting } from "./concurrency.ts";
import { deadline } from "./deadline.ts";
import { observe } from "./observe.ts";

interface Work {
  readonly call: Call;
  readonly end: (how?: Kind) => void;
}

/** A system that ends its work when the test says so, behind the policy; `timeout` puts a deadline around. */
function bench(settings: unknown, timeout = 0) {
  const clock = fakeClock();
  const running: Work[] = [];
  const policies = [observe(clock), deadline(timeout, clock), concurrency(concurrencySetting.parse(settings), clock)];
  const run = compose(policies, (call) => {
    call.record.attempts++;
    return new Promise((resolve, reject) => {
      const end = (how?: Kind): void => {
        running.splice(running.indexOf(work), 1);
        if (how === undefined) resolve(call.input);
        else reject(new ConnectorError(how, "x"));
      };
      const work = { call, end };
      running.push(work);
    });
  });
  const send = (call: Call = makeCall({ clock })): Promise<unknown> => run(call).catch((error: unknown) => error);
  const inputs = (): unknown[] => running.map(({ call }) => call.input);
  return { clock, running, send, inputs };
}

async function fill(send: () => Promise<unknown>, clock: FakeClock, count: number): Promise<void> {
  for (let i = 0; i < count; i++) void send();
  await clock.settle();
}

describe("a fixed limit", () => {
  test("calls beyond it wait and are let in by order of arrival", async () => {
    const { clock, running, send, inputs } = bench(2);
    for (let input = 1; input <= 5; input++) void send(makeCall({ input }));
    await clock.settle();
    expect(inputs()).toEqual([1, 2]);
    running[1]!.end();
    await clock.settle();
    expect(inputs()).toEqual([1, 3]);
    running[0]!.end("unavailable");
    await clock.settle();
    expect(inputs()).toEqual([3, 4]);
  });

  test("the time in the queue is told", async () => {
    const { clock, running, send } = bench(1);
    void send();
    const call = makeCall({ clock });
    const waiting = send(call);
    await clock.advance(70);
    running[0]!.end();
    await clock.settle();
    running[0]!.end();
    await waiting;
    expect(call.record.waitMs).toBe(70);
  });

  test("a full queue refuses, by its own name and without effect", async () => {
    const { clock, send } = bench({ limit: 1, queue: 1 });
    await fill(send, clock, 2);
    const refusal = { kind: "rate_limited", by: "concurrency", outcome: "none" };
    expect(await send()).toMatchObject({ ...refusal, message: "No place is free, and 1 calls wait for one" });
    const none = bench({ limit: 1, queue: 0 });
    void none.send();
    expect(await none.send()).toMatchObject({ ...refusal, message: "No place is free" });
  });

  test("who is aborted in the queue leaves it at once and frees its place there", async () => {
    const { clock, running, send, inputs } = bench({ limit: 1, queue: 1 });
    void send(makeCall({ input: 1 }));
    const call = makeCall({ input: 2 });
    const waiting = send(call);
    await clock.settle();
    call.cancel(new ConnectorError("cancelled", "enough"));
    expect(await waiting).toMatchObject({ message: "enough" });
    void send(makeCall({ input: 3 }));
    running[0]!.end();
    await clock.settle();
    expect(inputs()).toEqual([3]);
  });

  test("who is aborted just as its turn comes gives the permit back", async () => {
    const { clock, running, send, inputs } = bench(1, 1_000);
    void send(makeCall({ input: 1 }));
    const abort = new AbortController();
    const waiting = send(makeCall({ input: 2, signal: abort.signal }));
    void send(makeCall({ input: 3 }));
    await clock.settle();
    const { call } = running[0]!;
    running[0]!.end();
    // In the same turn as the permit is handed over.
    call.record.onSettled(() => abort.abort());
    expect(await waiting).toMatchObject({ kind: "cancelled" });
    await clock.settle();
    expect(inputs()).toEqual([3]);
  });

  test("a call that has been answered keeps no permit, even where the work underneath is deaf", async () => {
    const { clock, send, inputs } = bench(1, 100);
    const late = send(makeCall({ input: 1 }));
    await clock.advance(100);
    expect(await late).toMatchObject({ kind: "timeout" });
    void send(makeCall({ input: 2 }));
    expect(inputs()).toEqual([1, 2]);
  });

  test("trap 26: a stream keeps its permit until it has been read out or broken off", async () => {
    const { clock, running, send, inputs } = bench(1);
    const stream = makeCall({ input: 1, stream: true });
    const opened = send(stream);
    await clock.settle();
    running[0]!.end();
    await opened;
    void send(makeCall({ input: 2 }));
    await clock.settle();
    expect(inputs()).toEqual([]);
    stream.record.settle("ok", clock.now());
    await clock.settle();
    expect(inputs()).toEqual([2]);
  });

  test("ten thousand wait and leave, and none is forgotten", async () => {
    const { clock, running, send } = bench({ limit: 1, queue: 10_000 });
    void send();
    const calls = Array.from({ length: 10_000 }, () => makeCall({ clock }));
    const answers = calls.map(send);
    expect(await send()).toMatchObject({ by: "concurrency" });
    for (const call of calls.toReversed()) call.cancel(new ConnectorError("cancelled", "enough"));
    await Promise.all(answers);
    running[0]!.end();
    await clock.settle();
    void send();
    expect(running.length).toBe(1);
  });
});

describe("auto", () => {
  /** How many a flood of calls finds at work at a time. */
  async function round(bench: ReturnType<typeof makeAuto>, how?: Kind): Promise<number> {
    await fill(bench.send, bench.clock, 60 - bench.running.length);
    const size = bench.running.length;
    await bench.clock.advance(10);
    for (const each of [...bench.running]) each.end(how);
    return size;
  }
  const makeAuto = () => bench("auto");

  test("one more for each round of successes", async () => {
    const auto = makeAuto();
    const sizes: number[] = [];
    for (let i = 0; i < 5; i++) sizes.push(await round(auto));
    expect(sizes[0]).toBe(10);
    for (let i = 1; i < sizes.length; i++) expect([0, 1]).toContain(sizes[i]! - sizes[i - 1]!);
    expect(sizes.at(-1)).toBeGreaterThanOrEqual(13);
  });

  test.each<Kind>(["timeout", "unavailable", "rate_limited"])(
    "a round of %s lowers it once, to one at least",
    async (kind) => {
      const auto = makeAuto();
      expect(await round(auto, kind)).toBe(10);
      expect(await round(auto, kind)).toBe(9);
      expect(await round(auto, kind)).toBe(8);
      for (let i = 0; i < 40; i++) await round(auto, kind);
      expect(await round(auto)).toBe(1);
      await round(auto);
      await round(auto);
      expect(await round(auto)).toBeGreaterThan(1);
    },
  );

  test("a caller's mistake changes nothing, nor does a call that never reached the system", async () => {
    const { clock, running, send } = makeAuto();
    for (const isMistake of [true, false, true, false]) {
      await fill(send, clock, 60);
      for (const { call, end } of [...running]) {
        if (!isMistake) call.record.attempts = 0;
        end(isMistake ? "not_found" : "timeout");
      }
      await clock.settle();
      expect(running.length).toBe(10);
    }
  });

  test("a limit that nobody needs does not grow", async () => {
    const { clock, running, send } = bench("auto");
    for (let i = 0; i < 500; i++) {
      void send();
      await clock.settle();
      running[0]!.end();
      await clock.settle();
    }
    await fill(send, clock, 60);
    expect(running.length).toBe(10);
  });
});

test.each([0, -1, 1.5, "many", { limit: 0 }, { queue: 5 }, { limit: 1, queue: -1 }, { limit: 1, wait: 2 }])(
  "%j is no setting",
  (settings) => {
    expect(concurrencySetting.safeParse(settings).success).toBe(false);
  },
);

test("never more than the limit at work, never more than the queue waiting, and none left in the end", async () => {
  const event = fc.oneof(
    fc.constant("start" as const),
    fc.record({ end: fc.nat(), how: fc.constantFrom<Kind | undefined>(undefined, "unavailable") }),
    fc.record({ abort: fc.nat() }),
  );
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 0, max: 3 }),
      fc.array(event, { maxLength: 50 }),
      async (limit, queue, events) => {
        const { clock, running, send } = bench({ limit, queue }, 60_000);
        const open: Call[] = [];
        for (const each of events) {
          if (each === "start") {
            const call = makeCall({ clock });
            open.push(call);
            call.record.onSettled(() => open.splice(open.indexOf(call), 1));
            void send(call);
          } else if ("end" in each) running[each.end % Math.max(1, running.length)]?.end(each.how);
          else open[each.abort % Math.max(1, open.length)]?.cancel(new ConnectorError("cancelled", "enough"));
          await clock.settle();
          const atWork = running.filter(({ call }) => call.cancelled === undefined).length;
          expect(atWork).toBeLessThanOrEqual(limit);
          expect(open.length).toBeLessThanOrEqual(limit + queue);
          // Nobody waits while a place is free.
          expect(atWork === limit || atWork === open.length).toBe(true);
        }
        for (const call of [...open]) call.cancel(new ConnectorError("cancelled", "enough"));
        await clock.settle();
        const before = running.length;
        await fill(send, clock, limit + queue + 1);
        expect(running.length - before).toBe(limit);
      },
    ),
    { numRuns: 200 },
  );
});
