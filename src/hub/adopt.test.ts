import { EventEmitter, once } from "node:events";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import {
  BaseConnector,
  channels,
  ConnectorError,
  openHub,
  read,
  stream,
  write,
  type CallRecord,
  type Health,
  type Hub,
  type HubConfig,
} from "../index.ts";

/** What a team had before busbar: a class with the four methods, private state and methods of its own. */
class Legacy extends BaseConnector {
  static made: Legacy[] = [];
  readonly #items = new Map<string, number>();
  readonly given: Record<string, unknown>;
  readonly log: string[] = [];
  failures: Error[] = [];
  isUp = false;

  constructor(config: Record<string, unknown>) {
    super(config);
    this.given = config;
    Legacy.made.push(this);
  }
  override get isConnected(): boolean {
    return this.isUp;
  }
  override async connect(): Promise<void> {
    this.log.push("connect");
    this.isUp = true;
    // Many such classes check themselves when they connect.
    await this.healthCheck();
  }
  override async disconnect(): Promise<void> {
    this.log.push("disconnect");
    this.isUp = false;
  }
  override async execute(operation: string, params: { item: string; n?: number }): Promise<never> {
    this.log.push(operation);
    const failure = this.failures.shift();
    if (failure !== undefined) throw failure;
    if (operation === "set") this.#items.set(params.item, params.n ?? 0);
    else if (operation !== "get") throw new Error(`Unknown operation: ${operation}`);
    return (this.#items.get(params.item) ?? null) as never;
  }
  override async healthCheck(): Promise<Health> {
    return { status: this.isUp ? "healthy" : "unhealthy", connected: this.isUp, timestamp: "" };
  }
  /** A method of its own, on private state. */
  total(): number {
    return [...this.#items.values()].reduce((sum, n) => sum + n, 0);
  }
}

/** Only looks like a connector. */
class Duck {
  async connect(): Promise<void> {}
  async disconnect(): Promise<void> {}
  async execute(operation: string): Promise<string> {
    return `quack ${operation}`;
  }
  async healthCheck(): Promise<void> {}
}

let hubs: Hub[];
beforeEach(() => {
  hubs = [];
  Legacy.made = [];
});
afterEach(() => Promise.all(hubs.map((hub) => hub.close({ timeout: 0 }))));
const open = async (
  provider: NonNullable<HubConfig["connectors"][number]["provider"]>,
  more: object = {},
): Promise<Hub> => {
  const hub = await openHub({ connectors: [{ name: "old", type: "custom", provider, ...more }] });
  hubs.push(hub);
  return hub;
};
const lost = (): Error => Object.assign(new Error("socket hang up"), { code: "ECONNRESET" });

describe("a class written by hand", () => {
  test("gets its settings flat, and connects on first use", async () => {
    const hub = await open(Legacy, { connection: { host: "h" }, options: { depth: 2, timeout: "5s" } });
    const [instance] = Legacy.made;
    expect(instance!.given).toEqual({ host: "h", depth: 2, timeout: "5s" });
    expect(instance!.log).toEqual([]);
    expect(await hub.get("old").execute("set", { item: "a", n: 3 })).toBe(3);
    expect(await hub.get("old").execute("get", { item: "a" })).toBe(3);
    expect(instance!.log).toEqual(["connect", "set", "get"]);
    await hub.close();
    expect(instance!.log.at(-1)).toBe("disconnect");
    expect(Legacy.made).toHaveLength(1);
  });

  test("is given an idempotency key only for operations that it declares as keyed", async () => {
    const keys: unknown[] = [];
    const keyed = write("Orders.", z.unknown(), z.unknown(), { effect: "keyed" });
    class Keyed extends Legacy {
      readonly operations = { order: keyed, set: write("Sets.", z.unknown(), z.unknown()) };
      override async execute(...[, , options]: [string, unknown, { idempotencyKey?: string }?]): Promise<never> {
        keys.push(options!.idempotencyKey);
        return undefined as never;
      }
    }
    const db = (await open(Keyed)).get("old");
    await db.execute("set" as never, {});
    await db.execute("order" as never, {}, { idempotencyKey: "k1" });
    await db.execute("order" as never, {});
    expect(keys).toEqual([undefined, "k1", expect.stringMatching(/^[0-9a-f-]{36}$/)]);
  });

  test("goes through the policies: a write whose outcome is unknown is never sent again", async () => {
    const hub = await open(Legacy, { options: { retryAttempts: 3, retry: { delay: 0 } } });
    Legacy.made[0]!.failures = [lost()];
    await expect(hub.get("old").execute("set", { item: "a" })).rejects.toMatchObject({
      kind: "connection_lost",
      outcome: "unknown",
      attempts: 1,
      connector: "old",
      operation: "set",
    });
    Legacy.made[0]!.failures = [lost()];
    expect(await hub.get("old").execute("get", { item: "a" }, { effect: "read" })).toBeNull();
    expect(Legacy.made[0]!.log).toEqual(["connect", "set", "get", "get"]);
  });

  test("is told to stop, answers in time, and is observed", async () => {
    class Stuck extends Legacy {
      override execute(...[, , options]: [string, unknown, { signal: AbortSignal }?]): Promise<never> {
        return once(new EventEmitter(), "never", { signal: options!.signal }).catch((error: Error) => {
          this.log.push(`stopped: ${error.name}`);
          throw error;
        }) as Promise<never>;
      }
    }
    const records: CallRecord[] = [];
    const listen = (record: unknown): void => void records.push(record as CallRecord);
    channels.call.subscribe(listen);
    const hub = await open(Stuck, { options: { timeout: 10 } });
    await expect(hub.get("old").execute("set", {})).rejects.toMatchObject({ kind: "timeout", outcome: "unknown" });
    channels.call.unsubscribe(listen);
    expect(Legacy.made[0]!.log).toEqual(["connect", "stopped: AbortError"]);
    expect(records).toMatchObject([{ connector: "old", operation: "set", effect: "unsafe", result: "timeout" }]);
  });

  test("that only has the four methods is enough", async () => {
    const hub = await open(Duck);
    expect(await hub.get("old").execute("loudly")).toBe("quack loudly");
    expect(await hub.get("old", Duck).execute("again")).toBe("quack again");
    expect((await hub.health()).connectors["old"]).toMatchObject({ status: "healthy", connected: true });
  });

  test("may have its methods as fields, and may answer at once", async () => {
    class Fields {
      connect = (): void => {};
      disconnect = (): void => {};
      execute = (operation: string): string => operation;
      healthCheck = (): object => ({ status: "degraded", error: "slow disk" });
    }
    const hub = await open(Fields);
    expect(await hub.get("old").execute("a")).toBe("a");
    expect(await hub.health()).toMatchObject({
      status: "degraded",
      connectors: { old: { status: "degraded", error: "slow disk" } },
    });
  });

  test("that says that it is no longer connected is connected again, once for all who ask", async () => {
    const hub = await open(Legacy);
    const old = hub.get("old");
    await old.execute("get", { item: "a" });
    Legacy.made[0]!.isUp = false;
    await Promise.all(Array.from({ length: 50 }, () => old.execute("get", { item: "a" })));
    expect(Legacy.made[0]!.log.filter((each) => each === "connect")).toHaveLength(2);
  });

  test("that cannot connect says so, and is tried again by the next call", async () => {
    class Down extends Legacy {
      override async connect(): Promise<void> {
        if (this.log.push("try") === 1) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
        await super.connect();
      }
    }
    const hub = await open(Down, { options: { retryAttempts: 1 } });
    await expect(hub.get("old").execute("get", { item: "a" })).rejects.toThrow(
      "Failed to connect to Down: refused [old.get]",
    );
    expect(await hub.get("old").execute("get", { item: "a" })).toBeNull();
  });

  test("that declares its operations is taken at its word", async () => {
    let failures = 2;
    class Declared extends Duck {
      static operations = {
        get: read("Gets.", z.strictObject({ item: z.string() }), z.string()),
        all: stream("Streams.", z.strictObject({}), z.string()),
      };
      override async execute(operation: string): Promise<string> {
        if (failures-- > 0) throw lost();
        return super.execute(operation);
      }
      async *stream(): AsyncGenerator<string> {
        yield "a";
        yield "b";
      }
    }
    const hub = await open(Declared, { options: { retry: { delay: 0 } } });
    const old = hub.get("old");
    expect(await old.execute("get", { item: "a" })).toBe("quack get");
    await expect(old.execute("get", { itm: "a" })).rejects.toMatchObject({ kind: "input_invalid" });
    await expect(old.execute("gte", {})).rejects.toMatchObject({
      kind: "unsupported",
      message: "Unknown operation: gte [old.gte]",
    });
    const items: unknown[] = [];
    for await (const item of old.stream("all")) items.push(item);
    expect(items).toEqual(["a", "b"]);
    expect(Object.keys(hub.describe()[0]!.operations)).toEqual(["get", "all"]);
  });
});

describe("hub.get with the class", () => {
  test("is the class to its users: instanceof, own methods, private state; calls go through the policies", async () => {
    const hub = await open(Legacy);
    const old = hub.get("old", Legacy);
    expect(old).toBeInstanceOf(Legacy);
    expect(hub.get("old", Legacy)).toBe(old);
    expect(old.isConnected).toBe(false);
    await old.execute("set", { item: "a", n: 2 });
    expect(old.isConnected).toBe(true);
    expect(old.total()).toBe(2);
    expect(old.total).toBe(old.total);
    old.failures = [lost()];
    await expect(old.execute("set", { item: "a" })).rejects.toBeInstanceOf(ConnectorError);
    expect((await old.call("get" as never, { item: "a" })).meta.attempts).toBe(1);
    expect(await old.healthCheck()).toMatchObject({ status: "healthy", connected: true });
    expect("total" in old && "execute" in old).toBe(true);
  });

  test("of another class says what it is", async () => {
    const hub = await open(Legacy);
    expect(() => hub.get("old", Duck)).toThrow('Connector "old" is of class Legacy, not Duck');
    expect(hub.get("old", BaseConnector)).toBe(hub.get("old"));
  });
});

describe("a class that cannot be a connector is refused when the hub opens", () => {
  const refusal = async (provider: unknown, more: object = {}): Promise<string> => {
    const error: unknown = await open(provider as typeof Duck, more).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ kind: "config_invalid" });
    return (error as Error).message;
  };

  test("because it lacks methods", async () => {
    class Half {
      connect(): void {}
      execute(): void {}
    }
    expect(await refusal(Half)).toBe(
      "Invalid configuration: connectors[0]: old: Half is no connector: it has no disconnect(), healthCheck()",
    );
  });

  test("because its constructor throws; what it says of a password is not passed on", async () => {
    class Picky extends Duck {
      constructor({ password }: { password: string }) {
        super();
        throw new Error(`cannot parse ${password}`);
      }
    }
    expect(await refusal(Picky, { connection: { password: "canary-123" } })).toBe(
      "Invalid configuration: connectors[0]: old: Picky cannot be made: cannot parse [redacted]",
    );
  });

  test("because a setting stands in both halves, or a policy's setting is wrong", async () => {
    expect(await refusal(Duck, { connection: { depth: 1 }, options: { depth: 2 } })).toMatch(
      /connectors\[0\]\.options\.depth: old\.options\.depth: stands under connection as well; keep one$/,
    );
    expect(await refusal(Duck, { options: { timeout: "soon" } })).toMatch(
      /old\.options\.timeout: expected milliseconds/,
    );
  });
});

test("nothing that is likely a secret is shown, though nobody says which settings are", async () => {
  const canary = "canary-7f3a";
  const connection = {
    host: "db.example",
    password: canary,
    nested: { apiKey: canary, list: [{ token: canary }] },
    dsn: `amqp://user:${canary}@host/`,
  };
  class Chatty extends Legacy {
    override async execute(): Promise<never> {
      throw new Error(`login failed with ${canary}`);
    }
  }
  const hub = await open(Chatty, { connection });
  expect(Legacy.made[0]!.given).toEqual(connection);
  const error: unknown = await hub
    .get("old")
    .execute("x")
    .catch((thrown: unknown) => thrown);
  const facade = hub.get("old", Chatty as typeof Legacy);
  const shown = [hub, hub.describe(), hub.get("old"), facade, error, [facade], { facade }];
  for (const value of shown) {
    expect(inspect(value, { depth: 20, showHidden: true })).not.toContain(canary);
    expect(JSON.stringify(value) ?? "").not.toContain(canary);
    expect(String(value)).not.toContain(canary);
  }
  expect(inspect(hub.describe(), { depth: 20 })).toContain("db.example");
});
