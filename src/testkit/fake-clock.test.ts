import { expect, test } from "vitest";
import { fakeClock } from "./fake-clock.ts";

test("time stands still until it is moved", async () => {
  const clock = fakeClock();
  const [now, wall] = [clock.now(), clock.wall()];
  let hasRun = false;
  clock.after(5, () => (hasRun = true));
  await clock.settle();
  expect([clock.now(), clock.wall(), hasRun, clock.pending]).toEqual([now, wall, false, 1]);
  await clock.advance(4.5);
  expect([clock.now(), clock.wall(), hasRun, clock.pending]).toEqual([now + 4.5, wall + 4.5, false, 1]);
  await clock.advance(0.5);
  expect([hasRun, clock.pending]).toEqual([true, 0]);
});

test("timers run in order of expiry, at their own instants, and those due together in order of their making", async () => {
  const clock = fakeClock();
  const start = clock.now();
  const seen: string[] = [];
  const note = (name: string) => () => seen.push(`${name}@${clock.now() - start}`);
  clock.after(20, note("c"));
  clock.timeout(10, note("a"));
  clock.after(10, note("b"));
  clock.after(31, note("too late"));
  await clock.advance(30);
  expect(seen).toEqual(["a@10", "b@10", "c@20"]);
  expect(clock.now() - start).toBe(30);
});

test("what a timer sets off settles before the next one, and can arm timers that fall due in the same move", async () => {
  const clock = fakeClock();
  const start = clock.now();
  const seen: number[] = [];
  const tick = async (times: number): Promise<void> => {
    for (let i = 0; i < times; i++) {
      await new Promise<void>((resolve) => void clock.after(10, resolve));
      await Promise.resolve();
      seen.push(clock.now() - start);
    }
  };
  void tick(3);
  clock.after(15, () => seen.push(-15));
  await clock.advance(100);
  expect(seen).toEqual([10, -15, 20, 30]);
});

test("a cancelled timer never runs, also when another one of the same instant cancels it; twice is fine", async () => {
  const clock = fakeClock();
  const seen: string[] = [];
  const other = { cancel: (): void => {} };
  clock.after(1, () => {
    seen.push("first");
    other.cancel();
    other.cancel();
  });
  other.cancel = clock.after(1, () => seen.push("second")).cancel;
  await clock.advance(1);
  expect([seen, clock.pending]).toEqual([["first"], 0]);
});

test("ten thousand timers, armed at random and half of them cancelled, run in order", async () => {
  const clock = fakeClock();
  const start = clock.now();
  const due: number[] = [];
  const timers = Array.from({ length: 10_000 }, (_, i) =>
    clock.timeout((i * 7919) % 10_007, () => due.push(clock.now() - start)),
  );
  for (const [i, timer] of timers.entries()) if (i % 2 === 0) timer.cancel();
  expect(clock.pending).toBe(5_000);
  await clock.advance(10_007);
  expect([due.length, clock.pending]).toEqual([5_000, 0]);
  expect(due).toEqual(due.toSorted((a, b) => a - b));
});

test("time does not go back", async () => {
  await expect(fakeClock().advance(-1)).rejects.toThrow(RangeError);
  await expect(fakeClock().advance(Number.NaN)).rejects.toThrow(RangeError);
});

test("what a timer throws reaches whoever moved the time, and the timers after it are still there", async () => {
  const clock = fakeClock();
  const seen: string[] = [];
  clock.after(1, () => {
    throw new Error("broken timer");
  });
  clock.after(2, () => seen.push("next"));
  await expect(clock.advance(5)).rejects.toThrow("broken timer");
  await clock.advance(5);
  expect(seen).toEqual(["next"]);
});
