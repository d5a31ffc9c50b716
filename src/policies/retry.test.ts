import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { Call } from "../core/call.ts";
import { ConnectorError, type Kind, type Outcome } from "../core/errors.ts";
import type { Effect } from "../core/operation.ts";
import { compose, type Next } from "../core/policy.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, fail, hang, raise, scriptedHandler, type Step } from "../testkit/scripted-handler.ts";
import { circuitBreaker, circuitBreakerSetting } from "./circuit-breaker.ts";
import { Circuit } from "./circuit.ts";
import { rateLimit } from "./rate-limit.ts";
import { RetryBudget } from "./retry-budget.ts";
import { retry, retryAttempts, retrySetting, type RetrySettings } from "./retry.ts";

let clock: FakeClock;
beforeEach(() => {
  clock = fakeClock();
});

const around = (next: Next, settings: Partial<RetrySettings> = {}, random = () => 1): Next =>
  retry({ attempts: 3, delay: 100, maxDelay: 1_000, ...settings }, { clock, random })!(next);
/** Answer or error of a call, with time moved on until it is there. */
async function outcomeOf(running: Promise<unknown>): Promise<unknown> {
  let settled: { value: unknown } | undefined;
  running.then(
    (value) => (settled = { value }),
    (error: unknown) => (settled = { value: error }),
  );
  for (let i = 0; i < 100 && settled === undefined; i++) await clock.advance(10_000);
  if (settled === undefined) throw new Error("The call hangs");
  return settled.value;
}
const lost = (): Step => fail("connection_lost", "reset");

describe("a call that fails", () => {
  test("is repeated until it succeeds", async () => {
    using system = scriptedHandler([fail("unavailable"), fail("rate_limited"), answer("ada")]);
    const call = makeCall();
    expect(await outcomeOf(around(system.next)(call))).toBe("ada");
    expect(system.seen.map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
    expect([call.record.attempts, clock.pending]).toEqual([3, 0]);
  });

  test("at the first try costs no wait and no timer", async () => {
    using system = scriptedHandler([answer(1)]);
    expect(await around(system.next)(makeCall())).toBe(1);
    expect(clock.pending).toBe(0);
  });

  test("as often as tries are allowed says so, and keeps the last error as its cause", async () => {
    using system = scriptedHandler([
      fail("unavailable", "first"),
      fail("timeout", "second"),
      fail("unavailable", "third", { status: 503, code: "X", hint: "Wait.", retryAfterMs: 7 }),
    ]);
    const error = await outcomeOf(around(system.next)(makeCall()));
    expect(error).toBeInstanceOf(ConnectorError);
    expect(error).toMatchObject({
      kind: "unavailable",
      message: "Operation failed after 3 attempts: third",
      attempts: 3,
      exhausted: true,
      by: "retry",
      status: 503,
      code: "X",
      hint: "Wait.",
      retryAfterMs: 7,
      cause: { message: "third", exhausted: false },
    });
  });

  test("in a way that no repeat can help fails as it is, with the number of its tries", async () => {
    using system = scriptedHandler([fail("unavailable"), fail("not_found", "no such row")]);
    const error = await outcomeOf(around(system.next)(makeCall()));
    expect(error).toMatchObject({ kind: "not_found", message: "no such row", attempts: 2, exhausted: false });
  });

  test("is not repeated where one try is all that is allowed: the policy is off", () => {
    expect(retry({ attempts: 1, delay: 1, maxDelay: 1 }, { clock, random: Math.random })).toBeUndefined();
  });

  test("trap 2: with the caller's own mistake is not repeated", async () => {
    for (const kind of ["input_invalid", "not_found", "conflict", "permission_denied", "unauthenticated"] as const) {
      using system = scriptedHandler([fail(kind)]);
      expect(await outcomeOf(around(system.next)(makeCall()))).toMatchObject({ kind });
    }
  });

  test("keeps the number of tries that its error brings from elsewhere", async () => {
    using system = scriptedHandler([fail("not_found", "x", { attempts: 7 })]);
    expect(await outcomeOf(around(system.next)(makeCall()))).toMatchObject({ attempts: 7 });
  });

  test("with what is no ConnectorError is not repeated", async () => {
    let calls = 0;
    const next = (): Promise<never> => Promise.reject(new TypeError(`bug ${++calls}`));
    expect(await outcomeOf(around(next)(makeCall()))).toMatchObject({ message: "bug 1" });
  });

  test("and was left exhausted by an inner retry is not multiplied by an outer one", async () => {
    using system = scriptedHandler([fail("unavailable"), fail("unavailable")]);
    const inner = around(system.next, { attempts: 2 });
    const outer = around(inner, { attempts: 5 });
    expect(await outcomeOf(outer(makeCall()))).toMatchObject({ attempts: 2, exhausted: true });
  });
});

describe("what may be repeated", () => {
  const effects: readonly Effect[] = ["read", "idempotent", "keyed", "unsafe", "unknown"];
  const unknownOutcome: readonly Kind[] = ["connection_lost", "timeout", "unavailable"];

  test.each(unknownOutcome.flatMap((kind) => effects.map((effect) => [kind, effect] as const)))(
    "after %s of effect %s, without the system's help",
    async (kind, effect) => {
      const isRepeated = effect === "read" || effect === "idempotent" || effect === "keyed";
      using system = scriptedHandler(isRepeated ? [fail(kind), answer(1)] : [fail(kind)]);
      const result = await outcomeOf(around(system.next)(makeCall({ effect })));
      if (isRepeated) expect(result).toBe(1);
      else expect(result).toMatchObject({ kind, outcome: "unknown", attempts: 1, exhausted: false });
    },
  );

  test("is an unsafe call that certainly had no effect: refused connection, rate limit, lost race", async () => {
    using system = scriptedHandler([
      fail("unavailable", "refused", { outcome: "none" }),
      fail("rate_limited"),
      fail("contention"),
      answer(1),
    ]);
    expect(await outcomeOf(around(system.next, { attempts: 4 })(makeCall({ effect: "unsafe" })))).toBe(1);
  });

  test("trap 1: is not an unsafe call with an ambiguous network error: never a second order", async () => {
    using system = scriptedHandler([lost()]);
    const error = await outcomeOf(around(system.next)(makeCall({ effect: "unsafe" })));
    expect(error).toMatchObject({ kind: "connection_lost", outcome: "unknown", attempts: 1 });
  });

  test("keeps its idempotency key over all tries", async () => {
    using system = scriptedHandler([lost(), lost(), answer(1)]);
    await outcomeOf(around(system.next)(makeCall({ effect: "keyed" })));
    expect(new Set(system.seen.map(({ call }) => call.idempotencyKey)).size).toBe(1);
  });

  test("stays in doubt: a later failure without effect does not make certain what an earlier try left open", async () => {
    for (const last of [fail("conflict", "taken"), fail("unavailable", "refused", { outcome: "none" })]) {
      using system = scriptedHandler([lost(), last]);
      const call = makeCall({ effect: "idempotent" });
      const error = await outcomeOf(around(system.next, { attempts: 2 })(call));
      expect(error).toMatchObject({ outcome: "unknown", attempts: 2 });
    }
  });
});

describe("a call of unknown effect", () => {
  const call = (): Call => makeCall({ effect: "unknown" });

  test("is repeated after an unknown outcome only read-only, and a true read succeeds", async () => {
    using system = scriptedHandler([lost(), lost(), answer("rows")], { provable: true });
    expect(await outcomeOf(around(system.next)(call()))).toBe("rows");
    expect(system.seen.map(({ readOnly }) => readOnly)).toEqual([false, true, true]);
    expect(system.seen.map(({ call: each }) => each.readOnly)).toEqual([false, true, true]);
  });

  test("is repeated as it is where the first try certainly had no effect", async () => {
    using system = scriptedHandler([fail("contention"), answer(1)], { provable: true });
    expect(await outcomeOf(around(system.next)(call()))).toBe(1);
    expect(system.seen.map(({ readOnly }) => readOnly)).toEqual([false, false]);
  });

  test.each(["permission_denied", "unsupported"] as const)(
    "that turns out to write (%s) ends with the first failure and its unknown outcome",
    async (kind) => {
      using system = scriptedHandler([lost(), fail(kind, "read-only transaction")], { provable: true });
      const error = await outcomeOf(around(system.next)(call()));
      expect(error).toMatchObject({ kind: "connection_lost", message: "reset", outcome: "unknown", attempts: 2 });
    },
  );

  test("that turns out to write after several lost repeats ends with the first failure, which is the write's", async () => {
    const refused = fail("permission_denied", "read-only transaction");
    using system = scriptedHandler([fail("timeout", "the write"), lost(), refused], { provable: true });
    const error = await outcomeOf(around(system.next)(call()));
    expect(error).toMatchObject({ message: "the write", outcome: "unknown", attempts: 3 });
  });

  test("is not repeated where the system cannot refuse writes", async () => {
    using system = scriptedHandler([lost()]);
    expect(await outcomeOf(around(system.next)(call()))).toMatchObject({ outcome: "unknown", attempts: 1 });
  });

  test("stays read-only once it is, though the next failure had no effect", async () => {
    using system = scriptedHandler([lost(), fail("contention"), answer(1)], { provable: true });
    expect(await outcomeOf(around(system.next)(call()))).toBe(1);
    expect(system.seen.map(({ readOnly }) => readOnly)).toEqual([false, true, true]);
  });

  test("ends with an unknown outcome whatever ends it", async () => {
    for (const last of [fail("not_found"), fail("internal"), lost(), fail("unavailable", "x", { outcome: "none" })]) {
      using system = scriptedHandler([lost(), last], { provable: true });
      const error = await outcomeOf(around(system.next, { attempts: 2 })(call()));
      expect(error).toMatchObject({ outcome: "unknown", attempts: 2 });
    }
  });
});

describe("the wait before a repeat", () => {
  const waitsOf = async (random: () => number, settings: Partial<RetrySettings>, steps: readonly Step[]) => {
    using system = scriptedHandler([...steps, answer(1)]);
    const at: number[] = [];
    const timed: Next = (call) => {
      at.push(clock.now());
      return system.next(call);
    };
    const call = makeCall();
    await outcomeOf(around(timed, { attempts: steps.length + 1, ...settings }, random)(call));
    const waits = at.slice(1).map((instant, i) => instant - at[i]!);
    expect(call.record.waitMs).toBe(waits.reduce((sum, wait) => sum + wait, 0));
    return waits;
  };
  const failures = (n: number): Step[] => Array.from({ length: n }, () => fail("unavailable"));

  test("is random between 0 and a ceiling that doubles with every try, up to the longest", async () => {
    expect(await waitsOf(() => 1, {}, failures(6))).toEqual([100, 200, 400, 800, 1_000, 1_000]);
    expect(await waitsOf(() => 0.5, {}, failures(6))).toEqual([50, 100, 200, 400, 500, 500]);
    expect(await waitsOf(() => 0, {}, failures(3))).toEqual([0, 0, 0]);
  });

  test("is spread evenly over the whole range (full jitter)", async () => {
    await fc.assert(
      fc.asyncProperty(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), async (draw) => {
        const [wait] = await waitsOf(() => draw, {}, failures(1));
        expect(wait).toBeCloseTo(draw * 100, 6);
      }),
      { numRuns: 50 },
    );
  });

  test("is never shorter than the system asked for", async () => {
    expect(await waitsOf(() => 0, {}, [fail("rate_limited", "x", { retryAfterMs: 5_000 })])).toEqual([5_000]);
    expect(await waitsOf(() => 1, {}, [fail("unavailable", "x", { retryAfterMs: 5 })])).toEqual([100]);
    expect(await waitsOf(() => 1, { maxDelay: 10 }, [fail("unavailable", "x", { retryAfterMs: 90_000 })])).toEqual([
      90_000,
    ]);
  });

  test("keeps its bounds after very many tries", async () => {
    expect(Math.max(...(await waitsOf(() => 1, {}, failures(99))))).toBe(1_000);
  });

  test("that would outlast the deadline is not begun: the call fails at once and says why", async () => {
    using system = scriptedHandler([fail("unavailable", "down")]);
    const call = makeCall();
    call.deadlineAt = clock.now() + 100;
    await expect(around(system.next)(call)).rejects.toMatchObject({
      kind: "unavailable",
      message:
        "Operation failed after 1 attempt: down; the next try asks for a wait of 100 ms, which would outlast the call's timeout",
      retryAfterMs: 100,
      attempts: 1,
      exhausted: true,
    });
    expect(clock.pending).toBe(0);
  });

  test("is the retry's own where the policy that ended the try asked for none", async () => {
    using system = scriptedHandler([fail("timeout", "No answer to try 1", { by: "attempt timeout" })]);
    const call = makeCall();
    call.deadlineAt = clock.now() + 100;
    await expect(around(system.next)(call)).rejects.toThrow(
      "No answer to try 1; the next try asks for a wait of 100 ms",
    );
  });

  test("that the system asks for and that would outlast the deadline is told as the system's", async () => {
    using system = scriptedHandler([fail("rate_limited", "slow down", { retryAfterMs: 60_000 })]);
    const call = makeCall();
    call.deadlineAt = clock.now() + 30_000;
    await expect(around(system.next)(call)).rejects.toMatchObject({
      kind: "rate_limited",
      message:
        "Operation failed after 1 attempt: slow down; the system asks for a wait of 60000 ms, which would outlast the call's timeout",
      retryAfterMs: 60_000,
    });
  });

  test("trap 4: ends at once when the call is cancelled, and no further try is made", async () => {
    const controller = new AbortController();
    using system = scriptedHandler([fail("unavailable")]);
    const call = makeCall({ signal: controller.signal });
    const running = around(system.next)(call).catch((error: unknown) => error);
    await clock.advance(40);
    expect([clock.pending, call.record.stage]).toEqual([1, "waiting to retry"]);
    controller.abort();
    expect(await running).toMatchObject({
      kind: "cancelled",
      message: "Cancelled by the caller while waiting to retry",
    });
    expect([clock.pending, call.record.waitMs]).toEqual([0, 40]);
    await clock.advance(1_000);
  });
});

describe("a cancelled call", () => {
  test("is not repeated, and fails with the reason of its cancellation", async () => {
    using system = scriptedHandler([hang()]);
    const call = makeCall();
    const running = around(system.next)(call).catch((error: unknown) => error);
    await clock.settle();
    const reason = new ConnectorError("timeout", "too slow");
    call.cancel(reason);
    expect(await running).toBe(reason);
  });

  test("that fails by itself at the same time fails with the cancellation", async () => {
    using system = scriptedHandler([
      (call) => {
        call.cancel(new ConnectorError("cancelled", "enough"));
        throw new ConnectorError("unavailable", "down");
      },
    ]);
    expect(await outcomeOf(around(system.next)(makeCall()))).toMatchObject({ message: "enough" });
  });
});

describe("a policy below that refuses a try", () => {
  const limited = (next: Next): Next =>
    compose(
      [
        retry({ attempts: 3, delay: 100, maxDelay: 1_000 }, { clock, random: () => 0 }),
        rateLimit({ requests: 1, window: 1_000 }, clock),
      ],
      next,
    );

  test("is not counted as a try, and says itself what is wrong where none was made", async () => {
    using system = scriptedHandler([answer(1)]);
    const next = limited(system.next);
    await next(makeCall());
    const call = makeCall();
    call.deadlineAt = clock.now() + 500;
    await expect(next(call)).rejects.toMatchObject({
      kind: "rate_limited",
      message: "The rate limit asks for a wait of 1000 ms, which would outlast the call's timeout",
      by: "rate limit",
      attempts: 0,
    });
  });

  test("does not hide the failure of the system that made the further try necessary", async () => {
    using system = scriptedHandler([fail("unavailable", "down")]);
    const call = makeCall();
    call.deadlineAt = clock.now() + 500;
    expect(await outcomeOf(limited(system.next)(call))).toMatchObject({
      kind: "unavailable",
      message:
        "Operation failed after 1 attempt: down; the rate limit asks for a wait of 1000 ms, which would outlast the call's timeout",
      attempts: 1,
      retryAfterMs: 1_000,
    });
  });

  test("for ever does not make the call repeat for ever", async () => {
    let passes = 0;
    const next: Next = () => {
      passes++;
      return Promise.reject(new ConnectorError("circuit_open", "spared", { by: "circuit breaker", outcome: "none" }));
    };
    expect(await outcomeOf(around(next)(makeCall()))).toMatchObject({ kind: "circuit_open", message: "spared" });
    expect(passes).toBe(1);
    const patient = around(next, { on: [{ kind: "circuit_open" }] });
    expect(await outcomeOf(patient(makeCall()))).toMatchObject({ kind: "circuit_open", message: "spared" });
    expect(passes).toBe(4);
  });

  test("between two tries leaves it to the failure before to say what is wrong", async () => {
    using system = scriptedHandler([fail("unavailable", "down")]);
    const circuit = new Circuit(circuitBreakerSetting.parse({ failures: 1, openFor: 5_000 }), {
      clock,
      onState: () => {},
    });
    const next = around(circuitBreaker(circuit, 0)!(system.next), { delay: 0 });
    expect(await outcomeOf(next(makeCall()))).toMatchObject({
      kind: "unavailable",
      message: "Operation failed after 1 attempt: down; the system is being spared: it failed too often",
      retryAfterMs: 5_000,
    });
  });
});

describe("the budget", () => {
  const budgeted = (next: Next, budget: RetryBudget): Next =>
    compose([budget.policy, retry({ attempts: 3, delay: 0, maxDelay: 0 }, { clock, random: () => 0, budget })], next);

  test("ends a call at once where it is spent, and says so", async () => {
    using system = scriptedHandler([
      fail("unavailable", "down"),
      fail("unavailable", "down"),
      fail("unavailable", "down"),
    ]);
    const next = budgeted(system.next, new RetryBudget({ ratio: 0, minPerSecond: 0.1 }));
    const run = async (): Promise<unknown> => {
      const failed = next(makeCall({ clock })).catch((error: unknown) => error);
      await clock.advance(10);
      return failed;
    };
    const spent = { kind: "unavailable", exhausted: true, by: "retry" };
    const message = "Operation failed after 2 attempts: down; the retry budget is spent";
    expect(await run()).toMatchObject({ ...spent, message });
    expect(await run()).toMatchObject({ ...spent, message: message.replace("2 attempts", "1 attempt") });
  });

  test("is not asked where nothing would be repeated anyway", async () => {
    using system = scriptedHandler([fail("not_found"), fail("rate_limited", "slow", { retryAfterMs: 9_000 })]);
    const budget = new RetryBudget({ ratio: 0, minPerSecond: 0.1 });
    const next = budgeted(system.next, budget);
    await outcomeOf(next(makeCall({ clock })));
    const call = makeCall({ clock });
    call.deadlineAt = clock.now() + 1_000;
    await outcomeOf(next(call));
    expect(budget.withdraw(clock.now())).toBe(true);
  });

  test.each([
    { wellFor: 0, failsFor: 10_000 },
    { wellFor: 10_000, failsFor: 10_000 },
    { wellFor: 10_000, failsFor: 12_500 },
    { wellFor: 10_000, failsFor: 22_500 },
  ])("keeps a system that was well for $wellFor ms and fails for $failsFor ms from a storm", async (course) => {
    let tries = 0;
    const isWell = (): boolean => clock.now() - startedAt < course.wellFor;
    const system: Next = (call) => {
      call.record.attempts++;
      if (isWell()) return Promise.resolve();
      tries++;
      return Promise.reject(new ConnectorError("unavailable", "down"));
    };
    const next = budgeted(system, new RetryBudget({ ratio: 0.2, minPerSecond: 10 }));
    const startedAt = clock.now();
    const failed: Promise<unknown>[] = [];
    for (let at = 0; at < course.wellFor + course.failsFor; at += 5) {
      const isMeant = !isWell();
      const result = next(makeCall({ clock })).catch(() => {});
      if (isMeant) failed.push(result);
      await clock.advance(5);
    }
    await Promise.all(failed);
    expect(failed.length).toBe(course.failsFor / 5);
    expect(tries / failed.length).toBeLessThanOrEqual(1.3);
  });

  test("earns nothing from a call that the system fails, and its share from one that it refuses", async () => {
    using system = scriptedHandler([fail("not_found"), fail("unavailable", "down"), fail("unavailable", "down")]);
    const budget = new RetryBudget({ ratio: 1, minPerSecond: 0 });
    const next = budgeted(system.next, budget);
    const send = async (): Promise<unknown> => {
      const failed = next(makeCall({ clock })).catch((error: unknown) => error);
      await clock.advance(1);
      return failed;
    };
    expect(await send()).toMatchObject({ kind: "not_found" });
    // The refused call has paid for one repeat, and nothing for another.
    expect(await send()).toMatchObject({
      attempts: 2,
      message: expect.stringContaining("budget is spent") as string,
    });
  });
});

test("the user's rules add what is repeated, and take away", async () => {
  const rules = { on: [{ status: 409 }], never: [{ code: "E1" }] };
  const conflict = fail("conflict", "busy", { status: 409 });
  using system = scriptedHandler([conflict, answer(1), fail("unavailable", "down", { code: "E1" })]);
  expect(await outcomeOf(around(system.next, rules)(makeCall()))).toBe(1);
  expect(await outcomeOf(around(system.next, rules)(makeCall()))).toMatchObject({ kind: "unavailable", attempts: 1 });
});

test("tries of another scope of the same call count as well", async () => {
  using system = scriptedHandler([fail("unavailable")]);
  const call = makeCall();
  call.record.attempts = 2;
  expect(await outcomeOf(around(system.next)(call.fork()))).toMatchObject({ exhausted: true, attempts: 3 });
});

describe("for any script of failures", () => {
  const kinds: readonly Kind[] = [
    "unavailable",
    "connection_lost",
    "timeout",
    "rate_limited",
    "contention",
    "conflict",
    "internal",
  ];
  const step = fc.record({
    kind: fc.constantFrom(...kinds),
    outcome: fc.constantFrom<Outcome | undefined>(undefined, "none", "unknown"),
    // Whether a try with an open outcome was carried out; nobody but the system knows.
    isDone: fc.boolean(),
    thrown: fc.constantFrom("connector", "driver"),
  });
  const script = fc.record({
    steps: fc.array(step, { maxLength: 8 }),
    attempts: fc.integer({ min: 2, max: 6 }),
    effect: fc.constantFrom<Effect>("unsafe", "unknown"),
    writes: fc.boolean(),
    provable: fc.boolean(),
  });

  test("tries stay within `attempts`, nothing is done twice, and what is said of the effect is true", async () => {
    await fc.assert(
      fc.asyncProperty(script, async ({ steps, attempts, effect, writes, provable }) => {
        clock = fakeClock();
        let done = 0;
        let tries = 0;
        const play: Step = (call) => {
          const each = steps[tries++];
          if (call.readOnly && (writes || effect === "unsafe"))
            throw new ConnectorError("permission_denied", "read-only");
          const isWrite = !call.readOnly && (writes || effect === "unsafe");
          if (each === undefined) {
            if (isWrite) done++;
            return "done";
          }
          const { kind, outcome, isDone, thrown } = each;
          if (thrown === "driver") {
            if (isWrite && isDone) done++;
            throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
          }
          const error = new ConnectorError(kind, "failed", { outcome });
          const isOpen =
            (outcome ?? (["rate_limited", "contention", "conflict"].includes(kind) ? "none" : "unknown")) === "unknown";
          if (isWrite && isDone && isOpen) done++;
          throw error;
        };
        const system = scriptedHandler(
          Array.from({ length: 20 }, () => play),
          { provable },
        );
        const call = makeCall({ effect });
        const result = await outcomeOf(around(system.next, { attempts }, () => 0)(call));
        const isWriting = writes || effect === "unsafe";
        expect(tries).toBeLessThanOrEqual(attempts);
        expect(call.record.attempts).toBe(tries);
        expect(done).toBeLessThanOrEqual(1);
        if (result === "done") expect(done).toBe(isWriting && !system.seen.at(-1)!.readOnly ? 1 : 0);
        else if ((result as ConnectorError).outcome === "none") expect(done).toBe(0);
        else expect((result as ConnectorError).outcome).toBe("unknown");
        expect(clock.pending).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe("the settings", () => {
  test("have the defaults that are promised", () => {
    expect(retrySetting.parse(undefined)).toEqual({
      delay: 200,
      maxDelay: 10_000,
      budget: { ratio: 0.2, minPerSecond: 10 },
      on: [],
      never: [],
    });
    expect(retryAttempts({ retry: {} })).toBe(3);
    expect(retryAttempts({ retryAttempts: 5, retry: {} })).toBe(5);
    expect(retryAttempts({ retry: { attempts: 7 } })).toBe(7);
    expect(retrySetting.parse({ delay: "1s", maxDelay: "1m" })).toMatchObject({ delay: 1_000, maxDelay: 60_000 });
  });

  test.each([{ attempts: 0 }, { attempts: 101 }, { attempts: 1.5 }, { delay: -1 }, { delays: 1 }])(
    "refuse %j",
    (wrong) => {
      expect(retrySetting.safeParse(wrong).success).toBe(false);
    },
  );
});

test("what a driver throws is classified before it is judged", async () => {
  const classify = (): Kind => "contention";
  using system = scriptedHandler([raise(new Error("40001")), answer(1)], { classify });
  expect(await outcomeOf(around(system.next)(makeCall({ effect: "unsafe" })))).toBe(1);
});
