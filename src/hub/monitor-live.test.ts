import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { channels, openHub, type ConditionEvent, type ConnectorState, type Hub } from "../index.ts";
import { postgresql, startRestService, startService, type RestService, type Service } from "../testkit/index.ts";

const INTERVAL = 200;
const TIMEOUT = 300;
/** Longer than a busy machine keeps a call from being made. */
const CALM_INTERVAL = 1_000;
/** A probe is due, and its answer, with room for a busy machine. */
const SEEN = { timeout: 10_000, interval: 10 };

let hub: Hub;
let states: ConnectorState[];
const note = (event: unknown): void => void states.push((event as ConditionEvent).state);
beforeEach(() => {
  states = [];
  channels.condition.subscribe(note);
});
afterEach(async () => {
  channels.condition.unsubscribe(note);
  await hub.close({ timeout: 500 });
});

async function open(entry: object, interval = INTERVAL): Promise<void> {
  const connectors = [{ name: "it", ...entry }] as never;
  hub = await openHub({ connectors }, { watch: false, monitor: { interval, timeout: TIMEOUT } });
  await hub.get("it").connect();
}
const state = (): ConnectorState => hub.status().connectors["it"]!.state;
const becomes = (expected: ConnectorState) => expect.poll(state, SEEN).toBe(expected);

/** Calls one after the other until it is stopped. */
function load(work: () => Promise<unknown>): { readonly stop: () => Promise<void>; readonly answered: () => number } {
  let isOn = true;
  let answered = 0;
  const done = (async () => {
    while (isOn) {
      await work().then(
        () => answered++,
        () => {},
      );
      await sleep(5);
    }
  })();
  return {
    answered: () => answered,
    stop() {
      isOn = false;
      return done;
    },
  };
}

describe("PostgreSQL", () => {
  let service: Service;
  beforeAll(async () => {
    service = await startService(postgresql({ source: "embedded", conf: { log_statement: "all" } }));
  });
  afterAll(() => service.destroy());
  afterEach(async () => {
    await service.resume();
    await service.start();
  });

  const options = { maxConnections: 2, applicationName: "monitored", retryAttempts: 1, timeout: 2_000 };
  const openIt = (
    { host, port }: { readonly host: string; readonly port: number } = service,
    interval?: number,
  ): Promise<void> => {
    const { database, username, password } = service;
    const connection = { host, port, database, username, password };
    return open({ type: "database", provider: "postgresql", connection, options }, interval);
  };
  const query = (): Promise<unknown> => hub.get("it").execute("query", { sql: "SELECT 2 AS two" });
  const pings = (): number => service.log().split(": SELECT 1\n").length - 1;

  test("that is killed and started again is down and ready again by itself, with no call", async () => {
    await openIt();
    await service.crash();
    await becomes("down");
    expect(hub.status().connectors["it"]).toMatchObject({
      lastError: { at: expect.any(String) },
      nextAttemptAt: expect.any(String),
    });
    await service.start();
    await becomes("ready");
    expect(states).toEqual(["connecting", "ready", "down", "ready"]);
    expect(await query()).toEqual([{ two: 2 }]);
  });

  test("that is killed and started again under load is down and ready again", async () => {
    await openIt();
    const calls = load(query);
    await expect.poll(calls.answered, SEEN).toBeGreaterThan(5);
    await service.crash();
    await becomes("down");
    await service.start();
    await becomes("ready");
    await calls.stop();
    expect(states.filter((each) => each === "down")).toHaveLength(1);
    expect(states.at(-1)).toBe("ready");
  });

  test("that is frozen is down within the interval and the time-out, and ready when it goes on", async () => {
    await openIt();
    await query();
    await service.pause();
    const since = performance.now();
    await becomes("down");
    const tookMs = performance.now() - since;
    expect(hub.status().connectors["it"]!.lastError).toMatchObject({ kind: "timeout" });
    // Many probes go unanswered; none of them may keep a connection of the pool.
    const { consecutiveFailures } = hub.status().connectors["it"]!;
    await expect
      .poll(() => hub.status().connectors["it"]!.consecutiveFailures, SEEN)
      .toBeGreaterThan(consecutiveFailures + 6);
    await service.resume();
    await becomes("ready");
    expect(await Promise.all([query(), query(), query()])).toHaveLength(3);
    const sql = "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'monitored'";
    const count = async () => (await hub.get("it").execute("query", { sql })) as readonly { n: number }[];
    await expect.poll(async () => (await count())[0]!.n, SEEN).toBeLessThanOrEqual(2);
    // The bound, and room for a busy machine.
    expect(tookMs).toBeLessThan(INTERVAL * 1.1 + TIMEOUT + 3_000);
  });

  test("that is gone behind half-open connections costs no more of them with each probe", async () => {
    const proxy = await service.proxied();
    await openIt(proxy);
    proxy.blackhole = "both";
    await becomes("down");
    const failures = (): number => hub.status().connectors["it"]!.consecutiveFailures;
    await expect.poll(failures, SEEN).toBeGreaterThan(6);
    // The pool's two, and one that asks while both are busy.
    expect(proxy.open).toBeLessThanOrEqual(3);
    proxy.cut();
    await proxy.heal();
    await becomes("ready");
  });

  test("that answers calls is never pinged; when they cease it is", async () => {
    await openIt(service, CALM_INTERVAL);
    const before = pings();
    const calls = load(query);
    await expect.poll(calls.answered, SEEN).toBeGreaterThan(1);
    const until = performance.now() + 2.5 * CALM_INTERVAL;
    await expect.poll(() => performance.now() > until, SEEN).toBe(true);
    await calls.stop();
    expect(calls.answered()).toBeGreaterThan(20);
    expect(pings() - before).toBe(0);
    await expect.poll(() => pings() - before, SEEN).toBeGreaterThan(0);
    expect(states).toEqual(["connecting", "ready"]);
  });
});

describe("a REST API", () => {
  let api: RestService;
  beforeEach(async () => {
    api = await startRestService();
  });
  afterEach(() => api.close());

  const options = { healthPath: "/health", retryAttempts: 1, timeout: 2_000 };
  const openIt = (interval?: number): Promise<void> =>
    open({ type: "rest-api", provider: "rest", connection: { baseURL: api.url }, options }, interval);
  const get = (): Promise<unknown> => hub.get("it").execute("get", { path: "/items" });
  const checks = (): number => api.requests.filter(({ path }) => path === "/health").length;

  test.each(["with no call", "under load"])("that goes and comes back is down and ready again, %s", async (how) => {
    await openIt();
    const calls = how === "under load" ? load(get) : undefined;
    const { port } = api;
    await api.close();
    await becomes("down");
    api = await startRestService({ port });
    await becomes("ready");
    await calls?.stop();
    expect(states.filter((each) => each === "down")).toHaveLength(1);
    expect(states.at(-1)).toBe("ready");
  });

  test("that says of itself that it is not well is down, and ready when it says so no more", async () => {
    await openIt();
    api.healthStatus = 503;
    await becomes("down");
    expect(hub.status().connectors["it"]).toMatchObject({ lastError: { kind: "unavailable" } });
    api.healthStatus = 200;
    await becomes("ready");
  });

  test("that answers calls is never asked for its health; when they cease it is", async () => {
    await openIt(CALM_INTERVAL);
    const calls = load(get);
    await expect.poll(calls.answered, SEEN).toBeGreaterThan(1);
    const until = performance.now() + 2.5 * CALM_INTERVAL;
    await expect.poll(() => performance.now() > until, SEEN).toBe(true);
    await calls.stop();
    expect(checks()).toBe(0);
    await expect.poll(checks, SEEN).toBeGreaterThan(0);
  });
});
