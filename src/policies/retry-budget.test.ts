import fc from "fast-check";
import { expect, test } from "vitest";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { RetryBudget, retryBudgetSetting } from "./retry-budget.ts";

const standard = retryBudgetSetting.parse(undefined) as { ratio: number; minPerSecond: number };

function withdrawAll(budget: RetryBudget, now: number): number {
  let taken = 0;
  while (budget.withdraw(now)) taken++;
  return taken;
}

test("without settings a fifth of the calls may be repeated, and ten a second beside", () => {
  expect(standard).toEqual({ ratio: 0.2, minPerSecond: 10 });
  expect(retryBudgetSetting.parse(false)).toBe(false);
});

test("the floor is there before the first call, and comes back as time passes", () => {
  const budget = new RetryBudget({ ratio: 0.2, minPerSecond: 2 });
  expect(withdrawAll(budget, 0)).toBe(20);
  expect(budget.withdraw(9_999)).toBe(false);
  expect(withdrawAll(budget, 11_200)).toBe(20);
});

test("every call that passes adds its share, once however often it is tried", async () => {
  const clock = fakeClock();
  const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0 });
  let passed = 0;
  const send = budget.policy(async () => ++passed);
  expect(budget.withdraw(clock.now())).toBe(false);
  for (let i = 0; i < 10; i++) await send(makeCall({ clock }));
  expect(passed).toBe(10);
  expect(withdrawAll(budget, clock.now())).toBe(5);
});

test("a call whose first try fails earns nothing", async () => {
  const clock = fakeClock();
  const budget = new RetryBudget({ ratio: 0.5, minPerSecond: 0 });
  const send = budget.policy(async () => 1);
  for (let i = 0; i < 10; i++) await send(makeCall({ clock }));
  for (let i = 0; i < 4; i++) budget.forfeit(clock.now());
  expect(withdrawAll(budget, clock.now())).toBe(3);
  for (let i = 0; i < 20; i++) budget.forfeit(clock.now());
  expect(budget.withdraw(clock.now())).toBe(false);
});

test("no repeat is granted beyond the share of the calls and the floor, counted over the last ten seconds", () => {
  const steps = fc.array(
    fc.record({ after: fc.integer({ min: 0, max: 2_000 }), calls: fc.integer({ min: 0, max: 20 }), wants: fc.nat(20) }),
  );
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 3 }), (rounds, minPerSecond) => {
      const budget = new RetryBudget({ ratio: 0.2, minPerSecond });
      const send = budget.policy(() => Promise.resolve());
      const calls: number[] = [];
      const repeats: number[] = [];
      let now = 0;
      const within = (times: readonly number[], ms: number) => times.filter((at) => at > now - ms).length;
      for (const { after, calls: more, wants } of rounds) {
        now += after;
        for (let i = 0; i < more; i++) {
          void send(makeCall({ clock: { ...fakeClock(), now: () => now } }));
          calls.push(now);
        }
        const granted = Array.from({ length: wants }).filter(() => budget.withdraw(now)).length;
        repeats.push(...Array.from({ length: granted }, () => now));
        if (granted > 0)
          expect(within(repeats, 10_000)).toBeLessThanOrEqual(within(calls, 10_000) * 0.2 + minPerSecond * 10);
      }
    }),
  );
});
