/** What holds for a whole pipeline whatever the settings, the system and the callers do. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ConnectorError, type Kind } from "../core/errors.ts";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { delay, scriptedHandler, type Step } from "../testkit/scripted-handler.ts";
import { buildPipeline, policySettings, type PolicySettingsInput } from "./pipeline.ts";

const settings: fc.Arbitrary<PolicySettingsInput> = fc.record(
  {
    timeout: fc.constantFrom(50, 300, 1_000),
    attemptTimeout: fc.constantFrom(0, 40, 400),
    retry: fc.record({ attempts: fc.integer({ min: 1, max: 5 }), delay: fc.constantFrom(0, 20, 200) }),
    concurrency: fc.constantFrom(1, 3, "auto" as const),
    rateLimit: fc.constantFrom("learned" as const, { requests: 2, window: 100 }, { requests: 1, window: 500 }),
    circuitBreaker: fc.constantFrom(true as const, { failures: 2, openFor: 50 }),
    hedge: fc.record({ delay: fc.constantFrom(5, 60) }),
    cache: fc.constant({ operations: { get: { ttl: 30, staleWhileRevalidate: 50, staleIfError: 100 } } }),
  },
  { requiredKeys: ["timeout", "retry"] },
);

const course = fc.record({
  at: fc.integer({ min: 0, max: 400 }),
  name: fc.constantFrom("get", "put"),
  id: fc.integer({ min: 0, max: 1 }),
  timeoutMs: fc.option(fc.constantFrom(10, 200, 2_000), { nil: undefined, freq: 1 }),
  abortAfter: fc.option(fc.integer({ min: 0, max: 300 }), { nil: undefined, freq: 1 }),
});

/** What the system does with one try. */
const work = fc.record({
  takes: fc.constantFrom(0, 1, 30, 500, 5_000),
  isDeaf: fc.boolean(),
  kind: fc.option(fc.constantFrom<Kind>("unavailable", "timeout", "rate_limited", "conflict", "internal"), {
    nil: undefined,
    freq: 2,
  }),
  retryAfterMs: fc.option(fc.constantFrom(10, 5_000), { nil: undefined, freq: 1 }),
});

test("a call ends once, by its deadline and within its tries, and leaves neither a place nor a timer behind", async () => {
  await fc.assert(
    fc.asyncProperty(
      settings,
      fc.array(course, { minLength: 1, maxLength: 12 }),
      fc.array(work, { minLength: 1, maxLength: 12 }),
      fc.infiniteStream(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })),
      async (given, courses, works, draws) => {
        const clock = fakeClock();
        const policies = policySettings.parse(given);
        let asked = 0;
        const step: Step = (call) => {
          const { takes, isDeaf, kind, retryAfterMs } = works[asked++ % works.length]!;
          const end: Step = () => {
            if (kind !== undefined) throw new ConnectorError(kind, "failed", { retryAfterMs });
            return "done";
          };
          return delay(clock, takes, end, { deaf: isDeaf })(call);
        };
        const system = scriptedHandler(Array.from({ length: 500 }, () => step));
        const random = (): number => draws.next().value as number;
        const { send } = buildPipeline(policies, { clock, random }, system.next);
        const beganAt = clock.now();
        const late: string[] = [];
        let ended = 0;
        for (const each of courses.toSorted((a, b) => a.at - b.at)) {
          await clock.advance(Math.max(0, beganAt + each.at - clock.now()));
          const abort = new AbortController();
          const effect = each.name === "get" ? "read" : "unsafe";
          const { name, timeoutMs } = each;
          const call = makeCall({ name, effect, input: { id: each.id }, timeoutMs, signal: abort.signal, clock });
          const limitMs = timeoutMs ?? policies.timeout;
          const startedAt = clock.now();
          const over = (): void => {
            ended++;
            const tookMs = clock.now() - startedAt;
            // The clock turns by whole events, so that there is no resolution to allow for.
            if (tookMs > limitMs) late.push(`${tookMs} ms instead of ${limitMs}`);
            if (each.abortAfter !== undefined && tookMs > each.abortAfter) late.push(`${tookMs} ms, though aborted`);
            const most = (given.retry?.attempts ?? 3) + (given.hedge === undefined ? 0 : 1);
            if (call.record.attempts > most) late.push(`${call.record.attempts} tries instead of ${most}`);
          };
          send(call).then(over, over);
          if (each.abortAfter !== undefined) clock.after(each.abortAfter, () => abort.abort());
        }
        // A deaf system may work on for a while; nobody waits for it.
        await clock.advance(60_000);
        expect(late).toEqual([]);
        expect(ended).toBe(courses.length);
        expect(clock.pending).toBe(0);
        // All places have been given back.
        works.splice(0, Infinity, { takes: 0, isDeaf: false, kind: undefined, retryAfterMs: undefined });
        for (let id = 0; id < 3; id++) {
          const call = makeCall({ name: "put", effect: "unsafe", input: { id }, clock });
          const result = send(call).catch((error: unknown) => error);
          await clock.advance(2_000);
          expect(await result).toBe("done");
        }
      },
    ),
    { numRuns: 300 },
  );
});
