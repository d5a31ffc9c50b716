import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineConnector, read, secret, stream, type ConnectorError } from "../index.ts";
import type { AuditEvent } from "../core/audit-event.ts";
import type { NoticeEvent } from "../core/events.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";

/** The system: passwords that it takes, and what it is asked. */
class System {
  passwords = new Set(["one"]);
  isDown = false;
  isUnwell = false;
  opened = 0;
  readonly live = new Set<string>();
  opening: Promise<unknown> = Promise.resolve();
  working: Promise<unknown> = Promise.resolve();
  /** How sessions take on other connections by themselves; absent where they cannot. */
  renews = false;
  renewed: string[] = [];
}
let system: System;

const refused = () => Object.assign(new Error("who are you?"), { code: "EAUTH" });

const Toy = defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "A toy.",
  connection: z.strictObject({ host: z.string().default("a"), password: secret("Password.") }),
  options: z.strictObject({ depth: z.int().default(1) }),
  operations: {
    /** Answers with the host and depth of the session that it ran on. */
    where: read("Where.", z.strictObject({}), z.string()),
    work: read("Works until it may end.", z.strictObject({}), z.string()),
    items: stream("Many.", z.strictObject({}), z.number()),
  },
  async open({ connection, options }, env) {
    await system.opening;
    let { host, password } = connection;
    const check = (given = password): void => {
      if (system.isDown) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
      if (!system.passwords.has(given.reveal())) throw refused();
    };
    check();
    const id = `${host}/${options.depth}/${++system.opened}`;
    system.live.add(id);
    const answer = async (): Promise<string> => {
      check();
      return `${host}/${options.depth}`;
    };
    return {
      handlers: {
        where: answer,
        async work() {
          await system.working;
          return `${host}/${options.depth}`;
        },
        async *items() {
          yield* [1, 2, 3];
        },
      },
      async ping() {
        check();
        if (system.isUnwell) throw Object.assign(new Error("not well"), { code: "ECONNRESET" });
      },
      ...(system.renews && {
        async renew(other: Readonly<Record<string, unknown>>) {
          const next = other as typeof connection;
          await system.opening;
          check(next.password);
          ({ host, password } = next);
          system.renewed.push(host);
        },
      }),
      async close() {
        void env;
        system.live.delete(id);
      },
    };
  },
  classify: (error) => ((error as { code?: string }).code === "EAUTH" ? { kind: "unauthenticated" } : undefined),
});

type Config = ConstructorParameters<typeof Toy>[0];
let clock: FakeClock;
let heard: (NoticeEvent | AuditEvent)[];
const hear = (event: unknown): void => void heard.push(event as NoticeEvent);
const make = (config: Partial<Config> = {}, renew?: () => Promise<InstanceType<typeof Toy> | undefined>) =>
  new Toy({ password: "one", retryAttempts: 1, timeout: 0, ...config }, { clock, renew });
const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    (value) => expect.unreachable(`must fail, answered ${JSON.stringify(value)}`),
    (error: unknown) => error as ConnectorError,
  );
const gate = (): { readonly wait: Promise<void>; open: () => void } => {
  let open!: () => void;
  const wait = new Promise<void>((resolve) => (open = resolve));
  return { wait, open };
};

beforeEach(() => {
  clock = fakeClock();
  system = new System();
  heard = [];
  subscribe("busbar:notice", hear);
  subscribe("busbar:audit", hear);
});
afterEach(() => {
  unsubscribe("busbar:notice", hear);
  unsubscribe("busbar:audit", hear);
});

describe("another configuration", () => {
  test("is proven first, takes the place of the old one, and the old session is closed", async () => {
    const toy = make();
    await toy.connect();
    await toy.reconfigure(make({ host: "b", depth: 2 }));
    expect(await toy.where()).toBe("b/2");
    await clock.settle();
    expect([...system.live]).toEqual(["b/2/2"]);
    expect(toy.describe().settings.connection).toMatchObject({ host: "b" });
    await toy.disconnect();
    expect([system.live.size, clock.pending]).toEqual([0, 0]);
  });

  test.each([
    ["cannot be reached", () => (system.isDown = true), "unavailable"],
    ["is not well", () => (system.isUnwell = true), "connection_lost"],
    ["refuses the credentials", () => system.passwords.clear(), "unauthenticated"],
  ])("trap 10: of a system that %s changes nothing: the old one goes on", async (_, spoil, kind) => {
    const toy = make();
    await toy.connect();
    spoil();
    const error = await failure(toy.reconfigure(make({ host: "b", depth: 2 })));
    expect(error).toMatchObject({ kind, connector: "toy", outcome: "none" });
    expect(error.message).toMatch(/^Failed to connect to Toy: /);
    system.isDown = system.isUnwell = false;
    system.passwords.add("one");
    expect([await toy.where(), [...system.live], toy.isConnected]).toEqual(["a/1", ["a/1/1"], true]);
    expect(toy.describe().settings.options).toEqual({ depth: 1 });
    await toy.reconfigure(make({ host: "b" }));
    expect(await toy.where()).toBe("b/1");
  });

  test("lets calls that run finish on the old session, which stays open for them", async () => {
    const toy = make();
    await toy.connect();
    const { wait, open } = gate();
    system.working = wait;
    const running = toy.work();
    await clock.settle();
    await toy.reconfigure(make({ host: "b", depth: 2 }));
    expect(await toy.where()).toBe("b/2");
    expect([...system.live]).toEqual(["a/1/1", "b/2/2"]);
    open();
    expect(await running).toBe("a/1");
    await clock.settle();
    expect([...system.live]).toEqual(["b/2/2"]);
  });

  test("lets a stream that is being read go on", async () => {
    const toy = make();
    await toy.connect();
    const items = toy.items()[Symbol.asyncIterator]();
    expect(await items.next()).toEqual({ value: 1, done: false });
    await toy.reconfigure(make({ depth: 2 }));
    expect(system.live.size).toBe(2);
    expect(await items.next()).toEqual({ value: 2, done: false });
    await items.return?.();
    await clock.settle();
    expect([...system.live]).toEqual(["a/2/2"]);
  });

  test("cancels what still uses the old session after five minutes, and says why", async () => {
    const toy = make();
    await toy.connect();
    system.working = new Promise(() => {});
    const running = failure(toy.work());
    await clock.settle();
    await toy.reconfigure(make({ depth: 2 }));
    await clock.advance(299_999);
    expect(system.live.size).toBe(2);
    await clock.advance(1);
    expect(await running).toMatchObject({
      kind: "cancelled",
      message: "The connector was given another configuration while running, after 300000 ms of waiting [toy.work]",
    });
    await clock.settle();
    expect(system.live.size).toBe(1);
    await toy.disconnect();
  });

  test("is put in force without connecting where the connector is not connected", async () => {
    const toy = make();
    system.isDown = true;
    await toy.reconfigure(make({ host: "b", depth: 3 }));
    expect(system.opened).toBe(0);
    system.isDown = false;
    await toy.connect();
    expect(await toy.where()).toBe("b/3");
  });

  test("waits for a session that is being opened, and replaces that", async () => {
    const toy = make();
    const { wait, open } = gate();
    system.opening = wait;
    const connecting = toy.connect();
    const reconfiguring = toy.reconfigure(make({ depth: 2 }));
    await clock.settle();
    open();
    await Promise.all([connecting, reconfiguring]);
    expect(await toy.where()).toBe("a/2");
    await clock.settle();
    expect([...system.live]).toEqual(["a/2/2"]);
  });

  test("that says the same opens nothing", async () => {
    const toy = make();
    await toy.connect();
    await toy.reconfigure(make());
    expect(system.opened).toBe(1);
  });

  test("is put in force one after the other, the last one at the end", async () => {
    const toy = make();
    await toy.connect();
    await Promise.all([2, 3, 4, 5].map((depth) => toy.reconfigure(make({ depth }))));
    expect(await toy.where()).toBe("a/5");
    await clock.settle();
    expect([...system.live]).toEqual(["a/5/5"]);
  });

  test("is given up when the connector is disconnected meanwhile, and nothing stays open", async () => {
    const toy = make();
    await toy.connect();
    const { wait, open } = gate();
    system.opening = wait;
    const reconfiguring = failure(toy.reconfigure(make({ depth: 2 })));
    await clock.settle();
    await toy.disconnect();
    expect(await reconfiguring).toMatchObject({ kind: "cancelled" });
    open();
    await clock.settle();
    expect([system.live.size, toy.isConnected]).toEqual([0, false]);
  });

  test("disconnecting waits for sessions that were replaced as well", async () => {
    const toy = make();
    await toy.connect();
    const { wait, open } = gate();
    system.working = wait;
    const running = toy.work();
    await clock.settle();
    await toy.reconfigure(make({ depth: 2 }));
    const closing = toy.disconnect();
    await clock.settle();
    expect(system.live.size).toBe(2);
    open();
    expect(await running).toBe("a/1");
    await closing;
    expect([system.live.size, clock.pending]).toEqual([0, 0]);
  });

  test("keeps an open circuit and used-up limits where only credentials differ, and starts afresh where more does", async () => {
    const circuitBreaker = { failures: 1 };
    const toy = make({ circuitBreaker });
    await toy.connect();
    toy.circuitBreaker?.isolate();
    system.passwords.add("two");
    await toy.reconfigure(make({ circuitBreaker, password: "two" }));
    expect((await failure(toy.where())).kind).toBe("circuit_open");
    await toy.reconfigure(make({ circuitBreaker, password: "two", host: "b" }));
    expect(await toy.where()).toBe("b/1");
  });

  test("forgets cached answers of another system", async () => {
    const cache = { operations: { where: 60_000 } };
    const toy = make({ cache });
    await toy.connect();
    expect([await toy.where(), await toy.where()]).toEqual(["a/1", "a/1"]);
    await toy.reconfigure(make({ cache, host: "b" }));
    expect(await toy.where()).toBe("b/1");
  });

  test("takes the secrets of both configurations out of errors", async () => {
    const toy = make({ password: "old-secret" });
    system.passwords = new Set(["old-secret", "new-secret"]);
    await toy.connect();
    await toy.reconfigure(make({ password: "new-secret" }));
    system.working = Promise.reject(new Error("got old-secret and new-secret"));
    expect((await failure(toy.work())).message).toContain("got [redacted] and [redacted]");
  });

  describe("of a session that takes on another connection by itself", () => {
    beforeEach(() => void (system.renews = true));

    test("opens no session beside it", async () => {
      const toy = make();
      await toy.connect();
      await toy.reconfigure(make({ host: "b" }));
      expect([await toy.where(), system.opened, system.renewed]).toEqual(["b/1", 1, ["b"]]);
    });

    test("opens one where an option differs as well", async () => {
      const toy = make();
      await toy.connect();
      await toy.reconfigure(make({ host: "b", depth: 2 }));
      expect([await toy.where(), system.opened, system.renewed]).toEqual(["b/2", 2, []]);
    });

    test("asks nothing of it where only policies differ", async () => {
      const toy = make();
      await toy.connect();
      await toy.reconfigure(make({ timeout: 5_000 }));
      expect([system.opened, system.renewed, toy.describe().settings.policies.timeout]).toEqual([1, [], 5_000]);
    });

    test("leaves everything as it was where that fails, and within the limit of connecting", async () => {
      const toy = make({ timeout: 1_000 });
      await toy.connect();
      expect((await failure(toy.reconfigure(make({ timeout: 1_000, password: "wrong" })))).kind).toBe(
        "unauthenticated",
      );
      system.opening = new Promise(() => {});
      const hanging = failure(toy.reconfigure(make({ timeout: 1_000, host: "b" })));
      await clock.advance(1_000);
      expect(await hanging).toMatchObject({ kind: "timeout" });
      expect(await toy.where()).toBe("a/1");
    });
  });
});

describe("trap 28: credentials that were rotated need no restart", () => {
  test("they are read again when the system refuses the old ones, and the call is sent once more", async () => {
    let reads = 0;
    const toy = make({}, async () => {
      reads++;
      return make({ password: "two" });
    });
    await toy.connect();
    system.passwords = new Set(["two"]);
    const { data, meta } = await toy.call("where");
    expect([data, meta.attempts, reads]).toEqual(["a/1", 2, 1]);
    expect(heard).toContainEqual({ event: "credentials renewed", connector: "toy" });
  });

  test("once for all who were refused, also for those who hear of it late", async () => {
    let reads = 0;
    const toy = make({}, async () => {
      reads++;
      await clock.settle();
      return make({ password: "two" });
    });
    await toy.connect();
    system.passwords = new Set(["two"]);
    const answers = await Promise.all(Array.from({ length: 100 }, () => toy.where()));
    expect([new Set(answers), reads, system.opened]).toEqual([new Set(["a/1"]), 1, 2]);
  });

  test("connecting and health checks read them too", async () => {
    const toy = make({}, async () => make({ password: "two" }));
    system.passwords = new Set(["two"]);
    await toy.connect();
    expect(await toy.healthCheck()).toMatchObject({ status: "healthy" });
    const other = make({ password: "zero" }, async () => make({ password: "two" }));
    system.passwords = new Set(["zero"]);
    await other.connect();
    system.passwords = new Set(["two"]);
    expect(await other.healthCheck()).toMatchObject({ status: "healthy" });
    expect(await other.where()).toBe("a/1");
  });

  test("where they are as before the refusal stands, and they are not read again by every call", async () => {
    let reads = 0;
    const toy = make({}, async () => {
      reads++;
      return make();
    });
    await toy.connect();
    system.passwords = new Set(["two"]);
    expect(await failure(toy.where())).toMatchObject({ kind: "unauthenticated" });
    expect((await failure(toy.where())).kind).toBe("unauthenticated");
    expect(reads).toBe(1);
    await clock.advance(1_000);
    expect((await failure(toy.where())).kind).toBe("unauthenticated");
    expect(reads).toBe(2);
  });

  test("new ones that are refused as well leave the old in force, and are told of", async () => {
    const toy = make({}, async () => make({ password: "three" }));
    await toy.connect();
    system.passwords = new Set(["two"]);
    expect((await failure(toy.where())).message).toContain("who are you?");
    expect(heard).toContainEqual(
      expect.objectContaining({ connector: "toy", name: "credentials not renewed", severity: "warning" }),
    );
    system.passwords = new Set(["one"]);
    expect(await toy.where()).toBe("a/1");
  });

  test("a source that fails costs the call nothing but its refusal", async () => {
    const toy = make({}, () => Promise.reject(new Error("vault is sealed: one")));
    await toy.connect();
    system.passwords.clear();
    expect((await failure(toy.where())).kind).toBe("unauthenticated");
    expect(heard).toContainEqual(expect.objectContaining({ name: "credentials not renewed" }));
  });

  test("a call that was cancelled does not wait for them", async () => {
    const toy = make({}, () => new Promise(() => {}));
    await toy.connect();
    system.passwords.clear();
    const abort = new AbortController();
    const call = failure(toy.where({}, { signal: abort.signal }));
    await clock.settle();
    abort.abort();
    expect((await call).kind).toBe("cancelled");
  });

  test("the deadline holds while they are read, and says where the call was", async () => {
    const toy = make({ timeout: 500 }, () => new Promise(() => {}));
    await toy.connect();
    system.passwords.clear();
    const call = failure(toy.where());
    await clock.advance(500);
    expect(await call).toMatchObject({ kind: "timeout", message: expect.stringContaining("renewing credentials") });
  });
});
