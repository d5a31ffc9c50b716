import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Call } from "../core/call.ts";
import { ConnectorError, type Kind } from "../core/errors.ts";
import { channels, type ConditionEvent } from "../core/events.ts";
import { read, stream } from "../core/operation.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { secret } from "../config/fields.ts";
import { defineConnector } from "./define.ts";

const CANARY = "k4n@rien";

/** What the system does. */
let work: (call: Call) => Promise<string>;
let opening: () => Promise<void>;
let pinging: () => Promise<void | { degraded: string }>;
let clock: FakeClock;
let events: ConditionEvent[];
const note = (event: unknown): void => void events.push(event as ConditionEvent);
beforeEach(() => {
  work = async () => "done";
  opening = pinging = async () => {};
  clock = fakeClock();
  events = [];
  channels.condition.subscribe(note);
});
afterEach(() => channels.condition.unsubscribe(note));

const Toy = defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "A toy.",
  connection: z.strictObject({ password: secret("Password.").default(CANARY as never) }),
  operations: {
    get: read("Reads.", z.strictObject({}), z.string()),
    items: stream("Streams.", z.strictObject({}), z.string()),
  },
  async open() {
    await opening();
    return {
      handlers: {
        get: (_, call) => work(call),
        items: async function* (_, call) {
          yield "first";
          yield await work(call);
        },
      },
      ping: () => pinging(),
      close: async () => {},
    };
  },
  classify: () => undefined,
});
type Toy = InstanceType<typeof Toy>;
type Settings = ConstructorParameters<typeof Toy>[0];

async function connected(settings: Partial<Settings> = {}): Promise<Toy> {
  const toy = new Toy({ password: CANARY, retryAttempts: 1, ...settings }, { clock, name: "toy-1" });
  await toy.connect();
  return toy;
}
const fails = (kind: Kind, details = {}): void =>
  void (work = async () => {
    throw new ConnectorError(kind, `${kind} at ${CANARY}`, details);
  });
/** Calls that settle at once, answered or not. */
async function calls(toy: Toy, times: number): Promise<void> {
  for (let n = 0; n < times; n++) await toy.get().catch(() => {});
}

test("credentials that a call brought and that were refused bring nothing back", async () => {
  const toy = await connected();
  fails("unavailable");
  await calls(toy, 5);
  fails("unauthenticated", { status: 401 });
  await calls(toy, 5);
  expect(toy.status.state).toBe("down");
});

describe("a caller's mistakes and a policy's refusals change nothing", () => {
  test.each<[Kind, object]>([
    ["input_invalid", {}],
    ["not_found", {}],
    ["conflict", {}],
    ["permission_denied", {}],
    ["unauthenticated", { status: 401 }],
    ["rate_limited", {}],
    ["too_large", {}],
    ["internal", {}],
    ["cancelled", {}],
  ])("%s %j", async (kind, details) => {
    const toy = await connected();
    fails(kind, details);
    await calls(toy, 20);
    expect(toy.status).toMatchObject({ state: "ready", consecutiveFailures: 0 });
    expect(toy.status.lastError).toBeUndefined();
  });

  test("nor does an impatient caller", async () => {
    const toy = await connected();
    work = () => new Promise(() => {});
    const all = Array.from({ length: 20 }, () => toy.get({}, { timeout: 10 }).catch(String));
    await clock.advance(10);
    await Promise.all(all);
    expect(toy.status).toMatchObject({ state: "ready", consecutiveFailures: 0 });
  });

  test("nor does a caller who gives up", async () => {
    const toy = await connected();
    work = () => new Promise(() => {});
    const abort = new AbortController();
    const all = Array.from({ length: 20 }, () => toy.get({}, { signal: abort.signal }).catch(String));
    abort.abort();
    await Promise.all(all);
    expect(toy.status).toMatchObject({ state: "ready", consecutiveFailures: 0 });
  });
});

describe("the system's failures put it down", () => {
  test.each<[Kind, object]>([
    ["unavailable", { status: 503 }],
    ["connection_lost", {}],
    ["timeout", {}],
    ["unauthenticated", {}],
  ])("%s %j", async (kind, details) => {
    const toy = await connected();
    fails(kind, details);
    await calls(toy, 5);
    expect(toy.status).toMatchObject({
      state: "down",
      consecutiveFailures: 5,
      lastError: { kind, message: `${kind} at [redacted]` },
    });
    expect(events.map(({ connector, provider, state }) => [connector, provider, state])).toEqual([
      ["toy-1", "toy", "connecting"],
      ["toy-1", "toy", "ready"],
      ["toy-1", "toy", "degraded"],
      ["toy-1", "toy", "down"],
    ]);
    expect(events[3]).toMatchObject({ from: "degraded", error: { kind } });
    expect(JSON.stringify([events, toy.status])).not.toContain(CANARY);
  });

  test("each try counts once, also where the call is repeated", async () => {
    const toy = await connected({ retryAttempts: 3, retry: { delay: 0 } });
    fails("unavailable");
    const all = calls(toy, 2);
    await clock.advance(10);
    await all;
    expect(toy.status).toMatchObject({ state: "down", consecutiveFailures: 6 });
  });

  test("also failures on purpose", async () => {
    const toy = await connected({ faults: { rules: [{ rate: 0.999, fail: { kind: "unavailable" } }] } });
    await calls(toy, 5);
    expect(toy.status.state).toBe("down");
  });

  test("also where work does not listen to its limit of time", async () => {
    const toy = await connected({ attemptTimeout: 100 });
    work = () => new Promise(() => {});
    const all = calls(toy, 5);
    for (let n = 0; n < 5; n++) await clock.advance(100);
    await all;
    expect(toy.status).toMatchObject({ state: "down", consecutiveFailures: 5, lastError: { kind: "timeout" } });
  });

  test("also in the middle of a stream", async () => {
    const toy = await connected();
    fails("connection_lost");
    const items = toy.items();
    await items.next();
    expect(toy.status).toMatchObject({ state: "ready", lastSuccessAt: "2026-01-01T00:00:00.000Z" });
    await clock.advance(5_000);
    await items.next().catch(() => {});
    expect(toy.status).toMatchObject({ consecutiveFailures: 1, lastSuccessAt: "2026-01-01T00:00:00.000Z" });
  });

  test("and an answer brings it back, be it that the system refuses", async () => {
    const toy = await connected();
    fails("connection_lost");
    await calls(toy, 5);
    fails("not_found", { status: 404 });
    await calls(toy, 1);
    expect(toy.status.state).toBe("ready");
    expect(events.at(-1)).toMatchObject({ from: "down", state: "ready" });
  });
});

test("an answer that was kept is no sign of life", async () => {
  const toy = await connected({ cache: { operations: { get: { ttl: 10_000, staleIfError: 60_000 } } } });
  await toy.get();
  await clock.advance(5_000);
  await toy.get();
  expect(toy.status.lastSuccessAt).toBe("2026-01-01T00:00:00.000Z");
  await clock.advance(5_000);
  fails("unavailable");
  for (let n = 0; n < 5; n++) expect(await toy.get()).toBe("done");
  expect(toy.status).toMatchObject({ state: "down", lastSuccessAt: "2026-01-01T00:00:00.000Z" });
});

test("a circuit that is open makes it degraded, until it closes", async () => {
  const toy = await connected({ circuitBreaker: true });
  toy.circuitBreaker!.isolate();
  expect(toy.status).toMatchObject({ state: "degraded", reason: "The circuit breaker refuses calls" });
  toy.circuitBreaker!.reset();
  expect(toy.status.state).toBe("ready");
});

describe("a session", () => {
  test("that cannot be opened puts it down; whoever waits for it counts once", async () => {
    opening = async () => {
      throw new Error(`refused ${CANARY}`);
    };
    const toy = new Toy({ password: CANARY, retryAttempts: 1 }, { clock, connectsOnUse: () => true });
    await Promise.all([toy.connect().catch(String), toy.connect().catch(String), toy.connect().catch(String)]);
    expect(toy.status).toMatchObject({
      state: "down",
      consecutiveFailures: 1,
      lastError: { kind: "internal", message: "Failed to connect to Toy: refused [redacted]" },
    });
    opening = async () => {};
    expect(await toy.get()).toBe("done");
    expect(events.map(({ state }) => state)).toEqual(["connecting", "down", "ready"]);
  });

  test("that is closed leaves it lazy, also where it never was open", async () => {
    const toy = await connected();
    await toy.disconnect();
    expect(toy.status.state).toBe("lazy");
    opening = async () => {
      throw new Error("refused");
    };
    await toy.connect().catch(() => {});
    expect(toy.status.state).toBe("down");
    await toy.disconnect();
    expect(toy.status.state).toBe("lazy");
  });

  test("that is opened and closed at the same time ends up as it is", async () => {
    const toy = new Toy({ password: CANARY }, { clock });
    for (let n = 0; n < 50; n++) {
      const all = [toy.connect(), toy.disconnect(), toy.connect(), toy.disconnect(), toy.connect()];
      if (n % 2 === 1) all.push(toy.disconnect());
      await Promise.allSettled(all);
      expect(toy.status.state).toBe(toy.isConnected ? "ready" : "lazy");
    }
  });

  test("that is given up while it is being opened is no failure", async () => {
    opening = () => new Promise(() => {});
    const toy = new Toy({ password: CANARY }, { clock });
    const connecting = toy.connect().catch(String);
    expect(toy.status.state).toBe("connecting");
    await toy.disconnect();
    await connecting;
    expect(toy.status).toMatchObject({ state: "lazy", lastError: undefined });
  });
});

describe("a health check", () => {
  test("tells what it found, and the status says the same", async () => {
    const toy = await connected();
    pinging = async () => ({ degraded: `slow at ${CANARY}` });
    expect(await toy.healthCheck()).toMatchObject({ status: "degraded", error: "slow at [redacted]" });
    expect(toy.status).toMatchObject({ state: "degraded", reason: "slow at [redacted]" });
    pinging = async () => {
      throw new Error(`gone ${CANARY}`);
    };
    expect(await toy.healthCheck()).toMatchObject({ status: "unhealthy", error: "gone [redacted] [toy-1]" });
    expect(toy.status).toMatchObject({ state: "down", lastError: { message: "gone [redacted] [toy-1]" } });
    pinging = async () => {};
    expect(await toy.healthCheck()).toMatchObject({ status: "healthy" });
    expect(toy.status.state).toBe("ready");
  });

  test("has as much time as is said", async () => {
    const toy = await connected();
    pinging = () => new Promise(() => {});
    const checking = toy.healthCheck({ timeout: 250 });
    await clock.advance(250);
    expect((await checking).error).toBe("No answer to the health check within 250 ms [toy-1]");
    expect(clock.pending).toBe(0);
  });

  test("that is given up says nothing", async () => {
    const toy = await connected();
    pinging = () => new Promise(() => {});
    const abort = new AbortController();
    const checks = [toy.healthCheck({ signal: abort.signal }), toy.healthCheck({ signal: AbortSignal.abort() })];
    abort.abort();
    for (const check of checks) expect(await check).toMatchObject({ status: "unhealthy" });
    pinging = async () => {};
    const { signal } = new AbortController();
    await toy.healthCheck({ signal });
    expect(getEventListeners(signal, "abort")).toEqual([]);
    expect(toy.status).toMatchObject({ state: "ready", lastError: undefined });
    expect(clock.pending).toBe(0);
  });

  test("of a connector that is not connected says nothing", async () => {
    const toy = new Toy({ password: CANARY }, { clock });
    expect(await toy.healthCheck()).toMatchObject({ status: "unhealthy" });
    expect(toy.status).toMatchObject({ state: "lazy", lastError: undefined });
  });
});

test("another configuration that works is a fresh start, and one that does not changes nothing", async () => {
  const toy = await connected({ circuitBreaker: true });
  toy.circuitBreaker!.isolate();
  fails("unavailable");
  pinging = async () => {
    throw new Error("gone");
  };
  await toy.healthCheck();
  expect(toy.status.state).toBe("down");
  await toy.reconfigure(new Toy({ password: CANARY, timeout: 5 }, { clock })).catch(String);
  expect(toy.status).toMatchObject({ state: "down", consecutiveFailures: 1 });
  pinging = async () => {};
  await toy.reconfigure(new Toy({ password: CANARY, timeout: 5 }, { clock }));
  expect(toy.status).toMatchObject({ state: "ready", consecutiveFailures: 0 });
});

test("a circuit that would let the next call pass keeps nobody from being ready", async () => {
  const toy = await connected({ circuitBreaker: { failures: 3, openFor: 40_000 } });
  fails("unavailable");
  await calls(toy, 4);
  expect(toy.status.reason).toBe("The circuit breaker refuses calls");
  await clock.advance(39_999);
  await toy.healthCheck();
  expect(toy.status.state).toBe("degraded");
  await clock.advance(1);
  await toy.healthCheck();
  expect(toy.status.state).toBe("ready");
});
