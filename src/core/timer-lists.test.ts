import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { TimerLists } from "./timer-lists.ts";

const activeTimeouts = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;

describe("on turned hands", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] }));
  afterEach(() => void vi.useRealTimers());
  const lists = (): TimerLists => new TimerLists(() => performance.now());

  test("time-outs of one duration and of several run in order of expiry", () => {
    const timers = lists();
    const seen: string[] = [];
    timers.add(20, () => seen.push("20"));
    timers.add(10, () => seen.push("10 first"));
    timers.add(10, () => seen.push("10 second"));
    vi.advanceTimersByTime(5);
    timers.add(10, () => seen.push("10 at 5"));
    vi.advanceTimersByTime(9);
    expect(seen).toEqual(["10 first", "10 second"]);
    vi.advanceTimersByTime(1);
    expect(seen).toEqual(["10 first", "10 second", "10 at 5"]);
    vi.advanceTimersByTime(5);
    expect(seen).toEqual(["10 first", "10 second", "10 at 5", "20"]);
  });

  test("a cancelled time-out never runs; cancelling twice, or after it ran, is fine", () => {
    const timers = lists();
    const seen: number[] = [];
    const list = [1, 2, 3, 4].map((n) => timers.add(10, () => seen.push(n)));
    for (const at of [0, 2, 2]) list[at]!.cancel();
    vi.advanceTimersByTime(10);
    expect(seen).toEqual([2, 4]);
    for (const timer of list) timer.cancel();
    timers.add(10, () => seen.push(5));
    vi.advanceTimersByTime(10);
    expect(seen).toEqual([2, 4, 5]);
  });

  test("cancelling again what has gone does not bring it back, nor lose those around it", () => {
    const timers = lists();
    const seen: string[] = [];
    const add = (name: string) => timers.add(10, () => seen.push(name));
    const [first, second, third] = [add("first"), add("second"), add("third")];
    second.cancel();
    first.cancel();
    second.cancel();
    first.cancel();
    const last = add("last");
    vi.advanceTimersByTime(10);
    expect(seen).toEqual(["third", "last"]);
    third.cancel();
    last.cancel();
    add("next");
    third.cancel();
    vi.advanceTimersByTime(10);
    expect(seen).toEqual(["third", "last", "next"]);
  });

  test("a callback that cancels itself loses nobody", () => {
    const timers = lists();
    const seen: string[] = [];
    const own = timers.add(10, () => {
      seen.push("own");
      own.cancel();
    });
    timers.add(10, () => seen.push("behind"));
    vi.advanceTimersByTime(5);
    timers.add(10, () => seen.push("later"));
    vi.advanceTimersByTime(10);
    expect([seen, vi.getTimerCount()]).toEqual([["own", "behind", "later"], 0]);
  });

  test("a list that was empty when it fired is made anew", () => {
    const timers = lists();
    const seen: number[] = [];
    for (let i = 0; i < 3; i++) {
      timers.add(10, () => seen.push(i));
      vi.advanceTimersByTime(25);
      timers.add(10, () => {}).cancel();
      vi.advanceTimersByTime(25);
    }
    expect([seen, vi.getTimerCount()]).toEqual([[0, 1, 2], 0]);
  });

  test("a callback that cancels those behind it, due at the same instant, is obeyed", () => {
    const timers = lists();
    const seen: string[] = [];
    const behind: { cancel(): void }[] = [];
    timers.add(10, () => {
      seen.push("first");
      for (const timer of behind) timer.cancel();
    });
    behind.push(timers.add(10, () => seen.push("second")));
    timers.add(10, () => seen.push("third"));
    vi.advanceTimersByTime(10);
    expect(seen).toEqual(["first", "third"]);
  });

  test("a callback that arms the same duration again does not delay those already waiting", () => {
    const timers = lists();
    const at: Record<string, number> = {};
    const start = performance.now();
    const note = (name: string) => () => (at[name] = performance.now() - start);
    timers.add(100, () => {
      note("first")();
      timers.add(100, note("armed by the first"));
    });
    vi.advanceTimersByTime(1);
    timers.add(100, note("second"));
    vi.advanceTimersByTime(300);
    expect(at).toEqual({ first: 100, second: 101, "armed by the first": 200 });
  });

  test("a callback that throws takes nobody with it", () => {
    const timers = lists();
    const seen: string[] = [];
    timers.add(10, () => {
      throw new Error("broken callback");
    });
    timers.add(10, () => seen.push("same instant"));
    vi.advanceTimersByTime(5);
    timers.add(10, () => seen.push("later"));
    expect(() => vi.advanceTimersByTime(5)).toThrow("broken callback");
    vi.advanceTimersByTime(20);
    expect(seen).toEqual(["same instant", "later"]);
  });

  test("a list sleeps until its first time-out is due", () => {
    let looks = 0;
    const timers = new TimerLists(() => (looks++, performance.now()));
    timers.add(10_000, () => {});
    timers.add(10_000, () => {});
    vi.advanceTimersByTime(10_000);
    expect(looks).toBeLessThan(10);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("64 durations have a list each; beyond that time-outs run and cancel all the same", () => {
    const few = lists();
    for (let i = 0; i < 128; i++) few.add(1 + (i % 64), () => {});
    expect(vi.getTimerCount()).toBe(64);
    vi.advanceTimersByTime(64);
    const timers = lists();
    let runs = 0;
    const armed = Array.from({ length: 200 }, (_, i) => timers.add(i + 1, () => runs++));
    for (const [i, timer] of armed.entries()) if (i % 2 === 0) timer.cancel();
    vi.advanceTimersByTime(200);
    expect(runs).toBe(100);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("a hundred thousand armed and cancelled time-outs need one real timer", () => {
    const timers = lists();
    for (let i = 0; i < 100_000; i++) timers.add(30_000, () => {}).cancel();
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(30_000);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe("on the machine's clock", () => {
  test("nothing fires early", async () => {
    const timers = new TimerLists(() => performance.now());
    const early = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const startedAt = performance.now();
        const ms = 1 + (i % 10) * 0.7;
        await new Promise<void>((resolve) => void timers.add(ms, resolve));
        return performance.now() - startedAt < ms;
      }),
    );
    expect(early).not.toContain(true);
  });

  test("a list that holds nothing does not keep the process alive, one that holds something does", async () => {
    const before = activeTimeouts();
    const timers = new TimerLists(() => performance.now());
    const first = timers.add(60_000, () => {});
    expect(activeTimeouts()).toBe(before + 1);
    first.cancel();
    expect(activeTimeouts()).toBe(before);
    const second = timers.add(60_000, () => {});
    expect(activeTimeouts()).toBe(before + 1);
    second.cancel();
    await sleep(1);
    expect(activeTimeouts()).toBe(before);
  });
});
