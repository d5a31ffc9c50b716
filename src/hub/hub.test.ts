import { getEventListeners, once } from "node:events";
import { inspect } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  BaseConnector,
  ConnectorError,
  defineConnector,
  openHub,
  read,
  secret,
  write,
  type Health,
  type Hub,
  type HubConfig,
  type HubOptions,
} from "../index.ts";
import { fakeClock } from "../testkit/fake-clock.ts";

/** What the tests do to a toy's system, by connector name. */
class System {
  /** Sessions opened, and of them those still open. */
  opened = 0;
  open = 0;
  isDown = false;
  /** Opening, closing and pinging wait for these. */
  opening: Promise<unknown> = Promise.resolve();
  closing: Promise<unknown> = Promise.resolve();
  pinging: Promise<unknown> = Promise.resolve();
  running: Promise<unknown> = Promise.resolve();
  degraded: string | undefined;
}
const systems = new Map<string, System>();
const system = (name: string): System => {
  const known = systems.get(name) ?? new System();
  systems.set(name, known);
  return known;
};
const NEVER = new Promise<never>(() => {});

const Toy = defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "A toy.",
  connection: z.strictObject({ host: z.string().default("localhost"), password: secret("Password.").optional() }),
  options: z.strictObject({ depth: z.int().default(1) }),
  operations: {
    echo: read("Echoes.", z.strictObject({ text: z.string() }), z.string()),
    work: write("Works.", z.strictObject({}), z.string()),
    leak: read("Fails with the password.", z.strictObject({}), z.string()),
  },
  async open({ connection }, env) {
    const its = system(env.name);
    await its.opening;
    if (its.isDown) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
    its.opened++;
    its.open++;
    return {
      handlers: {
        echo: async ({ text }) => text,
        work: async () => {
          await its.running;
          return "done";
        },
        leak: async () => {
          throw new Error(`refused ${connection.password?.reveal()}`);
        },
      },
      async ping() {
        await its.pinging;
        if (its.isDown) throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
        return its.degraded === undefined ? undefined : { degraded: its.degraded };
      },
      async close() {
        await its.closing;
        its.open--;
      },
    };
  },
  classify: () => undefined,
});

let hubs: Hub[] = [];
afterEach(async () => {
  for (const each of systems.values()) each.closing = Promise.resolve();
  await Promise.all(hubs.map((hub) => hub.close({ timeout: 0 }).catch(() => {})));
  hubs = [];
  systems.clear();
});
type Entry = Partial<HubConfig["connectors"][number]>;
const open = async (entries: Readonly<Record<string, Entry>>, options: HubOptions = {}): Promise<Hub> => {
  const connectors = Object.entries(entries).map(([name, entry]) => ({
    name,
    type: "custom" as const,
    provider: Toy,
    ...entry,
  }));
  const hub = await openHub({ connectors }, options);
  hubs.push(hub);
  return hub;
};

describe("connectors of a hub", () => {
  test("are got by name, and known by class", async () => {
    const hub = await open({ a: {}, b: { options: { depth: 3 } } });
    expect(hub.names()).toEqual(["a", "b"]);
    expect(hub.get("a")).toBe(hub.get("a", Toy));
    expect(await hub.get("a", Toy).echo({ text: "x" })).toBe("x");
    expect(hub.get("a")).toBeInstanceOf(BaseConnector);
    class Other {}
    expect(() => hub.get("a", Other)).toThrow(expect.objectContaining({ kind: "input_invalid" }));
  });

  test("of an unknown name are refused with the nearest", async () => {
    const hub = await open({ "primary-database": {}, api: {} });
    expect(() => hub.get("primary-databse")).toThrow(
      expect.objectContaining({
        kind: "not_found",
        message: 'There is no connector "primary-databse"; did you mean "primary-database"?',
        hint: "It has: primary-database, api.",
      }),
    );
    for (const name of ["__proto__", "constructor", "", undefined, 5])
      expect(() => hub.get(name as string)).toThrow(expect.objectContaining({ kind: "not_found" }));
  });

  test("connect on first use, once for all who call at the same time", async () => {
    const hub = await open({ a: {} });
    expect(hub.get("a").isConnected).toBe(false);
    const calls = Array.from({ length: 1_000 }, (_, n) => hub.get("a", Toy).echo({ text: String(n) }));
    expect((await Promise.all(calls))[999]).toBe("999");
    expect(system("a")).toMatchObject({ opened: 1, open: 1 });
  });

  test("connect from the start where the hub or they themselves say so", async () => {
    const hub = await open({ a: { connect: "eager" }, b: {}, c: { connect: "lazy" } });
    expect(hub.names().map((name) => hub.get(name).isConnected)).toEqual([true, false, false]);
    const other = await open({ d: {}, e: { connect: "lazy" } }, { connect: "eager" });
    expect(other.names().map((name) => other.get(name).isConnected)).toEqual([true, false]);
    expect(await hub.connect()).toEqual(new Map());
    expect(hub.names().map((name) => hub.get(name).isConnected)).toEqual([true, true, true]);
  });

  test("trap 20: that are out of reach stop neither the hub nor the others, and are tried again", async () => {
    system("down").isDown = true;
    const hub = await open({ down: {}, up: {} }, { connect: "eager" });
    expect(hub.get("up").isConnected).toBe(true);
    const failures = await hub.connect();
    expect([...failures.keys()]).toEqual(["down"]);
    expect(failures.get("down")).toMatchObject({ kind: "unavailable", connector: "down" });
    expect(hub.status()).toMatchObject({
      state: "down",
      connectors: {
        up: { state: "ready", required: true },
        down: { state: "down", lastError: { kind: "unavailable" }, required: true },
      },
    });
    expect(await hub.health()).toMatchObject({
      status: "unhealthy",
      connectors: {
        up: { status: "healthy" },
        down: { status: "unhealthy", connected: false, error: expect.stringContaining("Failed to connect to Toy") },
      },
    });
    system("down").isDown = false;
    expect(await hub.get("down", Toy).echo({ text: "back" })).toBe("back");
    expect((await hub.health()).status).toBe("healthy");
  });

  test("whose configuration is wrong stop the hub, all told at once, and nothing is opened", async () => {
    const opening = open({ a: { connect: "eager" }, b: { options: { dept: 1 } }, c: { connection: { host: 5 } } });
    await expect(opening).rejects.toMatchObject({
      kind: "config_invalid",
      message: expect.stringMatching(/2 problems:\n.*b\.options\.dept: unknown name "dept".*\n.*c\.connection\.host: /),
    });
    expect(system("a").opened).toBe(0);
  });

  test("take what the caller overrides", async () => {
    const hub = await open({ a: { options: { depth: 2 } } }, { overrides: { a: { host: "other", retryAttempts: 1 } } });
    expect(hub.describe()[0]!.settings).toMatchObject({
      connection: { host: "other" },
      options: { depth: 2 },
      policies: { retryAttempts: 1 },
    });
  });

  test("that extend a class must hand on what the hub gives them", async () => {
    class Extended extends Toy {
      twice(text: string): Promise<string> {
        return this.echo({ text: text + text });
      }
    }
    const hub = await open({ a: { provider: Extended } });
    expect(await hub.get("a", Extended).twice("x")).toBe("xx");
    class Forgetful extends Toy {
      constructor(config: ConstructorParameters<typeof Toy>[0]) {
        super(config);
      }
    }
    await expect(open({ a: { provider: Forgetful } })).rejects.toThrow(
      "a: the constructor of Forgetful must pass its second argument on to super()",
    );
  });
});

describe("the health of a hub", () => {
  test.each<[Health["status"], Readonly<Record<string, Entry>>, (its: typeof system) => void]>([
    ["healthy", { a: {}, b: {} }, () => {}],
    ["unhealthy", { a: {}, b: {} }, (its) => void (its("b").isDown = true)],
    ["degraded", { a: {}, b: { required: false } }, (its) => void (its("b").isDown = true)],
    ["degraded", { a: {}, b: {} }, (its) => void (its("b").degraded = "slow")],
    [
      "unhealthy",
      { a: { required: false }, b: {} },
      (its) => {
        its("a").degraded = "slow";
        its("b").isDown = true;
      },
    ],
    ["degraded", { a: { required: false } }, (its) => void (its("a").isDown = true)],
  ])("is %s with %j", async (status, entries, arrange) => {
    arrange(system);
    const hub = await open(entries);
    const health = await hub.health();
    expect(health.status).toBe(status);
    expect(Object.keys(health.connectors)).toEqual(Object.keys(entries));
    for (const [name, { required = true }] of Object.entries(entries))
      expect(health.connectors[name]).toMatchObject({ required, timestamp: expect.any(String) });
  });

  test("is told in time, though one system never answers", async () => {
    const clock = fakeClock();
    const hub = await open({ a: {}, stuck: {}, unborn: {} }, { clock });
    await hub.get("stuck").connect();
    system("stuck").pinging = NEVER;
    system("unborn").opening = NEVER;
    const asking = hub.health();
    await clock.advance(5_000);
    expect(await asking).toMatchObject({
      status: "unhealthy",
      timestamp: "2026-01-01T00:00:00.000Z",
      connectors: {
        a: { status: "healthy" },
        stuck: { status: "unhealthy", error: expect.stringContaining("within 5000 ms") },
        unborn: { status: "unhealthy" },
      },
    });
    const closing = hub.close();
    await clock.advance(20_000);
    await closing;
  });

  test("trap 13: is asked without disturbing: the session stays, a running call goes on", async () => {
    const hub = await open({ a: {} });
    let finish = (): void => {};
    system("a").running = new Promise<void>((resolve) => (finish = resolve));
    const call = hub.get("a", Toy).work();
    for (let n = 0; n < 100; n++) await hub.health();
    system("a").isDown = true;
    expect((await hub.health()).status).toBe("unhealthy");
    system("a").isDown = false;
    finish();
    expect(await call).toBe("done");
    expect(system("a")).toMatchObject({ opened: 1, open: 1 });
  });

  test("is still told after close", async () => {
    const hub = await open({ a: {} });
    await hub.close();
    expect(await hub.health()).toMatchObject({ status: "unhealthy", connectors: { a: { connected: false } } });
    expect(system("a").opened).toBe(0);
  });
});

describe("the status of a hub", () => {
  test("is told from memory: nothing is connected and nobody is asked", async () => {
    const hub = await open({ a: {}, b: { required: false } }, { clock: fakeClock() });
    const lazy = { state: "lazy", since: "2026-01-01T00:00:00.000Z", consecutiveFailures: 0 };
    expect(hub.status()).toEqual({
      state: "ready",
      timestamp: "2026-01-01T00:00:00.000Z",
      connectors: { a: { ...lazy, required: true }, b: { ...lazy, required: false } },
    });
    expect(system("a").opened).toBe(0);
  });

  test.each([
    ["ready", {}, []],
    ["down", {}, ["a"]],
    ["degraded", { required: false }, ["a"]],
    ["down", { required: false }, ["a", "b"]],
  ] as const)("is %s with %j and %j down", async (state, entry, down) => {
    const hub = await open({ a: entry, b: {} });
    for (const name of down) system(name).isDown = true;
    await hub.connect();
    expect(hub.status().state).toBe(state);
    for (const name of down) expect(hub.get(name, Toy).status).toMatchObject({ state: "down", lastError: {} });
  });

  test("follows what health checks find", async () => {
    const hub = await open({ a: {}, b: {} });
    await hub.health();
    expect(hub.status().state).toBe("ready");
    system("a").degraded = "slow";
    system("b").isDown = true;
    await hub.health();
    expect(hub.status()).toMatchObject({
      state: "down",
      connectors: { a: { state: "degraded", reason: "slow" }, b: { state: "down" } },
    });
    system("a").degraded = undefined;
    system("b").isDown = false;
    await hub.health();
    expect(hub.status().state).toBe("ready");
  });
});

describe("closing a hub", () => {
  test("ends all sessions, may be asked twice, and leaves nothing to get", async () => {
    const hub = await open({ a: {}, b: {} }, { connect: "eager" });
    const kept = hub.get("a", Toy);
    await Promise.all([hub.close(), hub.close(), hub[Symbol.asyncDispose]()]);
    await hub.close();
    expect([system("a").open, system("b").open]).toEqual([0, 0]);
    expect(() => hub.get("a")).toThrow(expect.objectContaining({ kind: "not_connected" }));
    await expect(hub.connect()).rejects.toMatchObject({ kind: "not_connected" });
    await expect(kept.echo({ text: "x" })).rejects.toThrow("Connector not connected");
    expect(system("a").opened).toBe(1);
  });

  test("happens at the end of a block", async () => {
    {
      await using hub = await open({ a: {} });
      await hub.get("a", Toy).echo({ text: "x" });
      expect(system("a").open).toBe(1);
    }
    expect(system("a").open).toBe(0);
  });

  test("lets running calls finish, all within one deadline, and cancels the rest", async () => {
    const clock = fakeClock();
    const hub = await open({ a: {}, b: {} }, { clock, connect: "eager" });
    let finish = (): void => {};
    system("a").running = new Promise<void>((resolve) => (finish = resolve));
    system("b").running = NEVER;
    const calls = Promise.allSettled([hub.get("a", Toy).work(), hub.get("b", Toy).work()]);
    const closing = hub.close({ timeout: 2_000 });
    await clock.advance(1_000);
    expect([system("a").open, system("b").open]).toEqual([1, 1]);
    finish();
    await clock.advance(999);
    expect([system("a").open, system("b").open]).toEqual([0, 1]);
    await clock.advance(1);
    await closing;
    expect(await calls).toMatchObject([
      { status: "fulfilled", value: "done" },
      { status: "rejected", reason: { kind: "cancelled", outcome: "unknown" } },
    ]);
    expect(system("b").open).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("is not held up by a system that never says goodbye, and says so", async () => {
    const clock = fakeClock();
    const hub = await open({ a: {}, stuck: {} }, { clock, connect: "eager" });
    system("stuck").closing = NEVER;
    const closing = hub.close({ timeout: 1_000 });
    const failed = expect(closing).rejects.toMatchObject({
      kind: "internal",
      message: "Could not close: stuck",
      cause: { kind: "timeout", message: expect.stringContaining("did not close within") },
    });
    await clock.advance(60_000);
    await failed;
    expect(system("a").open).toBe(0);
    expect(clock.pending).toBe(0);
  });

  test("of which one fails still closes the others", async () => {
    const hub = await open({ a: {}, bad: {}, c: {} }, { connect: "eager" });
    system("bad").closing = Promise.reject(new Error("broken pipe"));
    await expect(hub.close()).rejects.toThrow("Could not close: bad");
    expect([system("a").open, system("c").open]).toEqual([0, 0]);
  });

  test("ends an attempt to connect, and what it brings later is closed", async () => {
    const hub = await open({ a: {} });
    let opened = (): void => {};
    system("a").opening = new Promise<void>((resolve) => (opened = resolve));
    const call = hub.get("a", Toy).echo({ text: "x" });
    const refused = expect(call).rejects.toMatchObject({ kind: "cancelled" });
    await hub.close();
    await refused;
    opened();
    await expect.poll(() => system("a")).toMatchObject({ opened: 1, open: 0 });
  });

  test("ends calls that wait for another try; none of them connects again", async () => {
    const clock = fakeClock();
    system("a").isDown = true;
    const entry = { options: { retryAttempts: 5, retry: { delay: 60_000, maxDelay: 60_000 }, timeout: 0 } };
    const hub = await open({ a: entry }, { clock });
    const calls = Promise.allSettled(Array.from({ length: 20 }, () => hub.get("a", Toy).echo({ text: "x" })));
    await clock.settle();
    const closing = hub.close({ timeout: 100 });
    system("a").isDown = false;
    await clock.advance(600_000);
    await closing;
    for (const { status } of await calls) expect(status).toBe("rejected");
    expect(system("a").open).toBe(0);
    expect(clock.pending).toBe(0);
  });
});

describe("a hub with a signal", () => {
  test("is closed when it aborts, and no longer listens once it is closed", async () => {
    const abort = new AbortController();
    const hub = await open({ a: {} }, { signal: abort.signal, connect: "eager" });
    expect(getEventListeners(abort.signal, "abort")).toHaveLength(1);
    abort.abort();
    await hub.close();
    expect(system("a").open).toBe(0);
    const other = new AbortController();
    const second = await open({ a: {} }, { signal: other.signal });
    await second.close();
    expect(getEventListeners(other.signal, "abort")).toHaveLength(0);
  });

  test("that has aborted already, or aborts while it opens, is not opened", async () => {
    await expect(open({ a: {} }, { signal: AbortSignal.abort(), connect: "eager" })).rejects.toMatchObject({
      kind: "cancelled",
    });
    expect(system("a").opened).toBe(0);
    const abort = new AbortController();
    system("a").opening = once(abort.signal, "abort");
    const opening = open({ a: {}, b: {} }, { signal: abort.signal, connect: "eager" });
    const refused = expect(opening).rejects.toMatchObject({ kind: "cancelled", outcome: "none" });
    await expect.poll(() => system("b").open).toBe(1);
    abort.abort();
    await refused;
    await expect.poll(() => [system("a").open, system("b").open]).toEqual([0, 0]);
    expect(getEventListeners(abort.signal, "abort")).toHaveLength(0);
  });
});

describe("what a hub shows", () => {
  const canary = "canary-5e1f";

  test("is never a secret", async () => {
    const hub = await open({ a: { connection: { password: canary } } }, { connect: "eager" });
    const error: unknown = await hub
      .get("a", Toy)
      .leak()
      .catch((thrown: unknown) => thrown);
    const wrong: unknown = await open({
      b: { connection: { password: canary, host: 5 }, options: { [canary]: 1 } },
    }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(ConnectorError);
    for (const shown of [hub, hub.describe(), hub.get("a"), await hub.health(), error, [hub, { hub }]]) {
      expect(inspect(shown, { depth: 7, showHidden: true, getters: true })).not.toContain(canary);
      expect(JSON.stringify(shown)).not.toContain(canary);
      expect(String(shown)).not.toContain(canary);
    }
    expect((wrong as Error).message).toContain("b.connection.host");
  });

  test("is its connectors, with what they can do", async () => {
    const hub = await open({ a: { required: false, connect: "eager" }, b: {} });
    expect(hub.describe()).toMatchObject(
      [
        {
          name: "a",
          provider: "Toy",
          type: "custom",
          title: "Toy",
          required: false,
          connect: "eager",
          isConnected: true,
        },
        { name: "b", required: true, connect: "lazy", isConnected: false },
      ].map(({ provider: _, ...rest }) => rest),
    );
    expect(Object.keys(hub.describe()[0]!.operations)).toEqual(["echo", "work", "leak"]);
    expect(inspect(hub)).toBe("Hub (a, b)");
    expect(JSON.parse(JSON.stringify(hub))).toEqual([
      { name: "a", provider: "toy", isConnected: true },
      { name: "b", provider: "toy", isConnected: false },
    ]);
  });
});
