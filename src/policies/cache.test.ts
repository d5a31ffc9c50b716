import { inspect } from "node:util";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Call } from "../core/call.ts";
import { ConnectorError, type Kind } from "../core/errors.ts";
import { channels } from "../core/events.ts";
import { compose } from "../core/policy.ts";
import type { CallRecord } from "../core/record.ts";
import { Secret } from "../core/secret.ts";
import { untilCancelled } from "../core/until-cancelled.ts";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall, type CallSettings } from "../testkit/make-call.ts";
import { cache, cacheSetting, invalidatesSetting } from "./cache.ts";
import { CacheLabels } from "./cache-labels.ts";
import { CacheStore } from "./cache-store.ts";
import { deadline } from "./deadline.ts";
import { observe } from "./observe.ts";

interface Asked {
  readonly call: Call;
  readonly answer: (data: unknown) => Promise<void>;
  readonly fail: (kind: Kind, details?: { retryAfterMs: number }) => Promise<void>;
}

let published: CallRecord[];
const note = (record: unknown): void => void published.push(record as CallRecord);
beforeEach(() => {
  published = [];
  channels.call.subscribe(note);
});
afterEach(() => void channels.call.unsubscribe(note));

/** A cache before a system that answers when the test says so. */
function bench(operations: unknown = { get: 1_000 }, invalidates?: unknown, maxEntries?: number, timeoutMs = 30_000) {
  const clock = fakeClock();
  const asked: Asked[] = [];
  const entered: Call[] = [];
  const settings = cacheSetting.parse({ operations, ...(maxEntries === undefined ? {} : { maxEntries }) });
  const policies = [
    observe(clock),
    cache(settings, invalidates === undefined ? undefined : invalidatesSetting.parse(invalidates), {
      clock,
      timeoutMs,
      enter: (call) => entered.push(call),
    }),
    deadline(timeoutMs, clock),
  ];
  const run = compose(policies, (call) => {
    call.record.attempts++;
    call.record.stage = "running";
    const work = new Promise((resolve, reject) => {
      const settled = async (settle: () => void): Promise<void> => {
        settle();
        await clock.settle();
      };
      asked.push({
        call,
        answer: (data) => settled(() => resolve(data)),
        fail: (kind, details) => settled(() => reject(new ConnectorError(kind, kind, details))),
      });
    });
    return untilCancelled(work, call);
  });
  const start = (settings: CallSettings = {}): { call: Call; result: Promise<unknown> } => {
    const call = makeCall({ name: "get", input: { id: 1 }, clock, ...settings });
    return { call, result: run(call).catch((error: unknown) => error) };
  };
  const send = (settings?: CallSettings): Promise<unknown> => start(settings).result;
  /** Asks, answers and waits. */
  const fill = async (data: unknown, settings?: CallSettings): Promise<void> => {
    const sent = send(settings);
    await clock.settle();
    await asked.at(-1)!.answer(data);
    await sent;
  };
  return { clock, asked, entered, start, send, fill };
}

describe("an answer", () => {
  test("is used until its time is over, for the same input whatever the order of its fields", async () => {
    const { clock, asked, start, fill } = bench();
    await fill("ada", { input: { a: 1, b: 2 } });
    await clock.advance(999);
    const { call, result } = start({ input: { b: 2, a: 1 } });
    expect(await result).toBe("ada");
    expect(call.record.meta()).toMatchObject({ cache: "hit", attempts: 0, waitMs: 0 });
    expect(asked.length).toBe(1);
    await clock.advance(1);
    const late = start({ input: { a: 1, b: 2 } });
    await clock.settle();
    await asked[1]!.answer("grace");
    expect(await late.result).toBe("grace");
    expect(late.call.record.meta()).toMatchObject({ cache: "miss", attempts: 1 });
  });

  test("to another input or operation is another", async () => {
    const { asked, send, fill } = bench({ get: 1_000, head: 1_000 });
    await fill(1);
    void send({ input: { id: "1" } });
    void send({ name: "head" });
    void send({ input: {} });
    expect(asked.length).toBe(4);
  });

  test("is a copy: nobody can spoil another's, nor the first caller's the kept one", async () => {
    const { asked, clock, send } = bench();
    const first = send();
    const follower = send();
    await clock.settle();
    await asked[0]!.answer({ rows: [{ at: new Date(5) }] });
    const answers = [await first, await follower, await send()] as { rows: { at: Date }[] }[];
    for (const answer of answers) {
      expect(answer).toEqual({ rows: [{ at: new Date(5) }] });
      answer.rows[0]!.at.setTime(0);
      answer.rows.length = 0;
    }
    expect(await send()).toEqual({ rows: [{ at: new Date(5) }] });
  });

  test("keeps what is known of it: status, headers, columns", async () => {
    const { asked, clock, send, start } = bench();
    const first = send();
    await clock.settle();
    Object.assign(asked[0]!.call.record.answer, { status: 200, headers: { etag: "x" } });
    await asked[0]!.answer(1);
    await first;
    const { call, result } = start();
    await result;
    expect(call.record.meta()).toMatchObject({ status: 200, headers: { etag: "x" }, cache: "hit" });
  });

  test("that is no plain data is not kept, and not shared", async () => {
    class Cursor {
      readonly at = 1;
    }
    const { asked, clock, send } = bench();
    const sent = [send(), send()];
    await clock.settle();
    const cursor = new Cursor();
    await asked[0]!.answer(cursor);
    expect(asked.length).toBe(2);
    await asked[1]!.answer(new Cursor());
    const answers = await Promise.all(sent);
    expect(answers[0]).toBe(cursor);
    expect(answers[1]).not.toBe(cursor);
    void send();
    expect(asked.length).toBe(3);
  });

  test("that is nothing is kept as well", async () => {
    const { asked, send, fill } = bench();
    await fill(undefined);
    expect(await send()).toBeUndefined();
    expect(asked.length).toBe(1);
  });

  test("the least recently used one goes where there are too many", async () => {
    const { asked, send, fill } = bench(undefined, undefined, 2);
    await fill("one", { input: 1 });
    await fill("two", { input: 2 });
    await send({ input: 1 });
    await fill("three", { input: 3 });
    expect(await send({ input: 1 })).toBe("one");
    expect(await send({ input: 3 })).toBe("three");
    expect(asked.length).toBe(3);
    void send({ input: 2 });
    expect(asked.length).toBe(4);
  });
});

describe("nothing is kept", () => {
  test.each<[string, CallSettings]>([
    ["of an operation that is not named", { name: "other" }],
    ["of a call that may write", { effect: "idempotent" }],
    ["of a stream", { stream: true }],
    ["of work without an input", { input: undefined }],
    ["where the input cannot be told apart", { input: { of: new (class Thing {})() } }],
  ])("%s", async (_name, settings) => {
    const { asked, clock, start, fill } = bench();
    await fill(1, settings);
    const { call } = start(settings);
    await clock.settle();
    expect(asked.length).toBe(2);
    expect(call.record.cache).toBeUndefined();
  });

  test("of a failure", async () => {
    const { asked, clock, send } = bench();
    const failed = send();
    await clock.settle();
    await asked[0]!.fail("not_found");
    expect(await failed).toMatchObject({ kind: "not_found" });
    void send();
    expect(asked.length).toBe(2);
  });

  test("of an answer with a secret in it", async () => {
    const { asked, send, fill } = bench();
    await fill({ user: "ada", token: new Secret("hunter2") });
    void send();
    expect(asked.length).toBe(2);
  });

  test("in clear: not even the input", async () => {
    const put = vi.spyOn(CacheStore.prototype, "put");
    await bench().fill("answer", { input: { token: "hunter2" } });
    expect(put).toHaveBeenCalledOnce();
    expect(inspect(put.mock.calls, { depth: null })).toMatch(/answer/);
    expect(inspect(put.mock.calls, { depth: null })).not.toMatch(/hunter2|token/);
    put.mockRestore();
  });
});

describe("single flight", () => {
  test("a hundred same misses make one call", async () => {
    const { asked, clock, start } = bench();
    const all = Array.from({ length: 100 }, () => start());
    await clock.advance(40);
    await asked[0]!.answer("shared");
    for (const { result } of all) expect(await result).toBe("shared");
    expect(asked.length).toBe(1);
    expect(all.map(({ call }) => call.record.cache).sort()).toEqual([...Array<string>(99).fill("hit"), "miss"]);
    expect(all[1]!.call.record).toMatchObject({ attempts: 0, waitMs: 40 });
  });

  test("its failure is everybody's, with nothing tried again", async () => {
    const { asked, clock, start } = bench();
    const all = Array.from({ length: 10 }, () => start());
    await clock.settle();
    await asked[0]!.fail("unavailable", { retryAfterMs: 100 });
    for (const { result } of all) expect(await result).toMatchObject({ kind: "unavailable" });
    expect(asked.length).toBe(1);
  });

  test("a follower's abort or shorter time disturbs nobody", async () => {
    const { asked, clock, start } = bench();
    const leader = start();
    const abort = new AbortController();
    const aborted = start({ signal: abort.signal });
    const impatient = start({ timeoutMs: 50 });
    const patient = start();
    await clock.advance(10);
    abort.abort();
    expect(await aborted.result).toMatchObject({ kind: "cancelled" });
    await clock.advance(40);
    expect(await impatient.result).toMatchObject({
      kind: "timeout",
      message: expect.stringMatching(/Timed out after 50 ms/),
    });
    await asked[0]!.answer(1);
    expect([await leader.result, await patient.result]).toEqual([1, 1]);
    expect([asked.length, clock.pending]).toEqual([1, 0]);
  });

  test("a leader that is aborted hands over to one follower, for whom its time goes on", async () => {
    const { asked, clock, start } = bench();
    const abort = new AbortController();
    const leader = start({ signal: abort.signal });
    const next = start({ timeoutMs: 100 });
    const last = start();
    await clock.advance(60);
    abort.abort();
    expect(await leader.result).toMatchObject({ kind: "cancelled" });
    await clock.settle();
    expect(asked.map(({ call }) => call)).toEqual([leader.call, next.call]);
    await clock.advance(40);
    expect(await next.result).toMatchObject({
      kind: "timeout",
      message: expect.stringMatching(/Timed out after 100 ms/),
    });
    await clock.settle();
    expect(asked[2]!.call).toBe(last.call);
    await asked[2]!.answer("at last");
    expect(await last.result).toBe("at last");
    expect(clock.pending).toBe(0);
  });

  test("a leader too impatient for a wait that was asked for leaves it to those who have the time", async () => {
    const { asked, clock, start } = bench();
    const leader = start({ timeoutMs: 100 });
    const short = start({ timeoutMs: 200 });
    const long = start({ timeoutMs: 10_000 });
    await clock.settle();
    await asked[0]!.fail("rate_limited", { retryAfterMs: 5_000 });
    expect(await leader.result).toMatchObject({ kind: "rate_limited" });
    expect(await short.result).toMatchObject({ kind: "rate_limited" });
    expect(asked.length).toBe(2);
    await asked[1]!.answer("in time");
    expect(await long.result).toBe("in time");
  });

  test("a system that does not listen keeps nobody", async () => {
    const { asked, clock, start } = bench(undefined, undefined, undefined, 0);
    const abort = new AbortController();
    const leader = start({ signal: abort.signal });
    const follower = start();
    await clock.settle();
    abort.abort();
    expect(await leader.result).toMatchObject({ kind: "cancelled" });
    await clock.settle();
    await asked[1]!.answer(2);
    expect(await follower.result).toBe(2);
  });

  test("with a time to live of nothing only those who ask at the same time share", async () => {
    const { asked, clock, send } = bench({ get: 0 });
    const both = [send(), send()];
    await clock.settle();
    await asked[0]!.answer(1);
    expect(await Promise.all(both)).toEqual([1, 1]);
    void send();
    expect(asked.length).toBe(2);
  });

  test("whoever aborts and whatever fails, nobody hangs and at most one call at a time is made", async () => {
    const event = fc.oneof(
      fc.record({ ask: fc.constantFrom(50, 500, undefined) }),
      fc.record({ abort: fc.nat() }),
      fc.record({ wait: fc.integer({ min: 1, max: 100 }) }),
      fc.record({ end: fc.constantFrom<Kind | "ok">("ok", "unavailable", "not_found") }),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 60, size: "max" }), async (events) => {
        const { asked, clock, start } = bench({ get: 0 });
        const open = new Map<Call, AbortController>();
        const running = (): Asked[] => asked.filter(({ call }) => open.has(call));
        for (const each of events) {
          if ("ask" in each) {
            const abort = new AbortController();
            const { call, result } = start({ signal: abort.signal, timeoutMs: each.ask });
            open.set(call, abort);
            void result.then(() => open.delete(call));
          } else if ("abort" in each) [...open.values()][each.abort % Math.max(1, open.size)]?.abort();
          else if ("wait" in each) await clock.advance(each.wait);
          else if (each.end === "ok") await running()[0]?.answer(1);
          else await running()[0]?.fail(each.end);
          await clock.settle();
          expect(running().length).toBe(open.size === 0 ? 0 : 1);
        }
        await clock.advance(30_000);
        for (let i = 0; i < 3 && open.size > 0; i++) await running()[0]?.answer(1);
        expect([open.size, clock.pending]).toEqual([0, 0]);
      }),
      { numRuns: 100 },
    );
  });
});

describe("stale-while-revalidate", () => {
  const operations = { get: { ttl: 1_000, staleWhileRevalidate: 500 } };

  test("the old answer is used while one call of its own fetches a fresh one", async () => {
    const { asked, entered, clock, start, fill, send } = bench(operations);
    await fill("old");
    await clock.advance(1_200);
    const first = start();
    expect(await first.result).toBe("old");
    expect(first.call.record.cache).toBe("stale");
    expect(await send()).toBe("old");
    expect(asked.length).toBe(2);
    expect(asked[1]!.call).not.toBe(first.call);
    expect(entered).toEqual([asked[1]!.call]);
    await asked[1]!.answer("new");
    expect(published.at(-1)).toMatchObject({ operation: "get", result: "ok", attempts: 1, cache: "miss" });
    expect(await send()).toBe("new");
    await clock.advance(999);
    expect(await send()).toBe("new");
  });

  test("its failure and its time-out disturb nobody and are told by its record", async () => {
    const { asked, clock, send, fill } = bench(operations, undefined, undefined, 100);
    await fill("old");
    await clock.advance(1_200);
    await send();
    await asked[1]!.fail("unavailable");
    expect(published.at(-1)).toMatchObject({ operation: "get", result: "unavailable" });
    expect(await send()).toBe("old");
    await clock.advance(100);
    expect(published.at(-1)).toMatchObject({ result: "timeout" });
    expect(clock.pending).toBe(0);
  });

  test("an answer older than that is fetched by the caller", async () => {
    const { asked, clock, send, fill } = bench(operations);
    await fill("old");
    await clock.advance(1_500);
    const late = send();
    await clock.settle();
    await asked[1]!.answer("new");
    expect(await late).toBe("new");
  });
});

describe("stale-if-error", () => {
  const operations = { get: { ttl: 1_000, staleIfError: 500 } };

  async function failing(kind: Kind, afterMs: number, operationsOrOther: unknown = operations): Promise<unknown> {
    const { asked, clock, send, fill } = bench(operationsOrOther);
    await fill("old");
    await clock.advance(afterMs);
    const sent = send();
    await clock.settle();
    await asked[1]!.fail(kind);
    return sent;
  }

  test.each<Kind>(["unavailable", "connection_lost", "timeout", "circuit_open", "rate_limited"])(
    "the old answer is used when the system says %s",
    async (kind) => {
      expect(await failing(kind, 1_499)).toBe("old");
      expect(await failing(kind, 1_500)).toMatchObject({ kind });
    },
  );

  test.each<Kind>(["unauthenticated", "permission_denied", "not_found", "input_invalid", "internal", "cancelled"])(
    "%s is an answer, and told",
    async (kind) => {
      expect(await failing(kind, 1_100)).toMatchObject({ kind });
    },
  );

  test("followers have it too, and the call's own deadline counts as no answer", async () => {
    const { clock, start, fill } = bench(operations, undefined, undefined, 100);
    await fill("old");
    await clock.advance(1_000);
    const all = [start(), start()];
    await clock.advance(100);
    expect(await Promise.all(all.map(({ result }) => result))).toEqual(["old", "old"]);
    expect(all.map(({ call }) => call.record.cache)).toEqual(["stale", "stale"]);
  });
});

describe("a write", () => {
  const rules = { put: ["get"] };
  const put: CallSettings = { name: "put", effect: "unsafe" };

  test("outdates the answers of the operations that it names, and no others", async () => {
    const { asked, clock, send, fill } = bench({ get: 1_000, list: 1_000 }, rules);
    await fill("old");
    await fill("names", { name: "list" });
    await fill("done", put);
    expect(await send({ name: "list" })).toBe("names");
    const fresh = send();
    await clock.settle();
    await asked.at(-1)!.answer("new");
    expect(await fresh).toBe("new");
    expect(await send()).toBe("new");
  });

  test("that may have been carried out outdates, one that certainly was not does not", async () => {
    const { asked, clock, send, fill } = bench(undefined, rules);
    await fill("old");
    const refused = send(put);
    await clock.settle();
    const error = new ConnectorError("conflict", "x", { outcome: "none" });
    asked.at(-1)!.call.cancel(error);
    await refused;
    expect(await send()).toBe("old");
    const lost = send(put);
    await clock.settle();
    await asked.at(-1)!.fail("connection_lost");
    await lost;
    const count = asked.length;
    void send();
    expect(asked.length).toBe(count + 1);
  });

  test("that lands while a read is under way keeps its answer from being kept or joined", async () => {
    const { asked, clock, send, fill } = bench(undefined, rules);
    const early = send();
    await clock.settle();
    await fill("done", put);
    // Who asks after the write must not be given what was read before it.
    const late = send();
    await clock.settle();
    expect(asked.length).toBe(3);
    await asked[0]!.answer("before");
    expect(await early).toBe("before");
    await asked[2]!.answer("after");
    expect(await late).toBe("after");
    expect(await send()).toBe("after");
  });

  test("leaves no old answer for bad times", async () => {
    const { asked, clock, send, fill } = bench({ get: { ttl: 1_000, staleIfError: 60_000 } }, rules);
    await fill("old");
    await fill("done", put);
    const sent = send();
    await clock.settle();
    await asked.at(-1)!.fail("unavailable");
    expect(await sent).toMatchObject({ kind: "unavailable" });
  });

  test("that streams outdates when it has been read out", async () => {
    const { asked, clock, start, send, fill } = bench(undefined, rules);
    await fill("old");
    const { call, result } = start({ ...put, stream: true });
    await clock.settle();
    await asked.at(-1)!.answer("opened");
    await result;
    expect(await send()).toBe("old");
    call.record.settle("ok", clock.now());
    const count = asked.length;
    void send();
    expect(asked.length).toBe(count + 1);
  });

  test("that the caller says is a read outdates nothing", async () => {
    const { send, fill } = bench(undefined, rules);
    await fill("old");
    await fill("done", { ...put, effect: "read" });
    expect(await send()).toBe("old");
  });
});

describe("tags", () => {
  const users = { get: { ttl: 60_000, tags: ["users", "user:{input.id}"] }, list: { ttl: 60_000, tags: ["users"] } };
  const update: CallSettings = { name: "update", effect: "unsafe" };

  test("let a write outdate what it touched, and nothing else", async () => {
    const { asked, send, fill } = bench(users, { update: { tags: ["user:{input.id}"] } });
    await fill("ada", { input: { id: 1 } });
    await fill("grace", { input: { id: 2 } });
    await fill(["ada", "grace"], { name: "list" });
    await fill("done", { ...update, input: { id: 1, name: "Ada" } });
    expect([await send({ input: { id: 2 } }), await send({ name: "list" })]).toEqual(["grace", ["ada", "grace"]]);
    const count = asked.length;
    void send({ input: { id: 1 } });
    expect(asked.length).toBe(count + 1);
  });

  test("of fixed text outdate the answers of every operation that carries them, beside operations by name", async () => {
    for (const outdated of [
      { tags: ["users"] },
      { operations: ["get", "list"] },
      { operations: ["list"], tags: ["user:{input.id}"] },
    ]) {
      const { asked, send, fill } = bench(users, { update: outdated });
      await fill("ada", { input: { id: 1 } });
      await fill(["ada"], { name: "list" });
      await fill("done", { ...update, input: { id: 1 } });
      const count = asked.length;
      void send({ input: { id: 1 } });
      void send({ name: "list" });
      expect(asked.length).toBe(count + 2);
    }
  });

  test("count for an answer that was on its way when they were outdated: it is neither kept nor joined", async () => {
    const { asked, clock, send, fill } = bench(users, { update: { tags: ["user:{input.id}"] } });
    const early = send({ input: { id: 1 } });
    const other = send({ input: { id: 2 } });
    await clock.settle();
    await fill("done", { ...update, input: { id: 1 } });
    const late = send({ input: { id: 1 } });
    await clock.settle();
    expect(asked.length).toBe(4);
    await asked[0]!.answer("before");
    await asked[1]!.answer("other");
    await asked[3]!.answer("after");
    expect([await early, await other, await late]).toEqual(["before", "other", "after"]);
    expect(await send({ input: { id: 1 } })).toBe("after");
    expect(await send({ input: { id: 2 } })).toBe("other");
    expect(asked.length).toBe(4);
  });

  test("that cannot be told keep nothing, and outdate everything", async () => {
    const { asked, clock, start, send, fill } = bench(users, { update: { tags: ["user:{input.id}"] } });
    await fill("nobody", { input: { name: "x" } });
    const again = start({ input: { name: "x" } });
    await clock.settle();
    await asked.at(-1)!.answer("nobody");
    expect([await again.result, again.call.record.cache]).toEqual(["nobody", undefined]);
    expect(asked.length).toBe(2);
    await fill("ada", { input: { id: 1 } });
    await fill("names", { name: "list" });
    await fill("done", { ...update, input: { where: "true" } });
    void send({ input: { id: 1 } });
    void send({ name: "list" });
    expect(asked.length).toBe(7);
  });

  test("are the same for a field that is a number as for its text, and meet fixed ones", async () => {
    const { asked, send, fill } = bench(users, {
      update: { tags: ["user:{input.of.id}"] },
      clear: { tags: ["user:7"] },
    });
    await fill("ada", { input: { id: "1" } });
    await fill("done", { ...update, input: { of: { id: 1 } } });
    await fill("ada", { input: { id: "1" } });
    expect(asked.length).toBe(3);
    await fill("grace", { input: { id: 7 } });
    await fill("done", { ...update, name: "clear" });
    void send({ input: { id: 7 } });
    expect(asked.length).toBe(6);
  });

  test("hold no input in clear", async () => {
    const put = vi.spyOn(CacheStore.prototype, "put");
    await bench(users).fill("answer", { input: { id: "hunter2" } });
    expect(put.mock.calls.length).toBe(1);
    expect(inspect(put.mock.calls, { depth: null })).not.toMatch(/hunter2/);
    put.mockRestore();
  });

  test("trap 9: of a hundred thousand inputs leave nothing behind when their answers have gone", async () => {
    const labels = vi.spyOn(CacheLabels.prototype, "hold");
    const clock = fakeClock();
    const settings = cacheSetting.parse({ operations: users, maxEntries: 10 });
    const send = compose(
      [cache(settings, { update: { tags: ["user:{input.id}"] } }, { clock, timeoutMs: 0, enter: () => {} })],
      (call) => Promise.resolve(call.input).finally(() => call.record.settle("ok", 0)),
    );
    for (let id = 0; id < 100_000; id++) {
      if (id % 2 === 0) await send(makeCall({ name: "get", input: { id } }));
      else await send(makeCall({ ...update, input: { id: id - 1 - (id % 4) } }));
    }
    // Ten answers, each with its operation and two tags, of which two are the same for all.
    const { size } = labels.mock.contexts[0] as CacheLabels;
    expect(size).toBeGreaterThan(0);
    expect(size).toBeLessThanOrEqual(12);
    labels.mockRestore();
  });

  test("whatever happens in whatever order, who asks after a write never gets what was before it", async () => {
    const event = fc.oneof(
      { weight: 4, arbitrary: fc.record({ read: fc.integer({ min: 0, max: 1 }) }) },
      { weight: 2, arbitrary: fc.record({ write: fc.integer({ min: 0, max: 1 }) }) },
      { weight: 4, arbitrary: fc.record({ answer: fc.nat() }) },
      { weight: 1, arbitrary: fc.record({ wait: fc.constantFrom(100, 400) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(event, { minLength: 10, maxLength: 60, size: "max" }), async (events) => {
        const kept = { ttl: 300, staleWhileRevalidate: 300, tags: ["user:{input.id}"] };
        const { asked, clock, send } = bench({ get: kept }, { update: { tags: ["user:{input.id}"] } });
        /** What the system holds, and what writes have been acknowledged; by user. */
        const held = [0, 0];
        const acknowledged = [0, 0];
        const open: { answer(): Promise<void> }[] = [];
        const wrong: string[] = [];
        const take = (): void => {
          for (const { call, answer } of asked.splice(0)) {
            const { id } = call.input as { id: number };
            // A read sees what is there when it arrives; a write takes effect then.
            const version = call.name === "get" ? held[id]! : ++held[id]!;
            open.push({ answer: () => answer({ version }) });
          }
        };
        for (const each of events) {
          if ("read" in each) {
            const id = each.read;
            const least = acknowledged[id]!;
            void send({ input: { id } }).then((answer) => {
              const { version } = answer as { version: number };
              if (version < least) wrong.push(`user ${id}: ${version}, although ${least} was written before`);
            });
          } else if ("write" in each) {
            const id = each.write;
            void send({ ...update, input: { id } }).then((answer) => {
              acknowledged[id] = Math.max(acknowledged[id]!, (answer as { version: number }).version);
            });
          } else if ("wait" in each) await clock.advance(each.wait);
          else if (open.length > 0) await open.splice(each.answer % open.length, 1)[0]!.answer();
          await clock.settle();
          take();
        }
        for (; open.length > 0; take()) await open.shift()!.answer();
        expect(wrong).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test.each(["user:{id}", "user:{input}", "user:{input.}", "user:{input.id", "user:input.id}", "{}", ""])(
    "%j is none",
    (tag) => {
      expect(cacheSetting.safeParse({ operations: { get: { ttl: 5, tags: [tag] } } }).success).toBe(false);
      expect(invalidatesSetting.safeParse({ put: { tags: [tag] } }).success).toBe(false);
    },
  );

  test("are not to be had empty, nor is a write that outdates nothing", () => {
    expect(cacheSetting.safeParse({ operations: { get: { ttl: 5, tags: [] } } }).success).toBe(false);
    for (const nothing of [{}, [], { tags: [] }, { operations: [] }])
      expect(invalidatesSetting.safeParse({ put: nothing }).success).toBe(false);
  });
});

test("a call that is over already gets nothing", async () => {
  const { start, fill } = bench();
  await fill("old");
  const abort = new AbortController();
  abort.abort();
  expect(await start({ signal: abort.signal }).result).toMatchObject({ kind: "cancelled" });
});

test.each([
  {},
  { operations: {} },
  { operations: { get: "soon" } },
  { operations: { get: { staleIfError: 5 } } },
  { operations: { get: 5 }, maxEntries: 0 },
  { operations: { get: { ttl: 5, stale: 1 } } },
])("%j is no setting", (settings) => {
  expect(cacheSetting.safeParse(settings).success).toBe(false);
});
