import fc from "fast-check";
import { expect, test } from "vitest";
import { SlidingWindow } from "./sliding-window.ts";

test("what was counted leaves after nine to ten tenths of the window", () => {
  const window = new SlidingWindow(1_000);
  window.add(50);
  window.add(99, true);
  expect([window.total(999), window.marked(999)]).toEqual([2, 1]);
  expect([window.total(1_000), window.marked(1_000)]).toEqual([0, 0]);
});

test("a long silence leaves nothing, and what comes later counts", () => {
  const window = new SlidingWindow(1_000);
  for (let at = 0; at < 1_000; at += 10) window.add(at, true);
  expect(window.total(999)).toBe(100);
  expect(window.total(1e9)).toBe(0);
  window.add(1e9);
  expect([window.total(1e9), window.marked(1e9)]).toEqual([1, 0]);
});

test("cleared, it starts again", () => {
  const window = new SlidingWindow(1_000);
  window.add(5, true);
  window.clear();
  expect([window.total(5), window.marked(5)]).toEqual([0, 0]);
  window.add(6);
  expect(window.total(6)).toBe(1);
});

test("it counts all of the last nine tenths and nothing older than the window, wherever the clock starts", () => {
  const steps = fc.array(fc.record({ after: fc.integer({ min: 0, max: 400 }), isMarked: fc.boolean() }));
  fc.assert(
    fc.property(fc.integer({ min: -5_000, max: 5_000 }), steps, (start, events) => {
      const window = new SlidingWindow(1_000);
      const seen: { readonly at: number; readonly isMarked: boolean }[] = [];
      let now = start;
      for (const { after, isMarked } of events) {
        now += after;
        window.add(now, isMarked);
        seen.push({ at: now, isMarked });
        const within = (ms: number) => seen.filter(({ at }) => at > now - ms);
        expect(window.total(now)).toBeGreaterThanOrEqual(within(900).length);
        expect(window.total(now)).toBeLessThanOrEqual(within(1_000).length);
        const marked = window.marked(now);
        expect(marked).toBeGreaterThanOrEqual(within(900).filter((each) => each.isMarked).length);
        expect(marked).toBeLessThanOrEqual(within(1_000).filter((each) => each.isMarked).length);
      }
    }),
  );
});

test("an instant older than the latest counts as the latest", () => {
  const window = new SlidingWindow(1_000);
  window.add(5_000);
  window.add(10);
  expect(window.total(5_000)).toBe(2);
});
