import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import type { Clock } from "./clock.ts";
import { Condition } from "./condition.ts";
import type { ConditionChange, ConnectorState, Failure } from "./connector-status.ts";
import { CallRecord } from "./record.ts";

const LOST: Failure = { kind: "connection_lost", message: "reset" };
const REFUSED: Failure = { kind: "unavailable", message: "connect ECONNREFUSED" };

let clock: FakeClock;
let condition: Condition;
let changes: ConditionChange[];
let refusesUntil: number;
const make = (): Condition => new Condition(clock, {}, () => refusesUntil);
beforeEach(() => {
  clock = fakeClock();
  refusesUntil = -Infinity;
  condition = make();
  changes = [];
  condition.onChange((change) => changes.push(change));
});
const states = (): ConnectorState[] => changes.map(({ state }) => state);

function call(): CallRecord {
  const where = { connector: "c", provider: "p", type: "custom", operation: "o", effect: "read" } as const;
  return new CallRecord(where, clock.now());
}
/** A call that is answered at once. */
function answer(times = 1): void {
  for (let n = 0; n < times; n++) {
    const record = call();
    condition.succeeded(record);
    record.settle("ok", clock.now());
  }
}
function fail(times = 1, failure = LOST): void {
  for (let n = 0; n < times; n++) condition.failed(failure);
}
/** For ten seconds. */
function circuit(isOpen: boolean): void {
  refusesUntil = isOpen ? clock.now() + 10_000 : -Infinity;
  condition.weigh();
}
function connect(): void {
  condition.connecting();
  condition.connected();
}

describe("a session", () => {
  test("that is opened makes a lazy connector ready", () => {
    expect(condition.status).toEqual({
      state: "lazy",
      since: "2026-01-01T00:00:00.000Z",
      reason: undefined,
      lastError: undefined,
      lastSuccessAt: undefined,
      nextAttemptAt: undefined,
      consecutiveFailures: 0,
    });
    connect();
    expect(changes).toMatchObject([
      { from: "lazy", state: "connecting" },
      { from: "connecting", state: "ready" },
    ]);
  });

  test("that cannot be opened puts it down, and one change is told however often it is tried again", async () => {
    for (let n = 0; n < 3; n++) {
      condition.connecting();
      condition.notConnected(REFUSED);
      await clock.advance(1_000);
    }
    expect(states()).toEqual(["connecting", "down"]);
    expect(changes[1]).toMatchObject({ reason: "connect ECONNREFUSED", error: REFUSED });
    expect(condition.status).toMatchObject({
      since: "2026-01-01T00:00:00.000Z",
      lastError: { ...REFUSED, at: "2026-01-01T00:00:02.000Z" },
      consecutiveFailures: 1,
    });
  });

  test("that can be opened again brings it back", () => {
    condition.connecting();
    condition.notConnected(REFUSED);
    fail(20);
    connect();
    expect(states()).toEqual(["connecting", "down", "ready"]);
  });

  test("that is opened says nothing of a system that did not answer the calls on the last one", () => {
    connect();
    fail(5);
    connect();
    expect(states()).toEqual(["connecting", "ready", "degraded", "down"]);
  });

  test("that is refused beside one that works is noted and no more", () => {
    connect();
    condition.notConnected(REFUSED);
    expect(condition.status).toMatchObject({ state: "ready", lastError: REFUSED });
  });

  test.each([
    ["being opened", () => condition.connecting()],
    ["open", connect],
    [
      "out of reach",
      () => {
        condition.connecting();
        condition.notConnected(REFUSED);
      },
    ],
    [
      "failing",
      () => {
        connect();
        fail();
      },
    ],
  ])("that was %s and is closed leaves a lazy connector that remembers its last error and answer", (_, arrange) => {
    arrange();
    const { lastError } = condition.status;
    condition.disconnected();
    condition.disconnected();
    expect(states().filter((state) => state === "lazy")).toHaveLength(1);
    expect(condition.status).toMatchObject({ state: "lazy", consecutiveFailures: 0 });
    expect(condition.status.lastError).toEqual(lastError);
    expect(condition.status.reason).toBeUndefined();
  });
});

describe("calls", () => {
  beforeEach(connect);

  test("that are answered say when, and nothing else", async () => {
    const record = call();
    condition.succeeded(record);
    expect(condition.status.lastSuccessAt).toBe("2026-01-01T00:00:00.000Z");
    await clock.advance(1_500);
    record.settle("ok", clock.now());
    await clock.advance(10_000);
    expect(condition.status).toMatchObject({ lastSuccessAt: "2026-01-01T00:00:01.500Z", state: "ready" });
    expect(states()).toEqual(["connecting", "ready"]);
  });

  test("whose stream failed later were answered when it began", async () => {
    const record = call();
    condition.succeeded(record);
    await clock.advance(5_000);
    record.settle("timeout", clock.now());
    expect(condition.status.lastSuccessAt).toBe("2026-01-01T00:00:00.000Z");
  });

  test("that fail five times in a row after a second without an answer put it down", async () => {
    answer();
    await clock.advance(1_000);
    fail(4);
    expect(condition.state).toBe("degraded");
    fail();
    expect(condition.status).toMatchObject({ state: "down", reason: "reset", consecutiveFailures: 5 });
    expect(changes.at(-1)).toMatchObject({ from: "degraded", error: LOST });
  });

  test("that fail all at once, hundreds in parallel, are a blip and no outage", async () => {
    answer(100);
    fail(300);
    expect(condition.state).toBe("degraded");
    await clock.advance(999);
    fail();
    expect(condition.state).toBe("degraded");
    await clock.advance(1);
    fail();
    expect(condition.state).toBe("down");
  });

  test("that fail in a row by chance among many answers change nothing", async () => {
    for (let n = 0; n < 300; n++) {
      answer(50);
      fail(4);
      answer(50);
      await clock.advance(100);
    }
    expect(states()).toEqual(["connecting", "ready"]);
  });

  test("that fail now and then among many change nothing", async () => {
    for (let n = 0; n < 300; n++) {
      answer(20);
      fail();
      await clock.advance(100);
    }
    expect(states()).toEqual(["connecting", "ready"]);
    answer();
    expect(condition.status).toMatchObject({ consecutiveFailures: 0, lastError: LOST });
  });

  test("of which a tenth fails make it degraded, once; it is ready when they have ceased to", async () => {
    for (let n = 0; n < 300; n++) {
      answer(8);
      fail();
      await clock.advance(100);
    }
    expect(changes.slice(2)).toMatchObject([
      { from: "ready", state: "degraded", reason: expect.stringMatching(/^\d+ % of the latest tries failed$/) },
    ]);
    for (let n = 0; n < 300; n++) {
      answer(9);
      await clock.advance(100);
    }
    expect(states().slice(2)).toEqual(["degraded", "ready"]);
    expect(condition.status.reason).toBeUndefined();
  });

  test("that begin to fail after a long calm are not lost among those of the calm", async () => {
    for (let n = 0; n < 3_600; n++) {
      answer(10);
      await clock.advance(1_000);
    }
    for (let n = 0; n < 6; n++) {
      answer(7);
      fail(2);
      answer();
      fail();
      await clock.advance(1_000);
    }
    expect(condition.status).toMatchObject({ state: "degraded", reason: expect.stringContaining("% of the latest") });
  });

  test("that are answered one after the other do not even look at the clock", () => {
    const stopped: Clock = { ...clock, now: () => expect.unreachable(), wall: () => expect.unreachable() };
    let inForce: Clock = clock;
    condition = new Condition({ ...clock, now: () => inForce.now(), wall: () => inForce.wall() });
    connect();
    const record = call();
    inForce = stopped;
    for (let n = 0; n < 1_000; n++) condition.succeeded(record);
    inForce = clock;
    expect(condition.state).toBe("ready");
  });

  test("that fail once or twice and are repeated well are everyday life", async () => {
    for (let n = 0; n < 100; n++) {
      fail(1 + (n % 2));
      answer();
      await clock.advance(60_000);
    }
    expect(states()).toEqual(["connecting", "ready"]);
    expect(condition.status.lastError).toEqual({ ...LOST, at: "2026-01-01T01:39:00.000Z" });
  });

  test("of which three fail in a row make it degraded, however rare they are", async () => {
    for (let n = 0; n < 3; n++) {
      expect(condition.state).toBe("ready");
      fail();
      await clock.advance(60_000);
    }
    expect(condition.status).toMatchObject({ state: "degraded", reason: "3 tries failed in a row" });
    answer();
    expect(condition.state).toBe("ready");
  });

  test("bring a connector that is down back with the first answer", async () => {
    fail(10);
    expect(condition.state).toBe("down");
    await clock.advance(100);
    answer();
    expect(condition.status).toMatchObject({
      state: "ready",
      consecutiveFailures: 0,
      lastSuccessAt: "2026-01-01T00:00:00.100Z",
      lastError: LOST,
    });
  });
});

describe("a probe", () => {
  beforeEach(connect);

  test("that fails puts it down, that is answered brings it back", () => {
    condition.probeFailed(LOST, clock.now());
    expect(condition.status).toMatchObject({ state: "down", consecutiveFailures: 1, lastError: LOST });
    condition.probed();
    expect(condition.status).toMatchObject({ state: "ready", lastSuccessAt: "2026-01-01T00:00:00.000Z" });
  });

  test("that fails while calls are answered makes it degraded only", async () => {
    const startedAt = clock.now();
    await clock.advance(10);
    answer();
    condition.probeFailed(LOST, startedAt);
    expect(condition.status).toMatchObject({ state: "degraded", reason: "reset" });
    condition.probed();
    expect(condition.state).toBe("ready");
  });

  test("that the system refuses because it has too much to do makes it degraded only", () => {
    condition.probeFailed({ kind: "rate_limited", message: "too many connections" }, clock.now());
    expect(condition.state).toBe("degraded");
  });

  test("may say that it is degraded, which holds until the next probe, or a minute of answers", async () => {
    condition.probed("3 calls wait");
    answer(100);
    expect(condition.status).toMatchObject({ state: "degraded", reason: "3 calls wait" });
    condition.probed("4 calls wait");
    expect(condition.status).toMatchObject({ state: "degraded", reason: "4 calls wait" });
    condition.probed();
    expect(condition.state).toBe("ready");
    condition.probed("5 calls wait");
    await clock.advance(59_999);
    answer();
    expect(condition.state).toBe("degraded");
    await clock.advance(1);
    answer();
    expect(condition.state).toBe("ready");
    expect(states().slice(2)).toEqual(["degraded", "ready", "degraded", "ready"]);
  });

  test("says nothing of the next session", () => {
    condition.probed("slow");
    condition.disconnected();
    connect();
    expect(condition.state).toBe("ready");
  });

  test("that was under way when the session was closed says nothing", () => {
    condition.disconnected();
    condition.probeFailed(LOST, clock.now());
    condition.probed();
    expect(condition.status).toMatchObject({ state: "lazy", consecutiveFailures: 0 });
  });

  test("does not make a connector ready whose calls fail", () => {
    answer(5);
    fail(5);
    condition.probed();
    expect(condition.state).toBe("degraded");
  });
});

describe("a circuit breaker", () => {
  beforeEach(connect);

  test("that refuses calls keeps it from being ready", () => {
    circuit(true);
    expect(condition.status).toMatchObject({ state: "degraded", reason: "The circuit breaker refuses calls" });
    condition.probed();
    circuit(true);
    expect(condition.state).toBe("degraded");
    circuit(false);
    expect(condition.state).toBe("ready");
  });

  test("would let the next call pass, and keeps nothing from being ready that a probe finds well", async () => {
    circuit(true);
    await clock.advance(9_999);
    condition.probed();
    expect(condition.state).toBe("degraded");
    await clock.advance(1);
    condition.probed();
    expect(condition.state).toBe("ready");
  });

  test("is seen when the system is back, and by the next session", () => {
    fail(5);
    circuit(true);
    expect(condition.state).toBe("down");
    condition.probed();
    expect(condition.state).toBe("degraded");
    condition.disconnected();
    connect();
    expect(condition.state).toBe("degraded");
  });
});

test("the next attempt is told until it is ready or closed", () => {
  connect();
  condition.probeFailed(LOST, clock.now());
  condition.asksAgainAt(clock.now() + 1_500);
  expect(condition.status.nextAttemptAt).toBe("2026-01-01T00:00:01.500Z");
  condition.probed();
  expect(condition.status.nextAttemptAt).toBeUndefined();
});

test("who does not want to hear any more hears no more", () => {
  const heard: ConditionChange[] = [];
  const stop = condition.onChange((change) => heard.push(change));
  condition.connecting();
  stop();
  condition.connected();
  expect(heard).toHaveLength(1);
  expect(changes).toHaveLength(2);
});

test("its numbers can be set", async () => {
  const numbers = { degradedAfter: 1, downAfter: 2, silenceMs: 0, failureRate: 0.9, windowMs: 1_000, findingMs: 10 };
  condition = new Condition(clock, { ...numbers, degradedAfter: undefined });
  connect();
  answer();
  fail();
  expect(condition.state).toBe("ready");
  fail();
  expect(condition.state).toBe("down");
  condition = new Condition(clock, numbers);
  connect();
  fail();
  expect(condition.state).toBe("degraded");
  condition.probed("slow");
  await clock.advance(10);
  answer();
  expect(condition.state).toBe("ready");
});

/** The table at the top of the module. */
const EDGES: Readonly<Record<ConnectorState, readonly ConnectorState[]>> = {
  lazy: ["connecting"],
  connecting: ["ready", "degraded", "down", "lazy"],
  ready: ["degraded", "down", "lazy"],
  degraded: ["ready", "down", "lazy"],
  down: ["ready", "degraded", "lazy"],
};

const EVENTS: Readonly<Record<string, () => void>> = {
  connecting: () => condition.connecting(),
  connected: () => condition.connected(),
  notConnected: () => condition.notConnected(REFUSED),
  disconnected: () => condition.disconnected(),
  answer: () => answer(),
  answers: () => answer(50),
  failure: () => fail(),
  failures: () => fail(6),
  probed: () => condition.probed(),
  "probed, degraded": () => condition.probed("slow"),
  "probe failed": () => condition.probeFailed(LOST, clock.now()),
  "probe failed, begun before": () => condition.probeFailed(LOST, clock.now() - 5_000),
  "circuit open": () => circuit(true),
  "circuit closed": () => circuit(false),
};

test("whatever happens, in whatever order, it takes legal edges only and tells each change once", async () => {
  const steps = fc.array(
    fc.record({ event: fc.constantFrom(...Object.keys(EVENTS)), afterMs: fc.constantFrom(0, 1, 999, 5_000, 61_000) }),
    { maxLength: 60 },
  );
  await fc.assert(
    fc.asyncProperty(steps, async (all) => {
      clock = fakeClock();
      refusesUntil = -Infinity;
      condition = make();
      let state = "lazy" as ConnectorState;
      condition.onChange((change) => {
        expect(change.from).toBe(state);
        expect(EDGES[change.from]).toContain(change.state);
        state = change.state;
        expect(change.reason !== undefined).toBe(state === "degraded" || state === "down");
        expect(condition.status.since).toBe(new Date(clock.wall()).toISOString());
      });
      for (const { event, afterMs } of all) {
        const before = state;
        await clock.advance(afterMs);
        // Time alone changes nothing: a state is what somebody has seen.
        expect(condition.state).toBe(before);
        EVENTS[event]!();
        const { status } = condition;
        expect(status.state).toBe(state);
        if (event === "disconnected") expect(state).toBe("lazy");
        if (before === "lazy" && event !== "connecting") expect(state).toBe("lazy");
        if (event.startsWith("answer") || event === "probed") {
          expect(state).not.toBe("down");
          if (state !== "lazy" && state !== "connecting") expect(status.consecutiveFailures).toBe(0);
        }
        if (state === "down") expect(status.consecutiveFailures).toBeGreaterThan(0);
        expect(status.reason !== undefined).toBe(state === "degraded" || state === "down");
      }
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 300 },
  );
});
