import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Call } from "../core/call.ts";
import { ConnectorError, type Kind } from "../core/errors.ts";
import type { Next } from "../core/policy.ts";
import { guardReads } from "../core/reading.ts";
import { inBatches, type OpenedStream } from "../core/stream.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, fail, hang, scriptedHandler, type ScriptedHandler, type Step } from "../testkit/scripted-handler.ts";
import { circuitBreaker, circuitBreakerSetting } from "./circuit-breaker.ts";
import { Circuit, type CircuitState } from "./circuit.ts";

interface Bench {
  readonly clock: FakeClock;
  readonly circuit: Circuit;
  readonly states: CircuitState[];
  readonly send: (call?: Call) => Promise<unknown>;
  around(next: Next): (call?: Call) => Promise<unknown>;
}

function bench(settings: unknown, system?: ScriptedHandler, timeoutMs = 30_000): Bench {
  const clock = fakeClock();
  const states: CircuitState[] = [];
  const circuit = new Circuit(circuitBreakerSetting.parse(settings), { clock, onState: (state) => states.push(state) });
  const around = (next: Next) => {
    const run = circuitBreaker(circuit, timeoutMs)!(next);
    return (call = makeCall()) => run(call).catch((error: unknown) => error);
  };
  return { clock, circuit, states, around, send: around(system?.next ?? (() => Promise.resolve())) };
}

const times = (count: number, step: Step): Step[] => Array.from({ length: count }, () => step);
const refused = expect.objectContaining({ kind: "circuit_open", by: "circuit breaker", outcome: "none" });

describe("failures in a row", () => {
  test("open it; while it is open nothing reaches the system, and the refusal says when to come back", async () => {
    using system = scriptedHandler([...times(3, fail("unavailable"))]);
    const { send, states, clock } = bench({ failures: 3, openFor: 1_000 }, system);
    for (let i = 0; i < 3; i++) expect(await send()).toMatchObject({ kind: "unavailable" });
    await clock.advance(400);
    expect(await send()).toMatchObject({ kind: "circuit_open", retryAfterMs: 600, outcome: "none" });
    expect(states).toEqual(["open"]);
  });

  test("are forgotten after a success", async () => {
    using system = scriptedHandler([fail("timeout"), fail("timeout"), answer(1), fail("timeout"), fail("timeout")]);
    const { send, circuit } = bench({ failures: 3 }, system);
    for (let i = 0; i < 5; i++) await send();
    expect(circuit.state).toBe("closed");
  });

  test("are five where nothing is said, and not counted beside a failure rate unless both are given", async () => {
    const count = async (settings: unknown): Promise<CircuitState> => {
      const { around, circuit } = bench(settings);
      const send = around(() => Promise.reject(new ConnectorError("unavailable", "down")));
      for (let i = 0; i < 5; i++) await send();
      return circuit.state;
    };
    expect(await count(true)).toBe("open");
    expect(await count({})).toBe("open");
    expect(await count({ failures: 6 })).toBe("closed");
    expect(await count({ failureRate: 0.5 })).toBe("closed");
    expect(await count({ failureRate: 0.5, failures: 5 })).toBe("open");
  });
});

describe("the failure rate", () => {
  const settings = { failureRate: 0.5, minimumCalls: 4, window: 10_000 };

  test("opens it once the window holds enough tries", async () => {
    using system = scriptedHandler([answer(), fail("unavailable"), fail("unavailable"), fail("unavailable")]);
    const { send, states } = bench(settings, system);
    for (let i = 0; i < 3; i++) await send();
    expect(states).toEqual([]);
    await send();
    expect(states).toEqual(["open"]);
    expect(await send()).toEqual(refused);
  });

  test("forgets everything when it closes", async () => {
    const failing = times(4, fail("unavailable"));
    using system = scriptedHandler([...failing, answer(), ...times(3, fail("unavailable")), answer()]);
    const { send, circuit, clock } = bench({ ...settings, openFor: 100 }, system);
    for (let i = 0; i < 4; i++) await send();
    await clock.advance(100);
    for (let i = 0; i < 5; i++) await send();
    expect(circuit.state).toBe("closed");
  });

  test("forgets what has left the window", async () => {
    using system = scriptedHandler([...times(3, fail("unavailable")), ...times(3, answer()), fail("unavailable")]);
    const { send, states, clock } = bench(settings, system);
    for (let i = 0; i < 3; i++) await send();
    await clock.advance(10_000);
    for (let i = 0; i < 4; i++) await send();
    expect(states).toEqual([]);
  });
});

describe("half-open", () => {
  async function opened(steps: readonly Step[], settings: object = {}) {
    const system = scriptedHandler([fail("unavailable"), ...steps]);
    const made = bench({ failures: 1, openFor: 1_000, ...settings }, system);
    await made.send();
    await made.clock.advance(1_000);
    return { ...made, system };
  }

  test("one probe passes and closes it; others are refused meanwhile", async () => {
    let finish = (): void => {};
    const slow: Step = () => new Promise<void>((resolve) => (finish = resolve));
    const { send, states, system } = await opened([slow, answer(2)]);
    const probe = send();
    expect(await send()).toEqual(refused);
    finish();
    await probe;
    expect(await send()).toBe(2);
    expect(states).toEqual(["open", "half-open", "closed"]);
    system.verify();
  });

  test("a failed probe opens it for the whole time again", async () => {
    const { send, states, clock, system } = await opened([fail("connection_lost")]);
    expect(await send()).toMatchObject({ kind: "connection_lost" });
    expect(await send()).toMatchObject({ kind: "circuit_open", retryAfterMs: 1_000 });
    await clock.advance(999);
    expect(await send()).toMatchObject({ retryAfterMs: 1 });
    expect(states).toEqual(["open", "half-open", "open"]);
    system.verify();
  });

  test("as many successes as probes close it", async () => {
    const { send, circuit } = await opened([answer(), answer()], { probes: 2 });
    await send();
    expect(circuit.state).toBe("half-open");
    await send();
    expect(circuit.state).toBe("closed");
  });

  test("an answer that refuses the call is a sign of life", async () => {
    const { send, circuit } = await opened([fail("not_found")]);
    await send();
    expect(circuit.state).toBe("closed");
  });

  test("a probe that says nothing makes room for another", async () => {
    const busy = fail("rate_limited", "slow down", { status: 429 });
    const { send, circuit } = await opened([fail("internal"), busy, answer(3)]);
    await send();
    await send();
    expect(circuit.state).toBe("half-open");
    expect(await send()).toBe(3);
    expect(circuit.state).toBe("closed");
  });

  test("a cancelled probe makes room at once, even where the work underneath is deaf", async () => {
    const { send, circuit, clock } = await opened([hang({ deaf: true }), answer(4)]);
    const call = makeCall();
    void send(call);
    expect(await send()).toEqual(refused);
    call.cancel(new ConnectorError("cancelled", "enough"));
    await clock.settle();
    expect(await send()).toBe(4);
    expect(circuit.state).toBe("closed");
  });

  test("a probe that never ends keeps the others out no longer than an open circuit", async () => {
    const { send, clock, states } = await opened([hang({ deaf: true }), answer(5)]);
    void send();
    await clock.advance(999);
    expect(await send()).toMatchObject({ kind: "circuit_open", retryAfterMs: 1 });
    await clock.advance(1);
    expect(await send()).toBe(5);
    expect(states).toEqual(["open", "half-open", "closed"]);
  });

  test("what began before the circuit opened is not counted any more", async () => {
    let finish = (): void => {};
    const slow: Step = () => new Promise<void>((resolve) => (finish = resolve));
    using system = scriptedHandler([slow, fail("unavailable"), fail("internal")]);
    const { send, circuit, clock } = bench({ failures: 1, openFor: 1_000 }, system);
    const early = send();
    await send();
    await clock.advance(1_000);
    await send();
    expect(circuit.state).toBe("half-open");
    finish();
    await early;
    expect(circuit.state).toBe("half-open");
  });
});

describe("what counts", () => {
  const afterOne = async (error: ConnectorError, call?: Call, timeoutMs?: number): Promise<CircuitState> => {
    const { around, circuit } = bench({ failures: 1 }, undefined, timeoutMs);
    await around(() => Promise.reject(error))(call);
    return circuit.state;
  };

  test.each<Kind>(["unavailable", "connection_lost", "timeout"])("%s is a failure of the system", async (kind) => {
    expect(await afterOne(new ConnectorError(kind, "x"))).toBe("open");
  });

  test.each<Kind>([
    "config_invalid",
    "input_invalid",
    "unsupported",
    "not_connected",
    "unauthenticated",
    "permission_denied",
    "not_found",
    "conflict",
    "contention",
    "too_large",
    "rate_limited",
    "circuit_open",
    "cancelled",
    "internal",
  ])("%s is none", async (kind) => {
    expect(await afterOne(new ConnectorError(kind, "x"))).toBe("closed");
  });

  const expired = (stage: ConnectorError["stage"]): ConnectorError =>
    new ConnectorError("timeout", "late", { by: "deadline", stage });

  test("time spent at the system counts, time spent in a queue does not", async () => {
    for (const stage of ["running", "connecting", "authenticating", "reading"] as const)
      expect(await afterOne(expired(stage))).toBe("open");
    for (const stage of ["queued", "waiting for the rate limit", "waiting for a connection"] as const)
      expect(await afterOne(expired(stage))).toBe("closed");
  });

  test("an impatient caller's own limit does not count, unless it is as long as the connector's", async () => {
    const call = (timeoutMs: number): Call => makeCall({ timeoutMs });
    expect(await afterOne(expired("running"), call(50), 1_000)).toBe("closed");
    expect(await afterOne(expired("running"), call(1_000), 1_000)).toBe("open");
    expect(await afterOne(expired("running"), call(50), 0)).toBe("closed");
    const ofOneTry = new ConnectorError("timeout", "late", { by: "attempt timeout" });
    expect(await afterOne(ofOneTry, call(50), 1_000)).toBe("open");
  });

  test("a deaf system counts as soon as the deadline has passed", async () => {
    using system = scriptedHandler([hang({ deaf: true })]);
    const { send, circuit, clock } = bench({ failures: 1 }, system);
    const call = makeCall();
    void send(call);
    call.cancel(expired("running"));
    await clock.settle();
    expect(circuit.state).toBe("open");
  });
});

describe("a stream", () => {
  /** Opens a stream of three batches through the breaker; `end` says what comes after them. */
  const streams = (settings: unknown) => {
    const { around, circuit, clock } = bench(settings);
    const open = async (end: () => void, timeoutMs?: number) => {
      async function* source() {
        yield [1];
        yield [2];
        end();
      }
      using system = scriptedHandler([answer(inBatches(source()))]);
      const call = makeCall({ stream: true, timeoutMs });
      const opened = (await around(system.next)(call)) as OpenedStream<number>;
      return guardReads(opened, call, { clock, readLimitMs: 0, toError: (thrown) => thrown as ConnectorError });
    };
    return { open, circuit, clock, around };
  };
  const lost = (): never => {
    throw new ConnectorError("connection_lost", "gone");
  };
  const drain = async (stream: OpenedStream<number>): Promise<void> => {
    while ((await stream.next()) !== undefined);
  };

  test("that the system breaks off in the middle is a failure, however well it began", async () => {
    const { open, circuit } = streams({ failures: 2 });
    for (const state of ["closed", "open"]) {
      await expect(drain(await open(lost))).rejects.toThrow("gone");
      expect(circuit.state).toBe(state);
    }
  });

  test("is counted once, and as a success when it has been read out", async () => {
    const { open, circuit } = streams({ failures: 2 });
    await drain(await open(lost)).catch(() => {});
    const first = await open(() => {});
    const second = await open(lost);
    await drain(first);
    await drain(second).catch(() => {});
    expect(circuit.state).toBe("closed");
    await drain(await open(lost)).catch(() => {});
    expect(circuit.state).toBe("open");
  });

  test("that its reader breaks off, or an abort, is no failure", async () => {
    const { open, circuit } = streams({ failures: 1 });
    await (await open(() => {})).close();
    const stream = await open(() => {});
    const reading = stream.next();
    void stream.close();
    await reading.catch(() => {});
    expect(circuit.state).toBe("closed");
  });

  test("that is a probe is judged by its first items, and by nothing later", async () => {
    const { open, circuit, clock, around } = streams({ failures: 1, openFor: 1_000, probes: 2 });
    await drain(await open(lost)).catch(() => {});
    await clock.advance(1_000);
    const probe = await open(lost);
    expect(circuit.state).toBe("half-open");
    await drain(probe).catch(() => {});
    expect(circuit.state).toBe("half-open");
    await around(() => Promise.resolve())();
    expect(circuit.state).toBe("closed");
  });

  test("that failed after the state has changed is not counted", async () => {
    const { open, circuit } = streams({ failures: 1 });
    const stream = await open(lost);
    circuit.reset();
    await drain(stream).catch(() => {});
    expect(circuit.state).toBe("closed");
  });
});

describe("by hand", () => {
  test("isolated, it stays open until it is reset", async () => {
    const { send, circuit, clock, states } = bench({});
    circuit.isolate();
    await clock.advance(1e9);
    const error = await send();
    expect(error).toEqual(refused);
    expect(error).toMatchObject({ retryAfterMs: undefined, message: expect.stringContaining("by hand") });
    circuit.reset();
    expect(await send()).toBeUndefined();
    expect(states).toEqual(["open", "closed"]);
  });

  test("a reset forgets the failures", async () => {
    using system = scriptedHandler([fail("unavailable"), fail("unavailable")]);
    const { send, circuit } = bench({ failures: 2 }, system);
    await send();
    circuit.reset();
    await send();
    expect(circuit.state).toBe("closed");
  });
});

test("a call that is over already says nothing, also as a probe", async () => {
  using system = scriptedHandler([fail("unavailable"), answer(1)]);
  const { send, circuit, clock } = bench({ failures: 1, openFor: 100 }, system);
  await send();
  await clock.advance(100);
  const call = makeCall();
  call.cancel(new ConnectorError("cancelled", "enough"));
  expect(await send(call)).toMatchObject({ kind: "cancelled" });
  expect(await send()).toBe(1);
  expect(circuit.state).toBe("closed");
});

test("whatever happens, it takes legal edges only, lets no more probes pass than allowed, and never sticks", async () => {
  const legal = new Set(["closed→open", "open→half-open", "half-open→closed", "half-open→open"]);
  const event = fc.oneof(
    fc.record({ start: fc.constant(true as const) }),
    fc.record({ end: fc.nat(), how: fc.constantFrom<Kind | "ok">("ok", "unavailable", "not_found", "internal") }),
    fc.record({ wait: fc.integer({ min: 0, max: 1_500 }) }),
  );
  const settings = fc.record({
    failures: fc.integer({ min: 1, max: 4 }),
    failureRate: fc.option(fc.constantFrom(0.3, 0.8), { nil: undefined }),
    minimumCalls: fc.constant(3),
    openFor: fc.constant(1_000),
    probes: fc.integer({ min: 1, max: 3 }),
  });
  await fc.assert(
    fc.asyncProperty(settings, fc.array(event, { maxLength: 60 }), async (given, events) => {
      const { around, circuit, clock, states } = bench(given);
      const running: { readonly isProbe: boolean; readonly startedAt: number; end(how: Kind | "ok"): void }[] = [];
      const send = around(
        () =>
          new Promise((resolve, reject) => {
            const end = (how: Kind | "ok"): void => (how === "ok" ? resolve(1) : reject(new ConnectorError(how, "x")));
            running.push({ isProbe: circuit.state === "half-open", startedAt: clock.now(), end });
          }),
      );
      for (const each of events) {
        if ("start" in each) void send();
        else if ("wait" in each) await clock.advance(each.wait);
        else if (running.length > 0) running.splice(each.end % running.length, 1)[0]!.end(each.how);
        await clock.settle();
        const recent = running.filter(({ isProbe, startedAt }) => isProbe && startedAt > clock.now() - 1_000);
        if (circuit.state === "half-open") expect(recent.length).toBeLessThanOrEqual(given.probes);
      }
      const path = ["closed", ...states];
      for (let i = 1; i < path.length; i++) expect(legal).toContain(`${path[i - 1]}→${path[i]}`);
      // Left alone with a system that works, it closes.
      await clock.advance(2_000);
      for (let i = 0; i < given.probes; i++) {
        void send();
        await clock.settle();
        running.at(-1)?.end("ok");
        await clock.settle();
      }
      expect(circuit.state).toBe("closed");
    }),
    { numRuns: 150 },
  );
});

test("a window without length is refused: nothing could be counted in it", () => {
  expect(circuitBreakerSetting.safeParse({ failureRate: 0.5, window: 0 }).success).toBe(false);
  expect(circuitBreakerSetting.safeParse({ failureRate: 0.5, window: 1 }).success).toBe(true);
});
