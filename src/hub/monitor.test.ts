import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  ConnectorError,
  defineConnector,
  openHub,
  read,
  type ConnectorState,
  type Hub,
  type HubOptions,
} from "../index.ts";
import type { Clock } from "../core/clock.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";

/** The systems behind the connectors, by name. */
class System {
  isDown = false;
  refuses = false;
  degraded: string | undefined;
  /** Answers nothing until it is thawed. */
  frozen: Promise<unknown> | undefined;
  opened = 0;
  /** When it was pinged, on the clock. */
  readonly pings: number[] = [];
}
const systems = new Map<string, System>();
const system = (name: string): System => {
  const known = systems.get(name) ?? new System();
  systems.set(name, known);
  return known;
};

const Toy = defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "A toy.",
  connection: z.strictObject({}),
  operations: { echo: read("Echoes.", z.strictObject({ text: z.string() }), z.string()) },
  async open(_, env) {
    const its = system(env.name);
    const answer = async (): Promise<void> => {
      await its.frozen;
      if (its.refuses) throw new ConnectorError("unauthenticated", "password authentication failed");
      if (its.isDown) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    };
    await answer();
    its.opened++;
    return {
      handlers: {
        echo: async ({ text }) => {
          await answer();
          return text;
        },
      },
      async ping() {
        its.pings.push(clock.now());
        await answer();
        return its.degraded === undefined ? undefined : { degraded: its.degraded };
      },
      close: async () => {},
    };
  },
  classify: () => undefined,
});

const INTERVAL = 30_000;

let clock: FakeClock;
let hub: Hub | undefined;
beforeEach(() => {
  clock = fakeClock();
  systems.clear();
});
afterEach(async () => {
  const closing = hub?.close({ timeout: 0 });
  await clock.advance(30_000);
  await closing;
  hub = undefined;
});

async function open(names: readonly string[], options: HubOptions = {}): Promise<Hub> {
  const connectors = names.map((name) => ({ name, type: "custom" as const, provider: Toy }));
  hub = await openHub({ connectors }, { clock, watch: false, monitor: true, ...options });
  return hub;
}
const toy = (name: string) => hub!.get(name, Toy);
const stateOf = (name: string): ConnectorState => hub!.status().connectors[name]!.state;
const echo = (name: string): Promise<unknown> => toy(name).echo({ text: "x" }).catch(String);

describe("a connector that is", () => {
  test("lazy is never connected by the monitor", async () => {
    await open(["a"]);
    await clock.advance(100 * INTERVAL);
    expect(system("a")).toMatchObject({ opened: 0, pings: [] });
    expect(stateOf("a")).toBe("lazy");
  });

  test("used and busy is never asked", async () => {
    await open(["a"]);
    for (let n = 0; n < 200; n++) {
      await echo("a");
      await clock.advance(INTERVAL - 1_000);
    }
    expect(system("a").pings).toEqual([]);
  });

  test("quiet is asked once in each interval, up to a tenth late", async () => {
    await open(["a"]);
    await toy("a").connect();
    await clock.advance(20 * INTERVAL);
    const { pings } = system("a");
    const gaps = pings.slice(1).map((at, n) => at - pings[n]!);
    expect(gaps.length).toBeGreaterThanOrEqual(17);
    for (const gap of gaps) {
      expect(gap).toBeGreaterThanOrEqual(INTERVAL);
      expect(gap).toBeLessThanOrEqual(INTERVAL * 1.1 + 1);
    }
    expect(stateOf("a")).toBe("ready");
  });

  test("quiet again is asked an interval after its last answer", async () => {
    await open(["a"]);
    await echo("a");
    await clock.advance(20_000);
    await echo("a");
    const last = clock.now();
    await clock.advance(INTERVAL - 1);
    expect(system("a").pings).toEqual([]);
    await clock.advance(INTERVAL * 0.1 + 2);
    expect(system("a").pings).toHaveLength(1);
    expect(system("a").pings[0]).toBeGreaterThanOrEqual(last + INTERVAL);
  });

  test("frozen is down within the interval, a tenth and the time-out, with no call at all", async () => {
    await open(["a"]);
    await echo("a");
    system("a").frozen = new Promise(() => {});
    await clock.advance(INTERVAL * 1.1 + 5_000);
    expect(hub!.status().connectors["a"]).toMatchObject({
      state: "down",
      lastError: { kind: "timeout", message: "No answer to the health check within 5000 ms [a]" },
      lastSuccessAt: "2026-01-01T00:00:00.000Z",
      required: true,
    });
  });

  test("down is asked after a second, then after two, four, up to the interval, and says when next", async () => {
    await open(["a"]);
    await toy("a").connect();
    system("a").isDown = true;
    while (stateOf("a") !== "down") await clock.advance(100);
    await clock.advance(10 * INTERVAL);
    const { pings } = system("a");
    pings.slice(1).forEach((at, n) => {
      const most = Math.min(INTERVAL, 1_000 * 2 ** n);
      const gap = at - pings[n]!;
      expect(gap).toBeGreaterThanOrEqual(most / 2);
      expect(gap).toBeLessThanOrEqual(most);
    });
    expect(pings.length).toBeGreaterThan(10);
    const { nextAttemptAt } = hub!.status().connectors["a"]!;
    const leftMs = Date.parse(nextAttemptAt!) - clock.wall();
    await clock.advance(leftMs - 1);
    expect(system("a").pings).toHaveLength(pings.length);
    const before = pings.length;
    await clock.advance(2);
    expect(system("a").pings).toHaveLength(before + 1);
  });

  test("refused for its credentials is asked once an interval: more would lock the account", async () => {
    await open(["a"]);
    await toy("a").connect();
    system("a").refuses = true;
    while (stateOf("a") !== "down") await clock.advance(100);
    await clock.advance(10 * INTERVAL);
    expect(system("a").pings.length).toBeLessThanOrEqual(21);
    expect(system("a").pings.length).toBeGreaterThan(9);
    system("a").refuses = false;
    await clock.advance(INTERVAL);
    expect(stateOf("a")).toBe("ready");
  });

  test("down is asked exactly when its status says", async () => {
    await open(["a"]);
    await toy("a").connect();
    system("a").isDown = true;
    while (stateOf("a") !== "down") await clock.advance(10);
    for (let n = 1; n < 8; n++) {
      const leftMs = Date.parse(hub!.status().connectors["a"]!.nextAttemptAt!) - clock.wall();
      expect(leftMs).toBeGreaterThan(400);
      await clock.advance(leftMs - 1);
      expect(system("a").pings).toHaveLength(n);
      await clock.advance(2);
      expect(system("a").pings).toHaveLength(n + 1);
    }
  });

  test("down and back is ready again by itself, soon and with no call", async () => {
    await open(["a"]);
    await toy("a").connect();
    system("a").isDown = true;
    while (stateOf("a") !== "down") await clock.advance(100);
    system("a").isDown = false;
    await clock.advance(1_100);
    expect(hub!.status().connectors["a"]).toMatchObject({ state: "ready", consecutiveFailures: 0 });
    expect(hub!.status().connectors["a"]!.nextAttemptAt).toBeUndefined();
  });

  test("trap 20: out of reach from the start is connected by the monitor when it comes", async () => {
    system("a").isDown = true;
    await open(["a"], { connect: "eager" });
    expect(stateOf("a")).toBe("down");
    await clock.advance(INTERVAL);
    expect(stateOf("a")).toBe("down");
    system("a").isDown = false;
    await clock.advance(INTERVAL);
    expect(stateOf("a")).toBe("ready");
    expect(system("a").opened).toBe(1);
  });

  test("down because of its calls is asked at once, not after an interval", async () => {
    await open(["a"]);
    await echo("a");
    await clock.advance(1_000);
    system("a").isDown = true;
    const calls = [echo("a"), echo("a"), echo("a")];
    await clock.advance(2_000);
    await Promise.all(calls);
    expect(stateOf("a")).toBe("down");
    system("a").isDown = false;
    await clock.advance(5_000);
    expect(stateOf("a")).toBe("ready");
  });

  test("degraded is asked until it is not, also while it is busy", async () => {
    await open(["a"]);
    await toy("a").connect();
    system("a").degraded = "3 calls wait";
    while (stateOf("a") === "ready") await clock.advance(100);
    expect(hub!.status()).toMatchObject({
      state: "degraded",
      connectors: { a: { state: "degraded", reason: "3 calls wait" } },
    });
    system("a").degraded = undefined;
    for (let n = 0; n < 20; n++) {
      await echo("a");
      await clock.advance(100);
    }
    expect(stateOf("a")).toBe("ready");
  });

  test("disconnected by its user is left alone, whatever it was", async () => {
    await open(["a", "b"]);
    await toy("a").connect();
    system("b").isDown = true;
    await toy("b").connect().catch(String);
    await clock.advance(500);
    await Promise.all([toy("a").disconnect(), toy("b").disconnect()]);
    system("b").isDown = false;
    await clock.advance(10 * INTERVAL);
    expect([stateOf("a"), stateOf("b")]).toEqual(["lazy", "lazy"]);
    expect([system("a").pings, system("b").pings]).toEqual([[], []]);
    expect([system("a").opened, system("b").opened]).toEqual([1, 0]);
  });
});

describe("probes", () => {
  test("are one at a time for each connector, however slow it is", async () => {
    await open(["a"], { monitor: { interval: 100, timeout: "5s" } });
    await toy("a").connect();
    system("a").frozen = new Promise(() => {});
    await clock.advance(60_000);
    // A ping that does not listen stays behind; the monitor asks again only when its time is over.
    expect(system("a").pings.length).toBeLessThanOrEqual(12);
    expect(stateOf("a")).toBe("down");
  });

  test("of 200 connectors that were opened together are spread", async () => {
    const names = Array.from({ length: 200 }, (_, n) => `c${n}`);
    await open(names, { connect: "eager" });
    await clock.advance(INTERVAL * 1.1);
    const at = names.map((name) => system(name).pings[0]!).sort((a, b) => a - b);
    expect(at.every((each) => each !== undefined)).toBe(true);
    // Half an interval for 200; nowhere more than a tenth of them within a second.
    for (let n = 0; n + 40 < at.length; n++) expect(at[n + 40]! - at[n]!).toBeGreaterThan(1_000);
    for (const name of names) system(name).isDown = true;
    await clock.advance(INTERVAL * 1.1);
    expect(hub!.status().state).toBe("down");
    for (const name of names) system(name).isDown = false;
    await clock.advance(INTERVAL);
    expect(hub!.status().state).toBe("ready");
  });

  test("and timers are none after close, also where a system is frozen", async () => {
    await open(["a", "b"], { connect: "eager" });
    system("a").frozen = new Promise(() => {});
    while (system("a").pings.length === 0) await clock.advance(100);
    const pings = system("b").pings.length;
    await hub!.close();
    expect(clock.pending).toBe(0);
    await clock.advance(10 * INTERVAL);
    expect(system("b").pings).toHaveLength(pings);
    expect(hub!.status()).toMatchObject({ state: "ready", connectors: { a: { state: "lazy" }, b: { state: "lazy" } } });
  });

  test("are none where nobody asked for them", async () => {
    await open(["a"], { monitor: false });
    await toy("a").connect();
    expect(clock.pending).toBe(0);
    await clock.advance(10 * INTERVAL);
    expect(system("a").pings).toEqual([]);
  });

  test("go on where a class of the user's own fails to check", async () => {
    class Broken extends Toy {
      override healthCheck(): never {
        throw new Error("broken");
      }
    }
    const connectors = [
      { name: "a", type: "custom" as const, provider: Broken },
      { name: "b", type: "custom" as const, provider: Toy },
    ];
    hub = await openHub({ connectors }, { clock, watch: false, monitor: true, connect: "eager" });
    await clock.advance(4 * INTERVAL);
    expect(system("b").pings.length).toBeGreaterThan(2);
  });
});

test("a time-out of one's own is taken", async () => {
  await open(["a"], { connect: "eager", monitor: { interval: "1s", timeout: 700 } });
  system("a").frozen = new Promise(() => {});
  await clock.advance(2_100);
  expect(hub!.status().connectors["a"]!.lastError?.message).toContain("within 700 ms");
});

test("a hub that is left open does not keep the process alive for its monitor", async () => {
  const kept: number[] = [];
  const after: Clock["after"] = (ms, run) => {
    kept.push(ms);
    return clock.after(ms, run);
  };
  await open(["a"], { clock: { ...clock, after }, connect: "eager", monitor: { timeout: 1_234 } });
  await clock.advance(3 * INTERVAL);
  // A probe that is under way is waited for, as long as it may take.
  expect(new Set(kept)).toEqual(new Set([1_234]));
});

test("a connector that a reload brings is watched, one that it takes away is not", async () => {
  const entry = (name: string) => ({ name, type: "custom" as const, provider: Toy });
  const connectors = [entry("a")];
  const options = { clock, watch: false, connect: "eager", monitor: { interval: "10s" } } as const;
  hub = await openHub({ connectors }, options);
  connectors.splice(0, 1, entry("b"));
  expect(await hub.reload()).toMatchObject({ added: ["b"], removed: ["a"] });
  await clock.advance(30_000);
  expect(system("a").pings).toEqual([]);
  expect(system("b").pings.length).toBeGreaterThan(1);
});

test.each([
  [{ interval: 0 }, 'Invalid monitor.interval: expected at least 100 milliseconds, or text like "30s"'],
  [{ interval: "often" }, 'Invalid monitor.interval: expected at least 100 milliseconds, or text like "30s"'],
  [{ timeout: -1 }, 'Invalid monitor.timeout: expected at least 100 milliseconds, or text like "30s"'],
  [
    { intervall: "30s" },
    'Invalid monitor: unknown name "intervall"; did you mean "interval"?; allowed: interval, timeout',
  ],
  ["30s", "Invalid monitor: expected true, false or { interval, timeout }"],
  [null, "Invalid monitor: expected true, false or { interval, timeout }"],
  [[], "Invalid monitor: expected true, false or { interval, timeout }"],
])("%j is refused", async (monitor, message) => {
  await expect(openHub({ connectors: [] }, { monitor: monitor as never })).rejects.toMatchObject({
    kind: "config_invalid",
    message,
  });
});
