import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import type { Call, CallOptions } from "../core/call.ts";
import type { Session } from "../core/definition.ts";
import { ConnectorError } from "../core/errors.ts";
import { channels, type NoticeEvent, type StateEvent, type UnclassifiedEvent } from "../core/events.ts";
import { read, stream, write } from "../core/operation.ts";
import type { CallRecord } from "../core/record.ts";
import { inBatches } from "../core/stream.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import {
  answer,
  delay,
  fail,
  hang,
  raise,
  scriptedHandler,
  type ScriptedHandler,
  type Step,
} from "../testkit/scripted-handler.ts";
import { defineConnector } from "./define.ts";
import type { ConnectorEnvironment } from "./connector-environment.ts";

const Text = z.strictObject({ text: z.string() });
const Nothing = z.strictObject({});

/** What the system underneath does; each test sets it. */
interface System {
  open: (signal: AbortSignal) => Promise<void>;
  ping: (signal: AbortSignal) => Promise<void | { degraded: string }>;
  close: () => Promise<void>;
  script: ScriptedHandler;
  source: (call: Call) => AsyncIterable<number>;
  isProvable: boolean;
}

let clock: FakeClock;
let system: System;
let records: CallRecord[];
let states: StateEvent[];
let unclassified: UnclassifiedEvent[];
let notices: NoticeEvent[];
const channelsOf = [
  [channels.call, (event: unknown) => records.push(event as CallRecord)],
  [channels.state, (event: unknown) => states.push(event as StateEvent)],
  [channels.unclassified, (event: unknown) => unclassified.push(event as UnclassifiedEvent)],
  [channels.notice, (event: unknown) => notices.push(event as NoticeEvent)],
] as const;

beforeEach(() => {
  clock = fakeClock();
  [records, states, unclassified, notices] = [[], [], [], []];
  system = {
    open: async () => {},
    ping: async () => {},
    close: async () => {},
    script: scriptedHandler([]),
    source: async function* () {
      yield 1;
    },
    isProvable: false,
  };
  for (const [channel, listener] of channelsOf) channel.subscribe(listener);
});
afterEach(() => {
  for (const [channel, listener] of channelsOf) channel.unsubscribe(listener);
});

const Toy = defineConnector({
  provider: "toy",
  type: "custom",
  title: "Toy System",
  summary: "A toy.",
  connection: z.strictObject({ host: z.string().default("h") }),
  options: z.strictObject({ size: z.int().default(3) }),
  operations: {
    get: read("Reads.", Text, z.unknown()),
    order: write("Orders.", Nothing, z.unknown()),
    put: write("Puts.", Nothing, z.unknown(), { effect: "idempotent" }),
    insert: write("Inserts.", Nothing, z.unknown(), { effect: "keyed" }),
    query: write("Asks.", Nothing, z.unknown(), { effect: "unknown" }),
    send: write("Sends.", z.strictObject({ method: z.enum(["GET", "POST"]) }), z.unknown(), {
      effectOf: ({ method }) => (method === "GET" ? "read" : "unsafe"),
    }),
    rows: stream("Streams.", Nothing, z.number(), { effect: "unknown" }),
  },
  async open(_, env) {
    await system.open(env.signal);
    env.notify("opened", { name: env.name });
    const play = (input: unknown, call: Call) => system.script.handler(input, call) as Promise<unknown>;
    const handlers = { get: play, order: play, put: play, insert: play, query: play, send: play };
    const rows = (_input: unknown, call: Call) => system.source(call);
    return {
      handlers: { ...handlers, rows },
      ...(system.isProvable ? { readOnlyHandlers: { query: play } } : {}),
      ping: (signal) => system.ping(signal),
      close: () => system.close(),
    };
  },
  classify: (error) => ((error as { code?: string }).code === "DUPLICATE" ? "conflict" : undefined),
});
type Toy = InstanceType<typeof Toy>;

const toyOf = (
  config: Partial<ConstructorParameters<typeof Toy>[0]> = {},
  environment: ConnectorEnvironment = {},
): Toy => new Toy({ retry: { delay: 0 }, ...config }, { clock, random: () => 0, ...environment });
const connected = async (...args: Parameters<typeof toyOf>): Promise<Toy> => {
  const toy = toyOf(...args);
  await toy.connect();
  return toy;
};
const play = (...steps: Step[]): ScriptedHandler => (system.script = scriptedHandler(steps));
const errorOf = (promise: Promise<unknown>): Promise<ConnectorError> =>
  promise.then(
    (value) => {
      throw new Error(`No error but ${String(value)}`);
    },
    (error: unknown) => {
      expect(error).toBeInstanceOf(ConnectorError);
      return error as ConnectorError;
    },
  );

describe("what users rely on, word by word", () => {
  test("before connect: Connector not connected", async () => {
    const error = await errorOf(toyOf().execute("get", { text: "a" }));
    expect(error).toMatchObject({
      kind: "not_connected",
      message: "Connector not connected [toy.get]",
      hint: "Call connect() first.",
      outcome: "none",
      connector: "toy",
      operation: "get",
    });
  });

  test("an operation that does not exist: Unknown operation: NAME", async () => {
    const toy = await connected();
    const error = await errorOf(toy.execute("gte" as never));
    expect(error).toMatchObject({ kind: "unsupported", message: "Unknown operation: gte [toy.gte]" });
    expect(error.hint).toBe('Did you mean "get"? It has: get, order, put, insert, query, send, rows.');
  });

  test("a failed connect: Failed to connect to TITLE: why", async () => {
    system.open = () =>
      Promise.reject(Object.assign(new Error("connect ECONNREFUSED 127.0.0.1:1"), { code: "ECONNREFUSED" }));
    const error = await errorOf(toyOf().connect());
    expect(error).toMatchObject({
      kind: "unavailable",
      message: "Failed to connect to Toy System: connect ECONNREFUSED 127.0.0.1:1 [toy]",
      hint: "Is the system running, and are host and port right?",
      code: "ECONNREFUSED",
      outcome: "none",
      cause: { code: "ECONNREFUSED" },
    });
  });

  test("when tries run out: Operation failed after N attempts: why, with the last error as cause", async () => {
    play(fail("unavailable", "first"), fail("unavailable", "second"), fail("unavailable", "third"));
    const toy = await connected();
    const failing = errorOf(toy.get({ text: "a" }));
    await clock.advance(0);
    expect(await failing).toMatchObject({
      message: "Operation failed after 3 attempts: third [toy.get]",
      attempts: 3,
      cause: { message: "third" },
    });
  });
});

describe("a call", () => {
  test("answers through `execute`, its own method, and `call` with how it came about", async () => {
    play(answer(1), answer(2), fail("unavailable"), (call) => {
      call.record.answer.status = 200;
      return 3;
    });
    const toy = await connected();
    expect(await toy.execute("get", { text: "a" })).toBe(1);
    expect(await toy.get({ text: "a" })).toBe(2);
    const calling = toy.call("get", { text: "b" });
    await clock.advance(0);
    expect(await calling).toEqual({
      data: 3,
      meta: { attempts: 2, waitMs: 0, durationMs: 0, status: 200, traceId: expect.stringMatching(/^[0-9a-f]{32}$/) },
    });
    expect(system.script.seen[2]).toMatchObject({ input: { text: "b" } });
  });

  test("with a wrong input is refused before it starts, and says what is wrong by field, not by value", async () => {
    const toy = await connected();
    for (const [input, message] of [
      [undefined, "text"],
      [{ text: 7 }, "text"],
      [{ text: "a", tetx: "s3cret" }, "tetx"],
      ["s3cret", "expected a map"],
    ] as const) {
      const error = await errorOf(toy.execute("get", input as never));
      expect(error).toMatchObject({ kind: "input_invalid", outcome: "none" });
      expect(error.message).toContain(message);
      expect(error.message).not.toContain("s3cret");
    }
    expect(system.script.seen).toEqual([]);
  });

  test.each([undefined, null, 7, {}, "constructor", "__proto__", "toString", Symbol("s")])(
    "of the operation %s, which does not exist, is refused as any other",
    async (name) => {
      const toy = await connected();
      const asked = name as never;
      expect((await errorOf(toy.execute(asked))).message).toContain("Unknown operation: ");
      expect((await errorOf(toy.call(asked))).kind).toBe("unsupported");
      expect((await errorOf(toy.stream(asked).next())).kind).toBe("unsupported");
    },
  );

  test("in the wrong way is told the right one", async () => {
    const toy = await connected();
    expect((await errorOf(toy.execute("rows" as never))).message).toContain(
      "Operation rows is called with stream(), not with execute()",
    );
    expect((await errorOf(toy.stream("get" as never).next())).message).toContain(
      "Operation get is called with execute(), not with stream()",
    );
  });

  test("that fails is placed, classified by the connector's own table first, and counted where no table knows it", async () => {
    const odd = new Error("odd");
    play(raise(Object.assign(new Error("dup"), { code: "DUPLICATE" })), raise(odd), raise(undefined));
    const toy = await connected({}, { name: "main" });
    expect(await errorOf(toy.order())).toMatchObject({
      kind: "conflict",
      message: "dup [main.order]",
      connector: "main",
    });
    expect(unclassified).toEqual([]);
    expect(await errorOf(toy.order())).toMatchObject({ kind: "internal", message: "odd [main.order]", cause: odd });
    expect(unclassified).toEqual([{ connector: "main", provider: "toy", error: odd }]);
    expect(await errorOf(toy.order())).toMatchObject({ kind: "internal", outcome: "unknown" });
  });

  test("of unsafe effect with an unknown outcome is not repeated", async () => {
    play(raise(Object.assign(new Error("reset"), { code: "ECONNRESET" })));
    const toy = await connected();
    expect(await errorOf(toy.order())).toMatchObject({ kind: "connection_lost", outcome: "unknown", attempts: 1 });
  });

  test("whose input tells its effect is repeated accordingly", async () => {
    const toy = await connected();
    play(fail("connection_lost"), answer("read again"));
    const reading = toy.send({ method: "GET" });
    await clock.advance(0);
    expect(await reading).toBe("read again");
    play(fail("connection_lost"));
    expect(await errorOf(toy.send({ method: "POST" }))).toMatchObject({ attempts: 1, outcome: "unknown" });
  });

  test("of unknown effect is repeated read-only where the session can prove it", async () => {
    system.isProvable = true;
    const script = play(fail("connection_lost"), answer("rows"));
    const toy = await connected();
    const asking = toy.query();
    await clock.advance(0);
    expect(await asking).toBe("rows");
    expect(script.seen.map(({ readOnly }) => readOnly)).toEqual([false, true]);
  });
});

describe("the options of a call", () => {
  test("set its limit, as a number or as text", async () => {
    const toy = await connected();
    play(hang(), hang());
    const both = [errorOf(toy.get({ text: "a" }, { timeout: 50 })), errorOf(toy.get({ text: "a" }, { timeout: "1s" }))];
    await clock.advance(1_000);
    expect((await both[0]!).message).toBe("Timed out after 50 ms while running [toy.get]");
    expect((await both[1]!).message).toBe("Timed out after 1000 ms while running [toy.get]");
  });

  test("assert less effect than the operation declares", async () => {
    const toy = await connected();
    play(fail("connection_lost"), answer(1));
    const asking = toy.order({}, { effect: "idempotent" });
    await clock.advance(0);
    expect(await asking).toBe(1);
  });

  test("name the effect of a keyed operation; without a key busbar makes one, the same for all tries", async () => {
    const script = play(fail("connection_lost"), answer(1), fail("connection_lost"), answer(1));
    const toy = await connected();
    const running = [toy.insert({}, { idempotencyKey: "mine" })];
    await clock.advance(0);
    running.push(toy.insert());
    await clock.advance(0);
    await Promise.all(running);
    const keys = script.seen.map(({ call }) => call.idempotencyKey);
    expect(keys.slice(0, 2)).toEqual(["mine", "mine"]);
    expect(keys[2]).toMatch(/^[0-9a-f-]{36}$/);
    expect(keys[3]).toBe(keys[2]);
  });

  test.each(["order", "query"] as const)(
    "cannot name the effect of `%s`, where the key would go nowhere",
    async (name) => {
      const toy = await connected();
      for (const options of [{ idempotencyKey: "k" }, { idempotencyKey: "k", effect: "idempotent" }] as CallOptions[]) {
        const error = await errorOf(toy.execute(name, {}, options));
        expect(error).toMatchObject({ kind: "unsupported", outcome: "none" });
        expect(error.message).toContain(`Operation ${name} takes no idempotency key`);
      }
    },
  );

  test.each<[unknown, string]>([
    [{ timeout: "soon" }, 'Invalid timeout: expected milliseconds or text like "30s" [toy.get]'],
    [{ timeout: -1 }, "Invalid timeout"],
    [{ timeout: NaN }, "Invalid timeout"],
    [{ timeout: Infinity }, "Invalid timeout"],
    [{ timeout: null }, "Invalid timeout"],
    [{ timeout: {} }, "Invalid timeout"],
    [{ timout: 5 }, 'Invalid option: unknown name "timout"; did you mean "timeout"'],
    [{ effect: "unsafe" }, 'Invalid effect: expected "read" or "idempotent"'],
    [{ effect: "keyed" }, "Invalid effect"],
    [{ signal: new AbortController() }, "Invalid signal: expected an AbortSignal"],
    [{ idempotencyKey: "" }, "Invalid idempotencyKey: expected text that is not empty"],
    [{ idempotencyKey: 7 }, "Invalid idempotencyKey"],
  ])("are refused where they are wrong: %j", async (options, message) => {
    const toy = await connected();
    const error = await errorOf(toy.get({ text: "a" }, options as CallOptions));
    expect(error).toMatchObject({ kind: "input_invalid", outcome: "none", operation: "get" });
    expect(error.message).toContain(message);
    expect(records.at(-1)).toMatchObject({ operation: "get", result: "input_invalid" });
  });

  test("may be left out, empty, undefined or null", async () => {
    const toy = await connected();
    play(answer(1), answer(1), answer(1), answer(1));
    for (const options of [undefined, null, {}, { signal: undefined, timeout: undefined }])
      expect(await toy.get({ text: "a" }, options as CallOptions)).toBe(1);
  });

  test("abort the call; a signal shared by a thousand calls keeps nothing of them", async () => {
    const toy = await connected();
    const controller = new AbortController();
    const { signal } = controller;
    system.script = scriptedHandler(Array.from({ length: 1_000 }, () => (call: Call) => (void call.signal, 1)));
    await Promise.all(Array.from({ length: 1_000 }, () => toy.get({ text: "a" }, { signal })));
    expect(getEventListeners(signal, "abort")).toEqual([]);
    play(hang({ deaf: true }));
    const aborted = errorOf(toy.order({}, { signal }));
    await clock.settle();
    controller.abort();
    expect(await aborted).toMatchObject({
      kind: "cancelled",
      message: "Cancelled by the caller while running [toy.order]",
      outcome: "unknown",
    });
    expect(getEventListeners(signal, "abort")).toEqual([]);
    await clock.settle();
    expect(clock.pending).toBe(0);
  });
});

describe("what observers hear", () => {
  test("is one record per call, those included that never start", async () => {
    play(answer(1), fail("conflict"));
    const toy = toyOf({}, { name: "main" });
    await toy.execute("get", { text: "a" }).catch(() => {});
    await toy.connect();
    await toy.get({ text: "a" });
    await toy.order().catch(() => {});
    await toy.execute("nope" as never).catch(() => {});
    await toy.get({} as never).catch(() => {});
    const told = records.map(({ connector, operation, result, outcome, attempts }) => [
      connector,
      operation,
      result,
      outcome,
      attempts,
    ]);
    expect(told).toEqual([
      ["main", "get", "not_connected", "none", 0],
      ["main", "get", "ok", undefined, 1],
      ["main", "order", "conflict", "none", 1],
      ["main", "nope", "unsupported", "none", 0],
      ["main", "get", "input_invalid", "none", 0],
    ]);
  });

  test("is each change of state, once, and what the connector itself has to say", async () => {
    const toy = await connected();
    await toy.connect();
    await toy.disconnect();
    await toy.disconnect();
    system.open = () => Promise.reject(new Error("no such host"));
    await toy.connect().catch(() => {});
    expect(states.map(({ state, reason }) => (reason === undefined ? state : `${state}: ${reason}`))).toEqual([
      "connecting",
      "connected",
      "draining",
      "disconnected",
      "connecting",
      "disconnected: no such host",
    ]);
    expect(notices).toEqual([{ connector: "toy", name: "opened", severity: "info", detail: { name: "toy" } }]);
    expect(unclassified).toHaveLength(1);
  });
});

describe("a stream", () => {
  const listed = async (items: AsyncIterable<number>): Promise<number[]> => {
    const list: number[] = [];
    for await (const item of items) list.push(item);
    return list;
  };

  test("trap 26: that is not read does not exist: no call, no check, no slot", async () => {
    const toy = await connected();
    const unread = toy.rows();
    void toy.stream("nope" as never);
    await toy.disconnect();
    expect([records.length, clock.pending]).toEqual([0, 0]);
    await expect(unread.next()).rejects.toThrow("Connector not connected");
  });

  test("is one call, over when it has been read out", async () => {
    system.source = () =>
      inBatches(
        (async function* () {
          yield [1, 2];
          yield [3];
        })(),
      ) as never;
    const toy = await connected();
    expect(await listed(toy.rows())).toEqual([1, 2, 3]);
    expect(records).toMatchObject([{ operation: "rows", result: "ok", attempts: 1 }]);
    expect(clock.pending).toBe(0);
  });

  test("is opened again where opening fails before the first item, and never after it", async () => {
    let opens = 0;
    system.source = async function* () {
      if (++opens < 3) throw new ConnectorError("unavailable", "not yet", { outcome: "none" });
      yield 1;
      throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    };
    const toy = await connected();
    const items = toy.rows();
    const first = items.next();
    await clock.advance(0);
    expect((await first).value).toBe(1);
    const error = await errorOf(items.next());
    expect(error).toMatchObject({
      kind: "connection_lost",
      message: "reset [toy.rows]",
      outcome: "unknown",
      attempts: 3,
      connector: "toy",
      operation: "rows",
    });
    expect([opens, records.length, records[0]?.outcome]).toEqual([3, 1, "unknown"]);
  });

  test("broken off runs the handler's `finally` and is over", async () => {
    let isEnded = false;
    system.source = async function* () {
      try {
        for (let i = 0; ; i++) yield i;
      } finally {
        isEnded = true;
      }
    };
    const toy = await connected();
    for await (const item of toy.rows()) if (item === 5) break;
    expect([isEnded, records[0]?.result, clock.pending]).toEqual([true, "ok", 0]);
  });

  test("broken off while it opens cancels the call, whether or not the handler listens", async () => {
    let cancelled: ConnectorError | undefined;

    system.source = async function* (call) {
      call.onCancel((reason) => (cancelled = reason));
      await new Promise(() => {});
    };
    const toy = await connected();
    const items = toy.rows();
    const waiting = items.next();
    await clock.settle();
    await items.return();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(cancelled).toMatchObject({
      message: "The stream was broken off while running [toy.rows]",
      outcome: "unknown",
    });
    await clock.settle();
    expect([records[0]?.result, clock.pending]).toEqual(["cancelled", 0]);
  });

  test("hears the caller's abort between two reads, and keeps no listener afterwards", async () => {
    const controller = new AbortController();
    let isEnded = false;
    system.source = async function* (call) {
      void call.signal;
      try {
        yield 1;
        yield 2;
      } finally {
        isEnded = true;
      }
    };
    const toy = await connected();
    const items = toy.rows({}, { signal: controller.signal });
    await items.next();
    controller.abort();
    await clock.settle();
    expect([isEnded, records[0]?.result, records[0]?.outcome]).toEqual([true, "cancelled", "unknown"]);
    const error = await errorOf(items.next());
    expect(error.message).toBe("Cancelled by the caller while reading [toy.rows]");
    expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  });

  test("gives each read the time of a call, and its own limit where the caller sets one", async () => {
    system.source = async function* () {
      yield 1;
      await new Promise(() => {});
    };
    const toy = await connected({ timeout: 500 });
    for (const [options, limitMs] of [
      [{}, 500],
      [{ timeout: 70 }, 70],
    ] as const) {
      const items = toy.rows({}, options);
      await items.next();
      await clock.advance(10_000);
      const reading = errorOf(items.next());
      await clock.advance(limitMs);
      expect((await reading).message).toBe(`Timed out after ${limitMs} ms while reading the stream [toy.rows]`);
    }
    expect(clock.pending).toBe(0);
  });

  test("keeps its connector from closing until it is over", async () => {
    system.source = async function* () {
      yield 1;
      yield 2;
    };
    const toy = await connected();
    const items = toy.rows();
    await items.next();
    let isClosed = false;
    void toy.disconnect().then(() => (isClosed = true));
    await clock.advance(100);
    expect(isClosed).toBe(false);
    expect(await listed(items)).toEqual([2]);
    await clock.settle();
    expect(isClosed).toBe(true);
  });
});

describe("connect and disconnect", () => {
  test("a thousand calls that connect on use share one attempt, and each says for itself that it failed", async () => {
    let opens = 0;
    system.open = () => {
      opens++;
      return Promise.reject(Object.assign(new Error("refused"), { code: "ECONNREFUSED" }));
    };
    const toy = toyOf({ retryAttempts: 1 }, { connectsOnUse: () => true });
    const errors = await Promise.all(Array.from({ length: 1_000 }, () => errorOf(toy.order())));
    expect(opens).toBe(1);
    expect(new Set(errors).size).toBe(1_000);
    for (const error of errors)
      expect(error).toMatchObject({ message: "Failed to connect to Toy System: refused [toy.order]", outcome: "none" });
  });

  test("a call that connects on use is repeated after a failed connect, whatever its effect", async () => {
    let opens = 0;
    system.open = async () => {
      if (++opens < 3) throw Object.assign(new Error("refused"), { code: "ECONNREFUSED" });
    };
    play(answer(1));
    const toy = toyOf({}, { connectsOnUse: () => true });
    const ordering = toy.order();
    await clock.advance(0);
    expect([await ordering, toy.isConnected, opens]).toEqual([1, true, 3]);
  });

  test("a connect that does not end fails within the connector's time, and the session that comes late is closed", async () => {
    let finish = (): void => {};
    let closes = 0;
    system.open = () => new Promise((resolve) => (finish = resolve));
    system.close = async () => void closes++;
    const toy = toyOf({ timeout: 300 });
    const failing = errorOf(toy.connect());
    await clock.advance(300);
    expect((await failing).message).toBe("Failed to connect to Toy System: no answer within 300 ms [toy]");
    finish();
    await clock.settle();
    expect([closes, toy.isConnected, clock.pending]).toEqual([1, false, 0]);
  });

  test("disconnect refuses new calls and lets running ones finish, their repeats included", async () => {
    const script = play(delay(clock, 50, fail("unavailable")), delay(clock, 50, answer("done")));
    const toy = await connected();
    const running = toy.get({ text: "a" });
    await clock.advance(10);
    const closing = toy.disconnect();
    expect(toy.isConnected).toBe(false);
    expect((await errorOf(toy.get({ text: "b" }))).message).toContain("Connector not connected");
    await clock.advance(100);
    expect(await running).toBe("done");
    await closing;
    expect(script.seen.map(({ attempt }) => attempt)).toEqual([1, 2]);
  });

  test("disconnect never leaves a session behind that a repeat has opened", async () => {
    let opens = 0;
    system.open = async () => void opens++;
    play(fail("unavailable"));
    const toy = toyOf(
      { retry: { delay: 50_000, maxDelay: 50_000 }, timeout: 0 },
      { connectsOnUse: () => true, random: () => 1 },
    );
    const running = errorOf(toy.get({ text: "a" }));
    await clock.settle();
    const closing = toy.disconnect({ timeout: 100 });
    await clock.advance(100);
    await closing;
    expect(await running).toMatchObject({ kind: "cancelled" });
    await clock.advance(100_000);
    expect([opens, toy.isConnected, clock.pending]).toEqual([1, false, 0]);
  });

  test("disconnect cancels what does not end in time, and the caller hears of it though the handler is deaf", async () => {
    play(hang({ deaf: true }));
    const toy = await connected({ timeout: 0 });
    const running = errorOf(toy.order());
    await clock.settle();
    const closing = toy.disconnect({ timeout: 500 });
    await clock.advance(500);
    await closing;
    expect(await running).toMatchObject({
      kind: "cancelled",
      message: "Disconnected while running, after 500 ms of waiting [toy.order]",
      outcome: "unknown",
    });
  });

  test("disconnect that fails says so as a ConnectorError, and the connector can be connected again", async () => {
    system.close = () => Promise.reject(new Error("stuck"));
    const toy = await connected();
    expect(await errorOf(toy.disconnect())).toMatchObject({ kind: "internal", message: "stuck [toy]" });
    await toy.connect();
    expect(toy.isConnected).toBe(true);
  });

  test("a call can connect, disconnect and connect again while others run", async () => {
    system.script = scriptedHandler(Array.from({ length: 100 }, () => answer(1)));
    const toy = toyOf({}, { connectsOnUse: () => true });
    for (let i = 0; i < 50; i++) {
      expect(await toy.get({ text: "a" })).toBe(1);
      await toy.disconnect();
    }
    expect([toy.isConnected, clock.pending]).toEqual([false, 0]);
  });
});

describe("a health check", () => {
  test("says that the system is well, and how long it took to say so", async () => {
    system.ping = () => new Promise((resolve) => void clock.after(12.345, resolve));
    const toy = await connected();
    const timestamp = new Date(clock.wall()).toISOString();
    const checking = toy.healthCheck();
    await clock.advance(20);
    expect(await checking).toEqual({ status: "healthy", connected: true, responseTime: 12.35, timestamp });
  });

  test("says what is not as it should be", async () => {
    system.ping = async () => ({ degraded: "replica lags" });
    expect(await (await connected()).healthCheck()).toMatchObject({
      status: "degraded",
      connected: true,
      error: "replica lags",
    });
  });

  test("never throws, whatever `ping` does, and leaves no timer", async () => {
    const toy = await connected();
    const nothing: unknown = undefined;
    for (const ping of [
      () => Promise.reject(new Error("down")),
      () => {
        throw new Error("down");
      },
      () => Promise.reject(nothing),
    ]) {
      system.ping = ping;
      expect(await toy.healthCheck()).toMatchObject({ status: "unhealthy", connected: false });
    }
    expect(clock.pending).toBe(0);
  });

  test("never hangs: no answer in time is an answer, and the ping is told", async () => {
    let signal: AbortSignal | undefined;
    system.ping = (given) => {
      signal = given;
      return new Promise(() => {});
    };
    const toy = await connected();
    const checking = toy.healthCheck();
    await clock.advance(5_000);
    expect(await checking).toMatchObject({
      status: "unhealthy",
      error: "No answer to the health check within 5000 ms [toy]",
    });
    expect([signal?.aborted, clock.pending]).toEqual([true, 0]);
  });

  test("of a connector that is not connected says so; one that connects on use connects", async () => {
    expect(await toyOf().healthCheck()).toMatchObject({ status: "unhealthy", error: "Connector not connected [toy]" });
    const lazy = toyOf({}, { connectsOnUse: () => true });
    expect(await lazy.healthCheck()).toMatchObject({ status: "healthy" });
    expect(lazy.isConnected).toBe(true);
  });

  test("of a connector that cannot connect tells why, within its limit", async () => {
    system.open = () => new Promise(() => {});
    const checking = toyOf({}, { connectsOnUse: () => true }).healthCheck();
    await clock.advance(5_000);
    expect(await checking).toMatchObject({ status: "unhealthy", connected: false });
  });
});

describe("work of a subclass", () => {
  const value = write("Works.", Nothing, z.unknown(), { effect: "unknown" });
  class Worker extends Toy {
    work(
      name: string,
      step: (session: Session, call: Call) => Promise<unknown>,
      options?: CallOptions,
    ): Promise<unknown> {
      return this.run({ name, value }, step, options);
    }
  }

  test("runs on the session under the same policies as an operation", async () => {
    const worker = new Worker({ timeout: 200 }, { clock });
    await expect(worker.work("twice", async () => 1)).rejects.toThrow("Connector not connected [toy.twice]");
    await worker.connect();
    expect(await worker.work("twice", async (session) => Object.keys(session.handlers))).toContain("get");
    const slow = errorOf(worker.work("twice", () => new Promise(() => {})));
    await clock.advance(200);
    expect(await slow).toMatchObject({ kind: "timeout", operation: "twice", outcome: "unknown" });
    expect((await errorOf(worker.work("twice", async () => 1, { timeout: "soon" }))).kind).toBe("input_invalid");
    expect(records.map(({ operation }) => operation)).toEqual(["twice", "twice", "twice", "twice"]);
  });

  test("is not repeated read-only just because an operation of the same name could be", async () => {
    system.isProvable = true;
    const worker = new Worker({ retry: { delay: 0 } }, { clock, random: () => 0 });
    await worker.connect();
    let runs = 0;
    const losing = errorOf(
      worker.work("query", () => {
        runs++;
        return Promise.reject(new ConnectorError("connection_lost", "reset"));
      }),
    );
    await clock.advance(0);
    expect(await losing).toMatchObject({ kind: "connection_lost", outcome: "unknown" });
    expect(runs).toBe(1);
  });
});

test("a connector describes itself", () => {
  expect(toyOf({ size: 5 }, { name: "main" }).describe()).toMatchObject({
    name: "main",
    provider: "toy",
    type: "custom",
    title: "Toy System",
    summary: "A toy.",
    operations: { get: { effect: "read" } },
    settings: { connection: { host: "h" }, options: { size: 5 }, policies: { timeout: 30_000 } },
  });
});
