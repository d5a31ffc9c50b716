import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { mkdtemp, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  BaseConnector,
  ConnectorError,
  defineConnector,
  openHub,
  read,
  secret,
  type Health,
  type Hub,
  type HubOptions,
  type NoticeEvent,
} from "../index.ts";
import type { AuditEvent } from "../core/audit-event.ts";
import { fakeClock } from "../testkit/fake-clock.ts";

/** Hosts that are down, sessions that are open as host/password, and what calls wait for. */
let down: Set<string>;
let live: string[];
let working: Promise<unknown>;
/** Passwords that are refused. */
let refused: Set<string>;

const Toy = defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "A toy.",
  connection: z.strictObject({ host: z.string(), password: secret("Password.").optional() }),
  operations: {
    where: read("Where.", z.strictObject({}), z.string()),
    work: read("Works.", z.strictObject({}), z.string()),
  },
  async open({ connection: { host, password } }) {
    if (down.has(host)) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    const id = `${host}/${password?.reveal() ?? ""}`;
    live.push(id);
    return {
      handlers: {
        async where() {
          if (refused.has(password?.reveal() ?? "")) throw new ConnectorError("unauthenticated", "who are you?");
          return id;
        },
        async work() {
          await working;
          return id;
        },
      },
      async ping() {
        if (down.has(host)) throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
      },
      async close() {
        live.splice(live.indexOf(id), 1);
      },
    };
  },
  classify: () => undefined,
});

/** The same shape under another class. */
const Other = defineConnector({
  provider: "other",
  type: "custom",
  title: "Other",
  summary: "Another toy.",
  connection: z.strictObject({ host: z.string() }),
  operations: { where: read("Where.", z.strictObject({}), z.string()) },
  async open({ connection: { host } }) {
    if (down.has(host)) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    live.push(`other ${host}`);
    return {
      handlers: { where: async () => `other ${host}` },
      ping: async () => {},
      close: async () => void live.splice(live.indexOf(`other ${host}`), 1),
    };
  },
  classify: () => undefined,
});

class Legacy extends BaseConnector {
  readonly host: string;
  constructor(config: { readonly host: string }) {
    super(config);
    this.host = config.host;
  }
  override async connect(): Promise<void> {
    live.push(`legacy ${this.host}`);
  }
  override async disconnect(): Promise<void> {
    live.splice(live.indexOf(`legacy ${this.host}`), 1);
  }
  override async execute(): Promise<never> {
    return this.host as never;
  }
  override async healthCheck(): Promise<Health> {
    return { status: "healthy", connected: true, timestamp: "" };
  }
  whoami(): string {
    return this.host;
  }
}

const hubs: Hub[] = [];
let heard: (NoticeEvent | AuditEvent)[];
const hear = (event: unknown): void => void heard.push(event as NoticeEvent);

/** A hub whose configuration is an object that the test changes; provider classes are written as they are. */
type Entries = Record<string, { readonly provider?: unknown; readonly host: string; readonly connect?: "eager" }>;
async function hubOf(entries: Entries, options: HubOptions = {}): Promise<Hub> {
  const source = {
    get connectors() {
      return Object.entries(entries).map(([name, { provider = Toy, host, connect }]) => ({
        name,
        type: "custom" as const,
        provider: provider as typeof Toy,
        connection: { host },
        ...(connect && { connect }),
      }));
    },
  };
  const hub = await openHub(source, options);
  hubs.push(hub);
  return hub;
}
const where = (hub: Hub, name: string): Promise<unknown> => hub.get(name).execute("where" as never);
const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

beforeEach(() => {
  down = new Set();
  refused = new Set();
  live = [];
  working = Promise.resolve();
  heard = [];
  subscribe("busbar:notice", hear);
  subscribe("busbar:audit", hear);
});
afterEach(async () => {
  await Promise.all(hubs.splice(0).map((hub) => hub.close({ timeout: 50 })));
  unsubscribe("busbar:notice", hear);
  unsubscribe("busbar:audit", hear);
});

describe("reload", () => {
  test("adds, changes, removes and leaves alone, in the new order, and says so", async () => {
    const entries: Entries = { a: { host: "1" }, b: { host: "1" }, c: { host: "1" } };
    const hub = await hubOf(entries);
    await hub.connect();
    delete entries["a"];
    entries["b"] = { host: "2" };
    const { c, ...rest } = entries;
    for (const name of Object.keys(entries)) delete entries[name];
    Object.assign(entries, { d: { host: "1" }, c, ...rest });
    const reloaded = await hub.reload();
    expect(reloaded).toEqual({ added: ["d"], changed: ["b"], unchanged: ["c"], removed: ["a"], failed: new Map() });
    expect(hub.names()).toEqual(["d", "c", "b"]);
    expect(await Promise.all(["b", "c", "d"].map((name) => where(hub, name)))).toEqual(["2/", "1/", "1/"]);
    await expect.poll(() => live.toSorted()).toEqual(["1/", "1/", "2/"]);
    expect(() => hub.get("a")).toThrow('There is no connector "a"');
    expect(heard).toContainEqual({ event: "configuration reloaded", files: [], connectors: ["d", "c", "b"] });
  });

  test("connectors that were handed out go on with the new configuration", async () => {
    const entries: Entries = { a: { host: "1" } };
    const hub = await hubOf(entries);
    const before = hub.get("a");
    expect(await before.execute("where" as never)).toBe("1/");
    entries["a"] = { host: "2" };
    await hub.reload();
    expect(await before.execute("where" as never)).toBe("2/");
    expect(hub.get("a")).toBe(before);
  });

  test("trap 10: what does not work does not replace what does, holds up nobody else, and is told", async () => {
    const entries: Entries = { a: { host: "1" }, b: { host: "1" } };
    const hub = await hubOf(entries);
    await hub.connect();
    down.add("bad");
    Object.assign(entries, { a: { host: "bad" }, b: { host: "2" } });
    const { changed, failed } = await hub.reload();
    expect([changed, [...failed.keys()]]).toEqual([["b"], ["a"]]);
    expect(failed.get("a")).toMatchObject({ kind: "unavailable", connector: "a" });
    expect([await where(hub, "a"), await where(hub, "b")]).toEqual(["1/", "2/"]);
    expect(heard).toContainEqual(
      expect.objectContaining({ connector: "a", name: "configuration kept", severity: "warning" }),
    );
    down.clear();
    expect((await hub.reload()).changed).toEqual(["a"]);
    expect(await where(hub, "a")).toBe("bad/");
  });

  test("trap 10: a configuration that is wrong changes nothing at all", async () => {
    const entries: Entries = { a: { host: "1" }, b: { host: "1" } };
    const hub = await hubOf(entries);
    await hub.connect();
    Object.assign(entries, { a: { host: 7 as never }, b: { host: "2" } });
    expect(await failure(hub.reload())).toMatchObject({ kind: "config_invalid" });
    expect([await where(hub, "a"), await where(hub, "b")]).toEqual(["1/", "1/"]);
  });

  test("does not connect what nobody has used, and does not prove it either", async () => {
    const entries: Entries = { a: { host: "1" } };
    const hub = await hubOf(entries);
    down.add("2");
    entries["a"] = { host: "2" };
    expect((await hub.reload()).changed).toEqual(["a"]);
    expect(live).toEqual([]);
  });

  test("connects what is added to be connected from the start; that it is down stops nobody", async () => {
    const entries: Entries = { a: { host: "1" } };
    const hub = await hubOf(entries);
    down.add("3");
    Object.assign(entries, { b: { host: "2", connect: "eager" }, c: { host: "3", connect: "eager" } });
    expect((await hub.reload()).added).toEqual(["b", "c"]);
    expect(live).toEqual(["2/"]);
  });

  test("another class takes the name over; the connector of the old one is drained, then says that it is closed", async () => {
    const entries: Entries = { a: { host: "1" } };
    const hub = await hubOf(entries);
    const old = hub.get("a");
    let finish!: () => void;
    working = new Promise<void>((resolve) => (finish = resolve));
    const running = old.execute("work" as never);
    await expect.poll(() => live.length).toBe(1);
    entries["a"] = { host: "2", provider: Other };
    expect((await hub.reload()).changed).toEqual(["a"]);
    expect(await where(hub, "a")).toBe("other 2");
    finish();
    expect(await running).toBe("1/");
    await expect.poll(() => live).toEqual(["other 2"]);
    expect((await failure(old.execute("where" as never))).message).toContain("Connector not connected");
  });

  test("what is replaced by another class has five minutes for its calls, and no longer", async () => {
    const clock = fakeClock();
    const entries: Entries = { a: { host: "1" }, b: { host: "1" } };
    const hub = await hubOf(entries, { clock });
    working = new Promise(() => {});
    const running = ["a", "b"].map((name) => failure(hub.get(name).execute("work" as never, {}, { timeout: 0 })));
    await clock.settle();
    entries["a"] = { host: "2", provider: Other };
    delete entries["b"];
    await hub.reload();
    await clock.advance(299_000);
    expect(live).toEqual(["1/", "1/", "other 2"]);
    await clock.advance(1_000);
    expect((await Promise.all(running)).map(({ kind }) => kind)).toEqual(["cancelled", "cancelled"]);
    expect(live).toEqual(["other 2"]);
    const closing = hub.close();
    await clock.advance(0);
    await closing;
  });

  test("closing the hub waits for what is leaving no longer than it was told", async () => {
    const clock = fakeClock();
    const entries: Entries = { a: { host: "1" }, b: { host: "1" }, c: { host: "1" } };
    const hub = await hubOf(entries, { clock });
    working = new Promise(() => {});
    const running = ["a", "b", "c"].map((name) => failure(hub.get(name).execute("work" as never, {}, { timeout: 0 })));
    await clock.settle();
    entries["a"] = { host: "2", provider: Other };
    delete entries["b"];
    await hub.reload();
    const closing = hub.close({ timeout: 500 });
    await clock.advance(500);
    await closing;
    expect((await Promise.all(running)).map(({ kind }) => kind)).toEqual(["cancelled", "cancelled", "cancelled"]);
    expect([live, clock.pending]).toEqual([[], 0]);
  });

  test("a class that throws when it is made again keeps its name to what works, and its secrets to itself", async () => {
    let made = 0;
    class Moody extends Toy {
      constructor(...given: ConstructorParameters<typeof Toy>) {
        super(...given);
        if (++made === 3) throw new TypeError(`cannot make of ${String(given[0].password)}`);
      }
    }
    const entry = (password: string) => ({
      name: "a",
      type: "custom" as const,
      provider: Moody,
      connection: { host: "1", password },
    });
    const connectors = [entry("secret-one")];
    const hub = await openHub({ connectors });
    hubs.push(hub);
    await hub.connect();
    connectors[0] = entry("secret-two");
    const { failed } = await hub.reload();
    expect(failed.get("a")).toMatchObject({ kind: "config_invalid", connector: "a" });
    expect(String(failed.get("a")?.stack)).not.toContain("secret-two");
    expect(JSON.stringify(heard)).not.toContain("secret-two");
    expect(await where(hub, "a")).toBe("1/secret-one");
  });

  test("trap 10: another class that cannot connect does not take over", async () => {
    const entries: Entries = { a: { host: "1" } };
    const hub = await hubOf(entries);
    await hub.connect();
    down.add("2");
    entries["a"] = { host: "2", provider: Other };
    expect((await hub.reload()).failed.get("a")).toMatchObject({ kind: "unavailable" });
    expect([await where(hub, "a"), live]).toEqual(["1/", ["1/"]]);
  });

  test("a class written by hand is not made anew for every refusal", async () => {
    let made = 0;
    class Refused extends Legacy {
      constructor(config: { readonly host: string }) {
        super(config);
        made++;
      }
      override async execute(): Promise<never> {
        throw new ConnectorError("unauthenticated", "who are you?");
      }
    }
    const hub = await hubOf({ a: { host: "1", provider: Refused } });
    expect((await failure(where(hub, "a"))).kind).toBe("unauthenticated");
    expect(made).toBe(1);
  });

  test("a class written by hand gets a new instance behind the same handle", async () => {
    const entries: Entries = { a: { host: "1", provider: Legacy } };
    const hub = await hubOf(entries);
    const legacy = hub.get("a", Legacy);
    expect([await legacy.execute(), legacy.whoami(), legacy.host]).toEqual(["1", "1", "1"]);
    entries["a"] = { host: "2", provider: Legacy };
    expect((await hub.reload()).changed).toEqual(["a"]);
    expect([await legacy.execute(), legacy.whoami(), legacy.host]).toEqual(["2", "2", "2"]);
    expect(hub.get("a", Legacy)).toBe(legacy);
    await expect.poll(() => live).toEqual(["legacy 2"]);
  });

  test("many at a time come one after the other; under load no call fails and nothing stays open", async () => {
    const entries: Entries = { a: { host: "0" } };
    const hub = await hubOf(entries);
    const a = hub.get("a");
    let isOver = false;
    const caller = async (): Promise<number> => {
      let calls = 0;
      for (; !isOver; calls++) {
        expect(await a.execute("where" as never)).toMatch(/^\d+\/$/);
        await new Promise(setImmediate);
      }
      return calls;
    };
    const callers = Array.from({ length: 8 }, caller);
    for (let round = 1; round <= 10; round++) {
      entries["a"] = { host: String(round) };
      await Promise.all([hub.reload(), hub.reload()]);
    }
    isOver = true;
    for (const calls of await Promise.all(callers)) expect(calls).toBeGreaterThan(0);
    await expect.poll(() => live).toEqual(["10/"]);
  });

  test("of a hub that is closed, or is being closed, is refused and leaves nothing open", async () => {
    const entries: Entries = { a: { host: "1" } };
    const hub = await hubOf(entries);
    await hub.connect();
    Object.assign(entries, { a: { host: "2" }, b: { host: "3", connect: "eager" } });
    const reloading = hub.reload().catch((error: unknown) => (error as ConnectorError).kind);
    const closing = hub.close();
    expect(await reloading).toBe("not_connected");
    await closing;
    expect([live, (await failure(hub.reload())).kind]).toEqual([[], "not_connected"]);
  });
});

describe("files", () => {
  let folder: string;
  const at = (name: string): string => join(folder, name);
  const WATCH = { watchInterval: 10 } as const;
  const config = (host: string, password = "${file:secret}"): string =>
    `connectors:\n  - name: a\n    type: custom\n    provider: ./toy.mjs\n    connection: { host: "${host}", password: "${password}" }\n`;
  const open = async (options: HubOptions = {}): Promise<Hub> => {
    const hub = await openHub(at("c.yaml"), { ...WATCH, ...options });
    hubs.push(hub);
    return hub;
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), "busbar-reload-"));
    // The class of this file, under a path.
    (globalThis as Record<string, unknown>)["reloadToy"] = Toy;
    await writeFile(at("toy.mjs"), "export default globalThis.reloadToy;\n");
    await writeFile(at("secret"), "one\n");
    await writeFile(at("c.yaml"), config("1"));
  });
  afterEach(async () => {
    await Promise.all(hubs.splice(0).map((hub) => hub.close({ timeout: 50 })));
    await rm(folder, { recursive: true });
  });

  test("a secret that changes in its file is taken on, without being asked", async () => {
    const hub = await open();
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at("secret"), "two\n");
    await expect.poll(() => where(hub, "a")).toBe("1/two");
    await expect.poll(() => live).toEqual(["1/two"]);
    expect(heard).toContainEqual({ event: "configuration reloaded", files: [at("c.yaml")], connectors: ["a"] });
  });

  test("a secret that was read anew after a refusal can be taken back", async () => {
    const hub = await open({ watch: false });
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at("secret"), "two\n");
    refused.add("one");
    expect(await where(hub, "a")).toBe("1/two");
    expect((await hub.reload()).unchanged).toEqual(["a"]);
    refused.clear();
    await writeFile(at("secret"), "one\n");
    expect((await hub.reload()).changed).toEqual(["a"]);
    expect(await where(hub, "a")).toBe("1/one");
  });

  test("also where a link is turned to another folder, as Kubernetes does", async () => {
    for (const [name, secret] of [
      ["v1", "one"],
      ["v2", "two"],
    ] as const) {
      await writeFile(at(name), secret);
    }
    await rm(at("secret"));
    await symlink("v1", at("secret"));
    const hub = await open();
    expect(await where(hub, "a")).toBe("1/one");
    await symlink("v2", at("next"));
    await rename(at("next"), at("secret"));
    await expect.poll(() => where(hub, "a")).toBe("1/two");
  });

  test("a change of the configuration itself waits for `reload`, unless it is watched", async () => {
    const hub = await open();
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at("c.yaml"), config("2"));
    await writeFile(at("secret"), "two\n");
    await expect.poll(() => where(hub, "a")).toBe("1/two");
    await hub.reload();
    expect(await where(hub, "a")).toBe("2/two");
  });

  test("with `watch: true` it is put in force, and one that is wrong is told and left", async () => {
    const hub = await open({ watch: true });
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at("c.yaml"), "connectors: [");
    await expect
      .poll(() => heard)
      .toContainEqual(expect.objectContaining({ connector: "hub", name: "configuration kept", severity: "warning" }));
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at("c.yaml.new"), config("2"));
    await rename(at("c.yaml.new"), at("c.yaml"));
    await expect.poll(() => where(hub, "a")).toBe("2/one");
  });

  test("a variable of the `.env` beside it counts as a value", async () => {
    await writeFile(at("c.yaml"), config("1", "${RELOAD_TEST_SECRET}"));
    await writeFile(at(".env"), "RELOAD_TEST_SECRET=one\n");
    const hub = await open();
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at(".env"), "RELOAD_TEST_SECRET=two\n");
    await expect.poll(() => where(hub, "a")).toBe("1/two");
  });

  test("a secret file that disappears changes nothing, and one that comes back is taken on", async () => {
    const hub = await open();
    expect(await where(hub, "a")).toBe("1/one");
    await rm(at("secret"));
    await expect.poll(() => heard).toContainEqual(expect.objectContaining({ name: "configuration kept" }));
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at("secret"), "three");
    await expect.poll(() => where(hub, "a")).toBe("1/three");
  });

  test("a secret that is missing keeps its own connector as it was, and no other", async () => {
    await writeFile(at("other"), "a");
    const entry = config("2", "${file:other}").replace("connectors:\n", "").replace("name: a", "name: b");
    await writeFile(at("c.yaml"), config("1") + entry);
    const hub = await open();
    expect([await where(hub, "a"), await where(hub, "b")]).toEqual(["1/one", "2/a"]);
    await rm(at("secret"));
    await expect
      .poll(() => heard)
      .toContainEqual(expect.objectContaining({ connector: "a", name: "configuration kept", severity: "warning" }));
    await writeFile(at("other"), "b");
    await expect.poll(() => where(hub, "b")).toBe("2/b");
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at("secret"), "two");
    await expect.poll(() => where(hub, "a")).toBe("1/two");
  });

  test("nothing is watched where nobody wants it, nor once the hub is closed", async () => {
    const hub = await open({ watch: false });
    expect(await where(hub, "a")).toBe("1/one");
    await writeFile(at("secret"), "two\n");
    const watched = await open();
    expect(await where(watched, "a")).toBe("1/two");
    await writeFile(at("secret"), "three\n");
    await expect.poll(() => where(watched, "a")).toBe("1/three");
    expect(await where(hub, "a")).toBe("1/one");
    await Promise.all([hub.close(), watched.close()]);
    expect(live).toEqual([]);
  });

  test("no secret stands in what is told of a reload", async () => {
    const hub = await open({ watch: true });
    await where(hub, "a");
    await writeFile(at("secret"), "super-secret-two");
    await expect.poll(() => where(hub, "a")).toBe("1/super-secret-two");
    await writeFile(at("c.yaml"), config("2"));
    await expect.poll(() => where(hub, "a")).toBe("2/super-secret-two");
    expect(JSON.stringify([heard, hub.describe(), await hub.reload()])).not.toContain("super-secret");
  });
});

test.each([
  [{ watchInterval: "soon" }, "Invalid watchInterval: expected milliseconds"],
  [{ watchInterval: 0 }, "Invalid watchInterval: expected milliseconds"],
  [{ watch: "all" as never }, 'Invalid watch: expected true, false or "values"'],
])("an option that is wrong is refused: %j", async (options, message) => {
  expect((await failure(hubOf({ a: { host: "1" } }, options))).message).toContain(message);
});
