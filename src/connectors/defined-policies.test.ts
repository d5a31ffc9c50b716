import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { z } from "zod";
import { channels, defineConnector, read, write, ConnectorError, type CallRecord, type NoticeEvent } from "../index.ts";
import { fakeClock } from "../testkit/fake-clock.ts";

let notices: NoticeEvent[];
let records: CallRecord[];
const noteNotice = (event: unknown): void => void notices.push(event as NoticeEvent);
const noteRecord = (record: unknown): void => void records.push(record as CallRecord);
beforeEach(() => {
  notices = [];
  records = [];
  channels.notice.subscribe(noteNotice);
  channels.call.subscribe(noteRecord);
});
afterEach(() => {
  channels.notice.unsubscribe(noteNotice);
  channels.call.unsubscribe(noteRecord);
});

const Shelf = defineConnector({
  provider: "shelf",
  type: "custom",
  title: "Shelf",
  summary: "Keeps texts.",
  connection: z.strictObject({ texts: z.record(z.string(), z.string()), isDown: z.boolean().default(false) }),
  operations: {
    get: read("Reads.", z.strictObject({ id: z.string() }), z.object({ text: z.string() })),
    put: write("Writes.", z.strictObject({ id: z.string(), text: z.string() }), z.null(), { effect: "idempotent" }),
  },
  async open({ connection }) {
    const texts = new Map(Object.entries(connection.texts));
    return {
      handlers: {
        get: async ({ id }) => {
          if (connection.isDown) throw new ConnectorError("unavailable", "down");
          return { text: texts.get(id) ?? "" };
        },
        put: async ({ id, text }) => {
          texts.set(id, text);
          return null;
        },
      },
      ping: async () => {},
      close: async () => {},
    };
  },
  classify: () => undefined,
});

describe("the circuit breaker of a connector", () => {
  test("can be seen and set by hand, and tells of its changes", async () => {
    const shelf = new Shelf({ texts: { a: "x" }, circuitBreaker: true });
    await shelf.connect();
    expect(shelf.circuitBreaker?.state).toBe("closed");
    shelf.circuitBreaker?.isolate();
    await expect(shelf.get({ id: "a" })).rejects.toMatchObject({
      kind: "circuit_open",
      message: "The system is being spared: it was isolated by hand [shelf.get]",
    });
    shelf.circuitBreaker?.reset();
    expect(await shelf.get({ id: "a" })).toEqual({ text: "x" });
    expect(notices.map(({ connector, name }) => `${connector}: ${name}`)).toEqual([
      "shelf: circuit open",
      "shelf: circuit closed",
    ]);
    await shelf.disconnect();
  });

  test("is not there where the settings do not switch it on", () => {
    expect(new Shelf({ texts: {} }).circuitBreaker).toBeUndefined();
  });

  test("opens when the system fails, and refuses at once", async () => {
    const shelf = new Shelf({ texts: {}, isDown: true, circuitBreaker: { failures: 3 }, retry: { delay: 0 } });
    await shelf.connect();
    await expect(shelf.get({ id: "a" })).rejects.toMatchObject({ kind: "unavailable", attempts: 3 });
    await expect(shelf.get({ id: "a" })).rejects.toMatchObject({ kind: "circuit_open", attempts: 0 });
    await shelf.disconnect();
  });
});

describe("the cache of a connector", () => {
  const settings = { cache: { operations: { get: "1m" } }, invalidates: { put: ["get"] } };

  test("keeps answers, says so in `meta`, and forgets them after a write", async () => {
    const shelf = new Shelf({ texts: { a: "x" }, ...settings });
    await shelf.connect();
    expect((await shelf.call("get", { id: "a" })).meta).toMatchObject({ cache: "miss", attempts: 1 });
    expect(await shelf.call("get", { id: "a" })).toMatchObject({
      data: { text: "x" },
      meta: { cache: "hit", attempts: 0 },
    });
    const { meta } = await shelf.call("put", { id: "a", text: "y" });
    expect("cache" in meta).toBe(false);
    expect(await shelf.get({ id: "a" })).toEqual({ text: "y" });
    expect(records.map(({ operation, cache }) => [operation, cache])).toEqual([
      ["get", "miss"],
      ["get", "hit"],
      ["put", undefined],
      ["get", "miss"],
    ]);
    await shelf.disconnect();
  });

  test("answers nobody who is not connected", async () => {
    const shelf = new Shelf({ texts: { a: "x" }, ...settings });
    await shelf.connect();
    await shelf.get({ id: "a" });
    await shelf.disconnect();
    await expect(shelf.get({ id: "a" })).rejects.toThrow("Connector not connected");
  });

  test("fetches fresh answers in calls that `disconnect` waits for", async () => {
    const clock = fakeClock();
    const cache = { operations: { get: { ttl: 100, staleWhileRevalidate: 1_000 } } };
    const shelf = new Shelf({ texts: { a: "x" }, cache, faults: { rules: [{ rate: 0.999, delay: 50 }] } }, { clock });
    await shelf.connect();
    const first = shelf.get({ id: "a" });
    await clock.advance(50);
    await first;
    await clock.advance(200);
    expect((await shelf.call("get", { id: "a" })).meta.cache).toBe("stale");
    const closed = shelf.disconnect();
    await clock.advance(49);
    expect(records.length).toBe(2);
    await clock.advance(1);
    await closed;
    expect(records[2]).toMatchObject({ operation: "get", result: "ok", attempts: 1 });
    expect(clock.pending).toBe(0);
  });
});

test("settings that name operations that there are not are refused with all that is wrong", () => {
  const make = (): unknown =>
    new Shelf({
      texts: {},
      cache: { operations: { gets: 5, put: 5 } },
      invalidates: { put: ["get"] },
      rateLimit: { requests: 1, window: 1, key: "input.ids" },
    });
  expect(make).toThrow(expect.objectContaining({ kind: "config_invalid" }));
  expect(make).toThrow('cache.operations.gets: unknown name "gets"; did you mean "get"?; allowed: get; ');
  expect(make).toThrow("cache.operations.put: may write, and is never kept; ");
  expect(make).toThrow('invalidates.put.0: unknown name "get"; ');
  expect(make).toThrow('rateLimit.key: no operation has this field: unknown name "ids"; did you mean "id"?');
});
