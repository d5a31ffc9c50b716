import { expect, test } from "vitest";
import { systemClock } from "./clock.ts";

const LONGEST_MS = 2 ** 31 - 1;

test("`now` is monotonic with fractions, `wall` is the time of day", () => {
  const instants = Array.from({ length: 1_000 }, () => systemClock.now());
  expect(instants).toEqual(instants.toSorted((a, b) => a - b));
  expect(instants.some((instant) => !Number.isInteger(instant))).toBe(true);
  expect(Math.abs(systemClock.wall() - Date.now())).toBeLessThan(1_000);
});

test.each(["after", "background", "timeout"] as const)(
  "`%s` runs once, not early, and not at all once cancelled",
  async (name) => {
    let cancelledRan = false;
    systemClock[name](1, () => (cancelledRan = true)).cancel();
    const startedAt = systemClock.now();
    let runs = 0;
    await new Promise<void>((resolve) => {
      const timer = systemClock[name](5, () => {
        runs++;
        timer.cancel();
        resolve();
      });
    });
    expect(systemClock.now() - startedAt).toBeGreaterThanOrEqual(5);
    expect([runs, cancelledRan]).toEqual([1, false]);
  },
);

test.each(["after", "background", "timeout"] as const)(
  "`%s` takes no time and less as soon as possible",
  async (name) => {
    await new Promise<void>((resolve) => void systemClock[name](0, resolve));
    await new Promise<void>((resolve) => void systemClock[name](-5, resolve));
  },
);

test.each(["after", "background", "timeout"] as const)(
  "`%s` does not fire at once where the wait is longer than a timer holds",
  async (name) => {
    let hasRun = false;
    const timers = [LONGEST_MS + 1, 1e15, Infinity].map((ms) => systemClock[name](ms, () => (hasRun = true)));
    await new Promise<void>((resolve) => void systemClock.after(5, resolve));
    expect(hasRun).toBe(false);
    for (const timer of timers) timer.cancel();
  },
);

test("a wait in the background does not keep the process alive", () => {
  const waits = (): number => process.getActiveResourcesInfo().filter((each) => each === "Timeout").length;
  const before = waits();
  const timer = systemClock.background(10_000, () => {});
  expect(waits()).toBe(before);
  timer.cancel();
  systemClock.after(10_000, () => {}).cancel();
});
