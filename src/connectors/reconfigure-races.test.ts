import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { defineConnector, read, secret, stream, Secret, type ConnectorError } from "../index.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";

/** A system, the sessions open at it, and what its calls and pings wait for. */
class System {
  passwords = new Set(["one"]);
  opened = 0;
  readonly live = new Set<number>();
  /** Calls that were asked of a session which was closed. */
  late = 0;
  opening: () => Promise<unknown> = async () => {};
  working: () => Promise<unknown> = async () => {};
  pinging: () => Promise<unknown> = async () => {};
  /** How sessions take on another connection by themselves; absent where they cannot. */
  renewing: (() => Promise<unknown>) | undefined;
  conceal!: (secret: Secret) => void;
}
let system: System;
let clock: FakeClock;

const Toy = defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "A toy.",
  connection: z.strictObject({ password: secret("Password.") }),
  options: z.strictObject({ depth: z.int().default(1) }),
  operations: {
    work: read("Works.", z.strictObject({}), z.number()),
    fail: read("Fails.", z.strictObject({ text: z.string() }), z.number()),
    items: stream("Many.", z.strictObject({}), z.number()),
  },
  async open({ connection: { password } }, env) {
    system.conceal = (found) => env.conceal(found);
    await system.opening();
    let given = password;
    const id = ++system.opened;
    const checkPassword = (asked: Secret): void => {
      if (!system.passwords.has(asked.reveal())) throw Object.assign(new Error("who are you?"), { code: "EAUTH" });
    };
    const check = (): void => {
      checkPassword(given);
      if (!system.live.has(id)) throw Object.assign(new Error("closed"), { code: `LATE${++system.late}` });
    };
    system.live.add(id);
    try {
      check();
    } catch (error) {
      system.live.delete(id);
      throw error;
    }
    return {
      handlers: {
        async work() {
          check();
          await system.working();
          check();
          return id;
        },
        async fail({ text }) {
          throw new Error(text);
        },
        async *items() {
          for (let item = 0; item < 3; item++) {
            check();
            yield item;
          }
        },
      },
      async ping() {
        await system.pinging();
        if (!system.live.has(id)) throw new Error("closed");
        checkPassword(given);
      },
      ...(system.renewing && {
        async renew(other: Readonly<Record<string, unknown>>) {
          await system.renewing?.();
          const next = (other as { password: Secret }).password;
          checkPassword(next);
          given = next;
        },
      }),
      close: async () => void system.live.delete(id),
    };
  },
  classify: (error) => ((error as { code?: string }).code === "EAUTH" ? { kind: "unauthenticated" } : undefined),
});
type Config = ConstructorParameters<typeof Toy>[0];
type Environment = NonNullable<ConstructorParameters<typeof Toy>[1]>;

const make = (config: Partial<Config> = {}, environment: Environment = {}) =>
  new Toy({ password: "one", retryAttempts: 1, timeout: 0, ...config }, { clock, ...environment });
const gate = (): { readonly wait: Promise<void>; open: () => void } => {
  let open!: () => void;
  const wait = new Promise<void>((resolve) => (open = resolve));
  return { wait, open };
};
const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    (value) => expect.unreachable(`must fail, answered ${JSON.stringify(value)}`),
    (error: unknown) => error as ConnectorError,
  );

beforeEach(() => {
  clock = fakeClock();
  system = new System();
});

describe("a session that is replaced", () => {
  test("stays open for calls that began before it was there and run on it", async () => {
    const toy = make({ concurrency: 1 });
    await toy.connect();
    const [first, second] = [gate(), gate()];
    system.working = () => first.wait;
    const running = toy.work();
    await clock.settle();
    const queued = toy.work();
    await toy.reconfigure(make({ concurrency: 1, depth: 2 }));
    system.working = () => second.wait;
    first.open();
    expect(await running).toBe(1);
    await clock.settle();
    await toy.reconfigure(make({ concurrency: 1, depth: 3 }));
    await clock.settle();
    expect([...system.live]).toContain(2);
    second.open();
    expect([await queued, system.late]).toEqual([2, 0]);
    await clock.settle();
    expect([...system.live]).toEqual([3]);
    await toy.disconnect();
    expect([system.live.size, clock.pending]).toEqual([0, 0]);
  });

  test("is not called unhealthy by a check that it was closed under", async () => {
    const toy = make();
    await toy.connect();
    const { wait, open } = gate();
    system.pinging = () => wait;
    const check = toy.healthCheck();
    await clock.settle();
    system.pinging = async () => {};
    await toy.reconfigure(make({ depth: 2 }));
    await clock.settle();
    open();
    expect(await check).toMatchObject({ status: "healthy" });
    expect(toy.status.state).toBe("ready");
  });
});

describe("another configuration", () => {
  test.each([
    ["a connector of another class", () => new (class Other extends Toy {})({ password: "one" }), "found Other"],
    ["a configuration", () => ({ password: "one" }), "found Object"],
    ["nothing", () => undefined, "Expected another connector of class Defined"],
  ])("is not taken from %s", async (_, like, message) => {
    const toy = make();
    const error = await failure(toy.reconfigure(like() as never));
    expect(error).toMatchObject({ kind: "input_invalid", outcome: "none", connector: "toy" });
    expect(error.message).toContain(message);
  });

  test("may be the connector's own, or that of one that is connected, which is left alone", async () => {
    const [toy, like] = [make(), make({ depth: 2 })];
    await Promise.all([toy.connect(), like.connect()]);
    await toy.reconfigure(toy);
    expect(system.opened).toBe(2);
    await toy.reconfigure(like);
    await toy.disconnect();
    expect([like.isConnected, await like.work()]).toEqual([true, 2]);
  });

  test("whose system never answers the proof is given up after a minute, and what was opened for it is closed", async () => {
    const toy = make();
    await toy.connect();
    system.pinging = () => new Promise(() => {});
    const reconfiguring = failure(toy.reconfigure(make({ depth: 2 })));
    await clock.advance(59_999);
    expect(system.live.size).toBe(2);
    await clock.advance(1);
    expect(await reconfiguring).toMatchObject({ kind: "timeout", outcome: "none" });
    await clock.settle();
    expect([[...system.live], await toy.work()]).toEqual([[1], 1]);
  });

  test("is proven within its own limit, not that of the one before", async () => {
    const toy = make({ timeout: 1_000 });
    await toy.connect();
    const { wait, open } = gate();
    system.opening = () => wait;
    const reconfiguring = toy.reconfigure(make({ timeout: 5_000, depth: 2 }));
    await clock.advance(3_000);
    open();
    await reconfiguring;
    expect(await toy.work()).toBe(2);
  });

  test("does not wait until a session is closed whose calls are still running", async () => {
    const toy = make();
    await toy.connect();
    const { wait, open } = gate();
    system.working = () => wait;
    const running = toy.work();
    await clock.settle();
    const closing = toy.disconnect();
    await toy.reconfigure(make({ depth: 2 }));
    open();
    expect(await running).toBe(1);
    await closing;
    await toy.connect();
    expect([toy.describe().settings.options, [...system.live]]).toEqual([{ depth: 2 }, [2]]);
  });
});

describe("credentials that are read anew", () => {
  test("do not hold up who disconnects meanwhile, and the call gets its refusal", async () => {
    const { wait, open } = gate();
    let reads = 0;
    const toy = make({}, { renew: () => (reads++, wait.then(() => make({ password: "two" }))) });
    await toy.connect();
    system.passwords = new Set(["two"]);
    const call = failure(toy.work());
    await clock.settle();
    const closing = toy.disconnect();
    open();
    expect((await call).kind).toBe("unauthenticated");
    await closing;
    expect([system.live.size, clock.pending, reads]).toEqual([0, 0, 1]);
  });

  test("connect nobody who was disconnected meanwhile", async () => {
    const { wait, open } = gate();
    const toy = make({}, { renew: () => wait.then(() => make({ password: "two" })) });
    system.passwords = new Set(["two"]);
    const connecting = failure(toy.connect());
    await clock.settle();
    await toy.disconnect();
    open();
    expect((await connecting).kind).toBe("unauthenticated");
    expect([toy.isConnected, system.live.size]).toEqual([false, 0]);
  });

  test("are waited for a minute, by those without a deadline as well", async () => {
    const toy = make({}, { renew: () => new Promise(() => {}) });
    system.passwords.clear();
    const connecting = failure(toy.connect());
    await clock.advance(60_000);
    expect((await connecting).kind).toBe("unauthenticated");
    expect(clock.pending).toBe(0);
  });

  test("are read once more where those were rotated too, or only something else had changed", async () => {
    let reads = 0;
    const toy = make({}, { renew: async () => (reads++, make({ password: "three" })) });
    await toy.connect();
    const { wait, open } = gate();
    system.working = () => wait;
    system.passwords = new Set(["one", "two"]);
    const call = toy.call("work");
    await clock.settle();
    system.passwords = new Set(["two", "three"]);
    await toy.reconfigure(make({ password: "two" }));
    system.working = async () => void (system.passwords = new Set(["three"]));
    open();
    const { data, meta } = await call;
    expect([data, meta.attempts, reads]).toEqual([3, 3, 1]);
  });

  test("that change with every look do not send a call for ever", async () => {
    let reads = 0;
    const toy = make({}, { renew: async () => make({ depth: ++reads }) });
    await toy.connect();
    let asked = 0;
    system.working = async () => {
      asked++;
      throw Object.assign(new Error("no"), { code: "EAUTH" });
    };
    expect((await failure(toy.work())).kind).toBe("unauthenticated");
    expect(asked).toBeLessThanOrEqual(4);
  });

  test("of another class are not taken on, and that is told", async () => {
    const Other = class extends Toy {};
    const toy = make({}, { renew: async () => new Other({ password: "two" }) });
    await toy.connect();
    system.passwords = new Set(["two"]);
    expect((await failure(toy.work())).kind).toBe("unauthenticated");
  });
});

test("the configuration's secrets stay known however many are learned at run time", async () => {
  const toy = make({ password: "correct-horse" });
  system.passwords = new Set(["correct-horse"]);
  await toy.connect();
  for (let n = 0; n < 500; n++) system.conceal(new Secret(`token-number-${n}`));
  const { message } = await failure(toy.fail({ text: "got correct-horse and token-number-499" }));
  expect(message).toContain("got [redacted] and [redacted]");
});

/** What can happen to a connector at any time. */
const step = fc.oneof(
  fc.record({ what: fc.constant("reconfigure" as const), depth: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ what: fc.constantFrom("connect" as const, "disconnect" as const, "call" as const, "read" as const) }),
  fc.record({ what: fc.constantFrom("rotate" as const, "health" as const, "settle" as const, "finish" as const) }),
  fc.record({ what: fc.constant("wait" as const), ms: fc.integer({ min: 1, max: 500 }) }),
);

describe.each([
  ["is opened anew", false],
  ["renews itself", true],
])("in whatever order things happen, where a session %s,", (_, renews) => {
  test("no call fails of a change, none runs on a closed session, and nothing is left behind", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        [clock, system] = [fakeClock(), new System()];
        const pause = (ms: number) => new Promise<void>((resolve) => void clock.after(ms, resolve));
        system.opening = () => pause(7);
        system.pinging = () => pause(3);
        system.working = () => pause(40);
        if (renews) system.renewing = () => pause(5);
        let password = "one";
        let disconnects = 0;
        const failures: string[] = [];
        const results: Promise<unknown>[] = [];
        const toy = make({}, { renew: () => pause(2).then(() => make({ password })), connectsOnUse: () => true });
        const run = (work: () => Promise<unknown>, name: string): void => {
          const before = disconnects;
          const told = work().catch((error: unknown) => {
            const { kind, message } = error as ConnectorError;
            // Who disconnects takes the session away from those who need one.
            const isTold = name === "reconfigure" || name === "read" ? kind === "unauthenticated" : false;
            // Nor can credentials be proven, or a stream read on, that were rotated twice meanwhile.
            if (before === disconnects && !isTold) failures.push(`${name}: ${kind} ${message}`);
          });
          results.push(told);
        };
        const call = async (): Promise<void> => {
          if (toy.isConnected) await toy.work();
        };
        for (const each of steps) {
          if (each.what === "reconfigure")
            run(() => toy.reconfigure(make({ password, depth: each.depth })), "reconfigure");
          else if (each.what === "connect") run(() => toy.connect(), "connect");
          else if (each.what === "call") run(call, "call");
          else if (each.what === "read")
            run(async () => {
              if (toy.isConnected) for await (const item of toy.items()) void item;
            }, "read");
          else if (each.what === "disconnect") {
            disconnects++;
            run(() => toy.disconnect({ timeout: 100 }), "disconnect");
          } else if (each.what === "rotate") {
            // The one before stays good for a while, as a vault does it.
            system.passwords = new Set([password, (password = `${password.length > 20 ? "" : password}x`)]);
          } else if (each.what === "health") results.push(toy.healthCheck());
          else if (each.what === "wait") await clock.advance(each.ms);
          else await clock.settle();
        }
        await clock.advance(1_000);
        disconnects++;
        const closing = toy.disconnect();
        await clock.advance(20_000);
        await Promise.all([...results, closing]);
        await clock.settle();
        expect([failures, system.late, [...system.live], clock.pending]).toEqual([[], 0, [], 0]);
      }),
      { numRuns: 300 },
    );
  });
});
