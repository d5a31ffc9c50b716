import fc from "fast-check";
import { beforeEach, expect, test } from "vitest";
import { ConnectorError } from "../core/errors.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { RateKeys } from "./rate-keys.ts";
import { rateLimit, type RateLimitSettings } from "./rate-limit.ts";

let clock: FakeClock;
let start: number;
beforeEach(() => {
  clock = fakeClock();
  start = clock.now();
});

function keyed(settings: Partial<RateLimitSettings> = {}, fails?: ConnectorError) {
  const left: { readonly input: unknown; readonly at: number }[] = [];
  const rate = { requests: 1, window: 100, key: "input.tenant", ...settings };
  const next = rateLimit(rate, clock)!((call) => {
    left.push({ input: call.input, at: clock.now() - start });
    return fails !== undefined && left.length === 1 ? Promise.reject(fails) : Promise.resolve();
  });
  const send = (input: unknown) => void next(makeCall({ input })).catch(() => {});
  return { left, send };
}

test("each key has a rate of its own", async () => {
  const { left, send } = keyed();
  for (const tenant of ["a", "a", "b"]) send({ tenant });
  await clock.advance(1_000);
  expect(left).toEqual([
    { input: { tenant: "a" }, at: 0 },
    { input: { tenant: "b" }, at: 0 },
    { input: { tenant: "a" }, at: 100 },
  ]);
});

test("the key may stand deeper, and be anything; calls without one share a rate", async () => {
  const { left, send } = keyed({ key: "input.user.id" });
  const inputs = [{ user: { id: 1 } }, { user: { id: [1] } }, {}, null, "text", { user: { id: 1 } }];
  for (const input of inputs) send(input);
  await clock.advance(1_000);
  expect(left.map(({ at }) => at)).toEqual([0, 0, 0, 100, 100, 200]);
});

test("what the system says to one key holds back that key only", async () => {
  const { left, send } = keyed({}, new ConnectorError("rate_limited", "slow down", { retryAfterMs: 5_000 }));
  for (const tenant of ["a", "a", "b"]) send({ tenant });
  await clock.advance(10_000);
  expect(left.map(({ at }) => at)).toEqual([0, 0, 5_000]);
});

test("trap 9: keys that are not used any more are forgotten", async () => {
  const keys = new RateKeys("input.tenant", { requests: 1, window: 100 }, clock);
  for (let i = 0; i < 50_000; i++) {
    expect(keys.of(makeCall({ input: { tenant: `t${i}` } })).take(1)).toBe(true);
    if (i % 500 === 0) await clock.advance(100);
  }
  expect(keys.size).toBeLessThanOrEqual(2_000);
});

test("trap 9: beyond a hundred thousand used keys further ones share a rate, and the known ones keep theirs", () => {
  const keys = new RateKeys("input.tenant", { requests: 1, window: 1e9 }, clock);
  const take = (tenant: string) => keys.of(makeCall({ input: { tenant } })).take(1);
  for (let i = 0; i < 100_000; i++) expect(take(`t${i}`)).toBe(true);
  expect([take("x"), take("y"), take("t5")]).toEqual([true, false, false]);
  expect(keys.size).toBe(100_000);
});

test("for any arrivals no key sees more than its burst and rate", async () => {
  const rate = fc.record({ requests: fc.integer({ min: 1, max: 5 }), window: fc.integer({ min: 1, max: 2_000 }) });
  const arrival = fc.record({ tenant: fc.constantFrom("a", "b", undefined), after: fc.integer({ min: 0, max: 200 }) });
  await fc.assert(
    fc.asyncProperty(rate, fc.array(arrival, { maxLength: 40 }), async ({ requests, window }, arrivals) => {
      clock = fakeClock();
      start = clock.now();
      const { left, send } = keyed({ requests, window });
      for (const { tenant, after } of arrivals) {
        await clock.advance(after);
        send({ tenant });
      }
      await clock.advance(100_000);
      expect([left.length, clock.pending]).toEqual([arrivals.length, 0]);
      for (const tenant of ["a", "b", undefined]) {
        const times = left.filter(({ input }) => (input as { tenant?: string }).tenant === tenant).map(({ at }) => at);
        for (const [i, at] of times.entries())
          // n calls after a full burst need at least (n - burst) intervals.
          expect(times.at(-1)! - at).toBeGreaterThanOrEqual((times.length - i - requests) * (window / requests) - 1e-6);
      }
    }),
    { numRuns: 100 },
  );
});
