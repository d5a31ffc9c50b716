import { describe, expect, test } from "vitest";
import { type ConnectorError } from "../../../core/errors.ts";
import { openForTest } from "../open-for-test.ts";
import type { Heard } from "./operations.ts";

const { service, connected } = await openForTest();
const db = await connected();

const listeners = async (): Promise<unknown> =>
  (await db.query({ sql: "SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'ears'" }))[0]?.[
    "n"
  ];

/** Reads into a list until told to stop. */
function reading(stream: AsyncIterable<Heard>) {
  const heard: Heard[] = [];
  const over = (async () => {
    for await (const item of stream) {
      heard.push(item);
      if (item.type === "notification" && item.payload === "stop") return;
    }
  })();
  over.catch(() => {});
  return { heard, over };
}

const payloads = (heard: readonly Heard[]): unknown[] =>
  heard.map((item) => (item.type === "notification" ? item.payload : item.type));

describe("listen", () => {
  test("tells what is sent to its channels, in order, and nothing else", async () => {
    const ears = await connected({ applicationName: "ears" });
    const { heard, over } = reading(ears.listen({ channels: ["orders", 'odd "name"; DROP TABLE x'] }));
    await expect.poll(() => heard.length).toBe(1);
    expect(heard[0]).toEqual({ type: "listening", channels: ["orders", 'odd "name"; DROP TABLE x'] });
    await db.notify({ channel: "orders", payload: "1" });
    await db.notify({ channel: "others", payload: "2" });
    await db.notify({ channel: 'odd "name"; DROP TABLE x', payload: "ü'😀" });
    await db.notify({ channel: "orders" });
    await db.notify({ channel: "orders", payload: "stop" });
    await over;
    expect(payloads(heard)).toEqual(["listening", "1", "ü'😀", "", "stop"]);
    expect(heard[1]).toMatchObject({ channel: "orders", processId: expect.any(Number) as number });
    await ears.disconnect();
    await expect.poll(listeners).toBe(0);
  });

  test("holds no connection of the pool, and none at all when its reader stops", async () => {
    const ears = await connected({ applicationName: "ears", maxConnections: 1 });
    const streams = [1, 2, 3].map(() => reading(ears.listen({ channels: ["orders"] })));
    for (const { heard } of streams) await expect.poll(() => heard.length).toBe(1);
    expect(await ears.query({ sql: "SELECT 1 AS one" })).toEqual([{ one: 1 }]);
    await ears.notify({ channel: "orders", payload: "stop" });
    await Promise.all(streams.map(({ over }) => over));
    await expect.poll(listeners).toBe(1);
    await ears.disconnect();
  });

  test("connects again after its connection or the server is killed, and tells of the gap", async () => {
    const ears = await connected({ applicationName: "ears" });
    const { heard, over } = reading(ears.listen({ channels: ["orders"] }));
    await expect.poll(() => heard.length).toBe(1);
    await db.query({ sql: "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ears'" });
    await expect.poll(() => payloads(heard), { timeout: 5_000 }).toEqual(["listening", "gap"]);
    await db.notify({ channel: "orders", payload: "after" });
    await expect.poll(() => payloads(heard)).toEqual(["listening", "gap", "after"]);
    await service.crash();
    await service.start();
    await expect.poll(() => payloads(heard), { timeout: 15_000 }).toEqual(["listening", "gap", "after", "gap"]);
    await db.notify({ channel: "orders", payload: "stop" });
    await over;
    await ears.disconnect();
  }, 30_000);

  test("goes on for longer than a call may take, and ends with its signal", async () => {
    const ears = await connected({ applicationName: "ears", timeout: 200 });
    const abort = new AbortController();
    const { heard, over } = reading(ears.listen({ channels: ["orders"] }, { signal: abort.signal, timeout: 0 }));
    await expect.poll(() => heard.length).toBe(1);
    abort.abort();
    await expect(over).rejects.toMatchObject({ kind: "cancelled" });
    await expect.poll(listeners).toBe(1);
    await ears.disconnect();
  });

  test("a reader who is too slow is told of the gap instead of filling the memory", async () => {
    const ears = await connected({ applicationName: "ears" });
    const slow = ears.listen({ channels: ["flood"] });
    expect((await slow.next()).value).toMatchObject({ type: "listening" });
    const waiting = slow.next();
    const { heard, over } = reading(ears.listen({ channels: ["flood"] }));
    await expect.poll(() => heard.length).toBe(1);
    await db.query({ sql: "SELECT pg_notify('flood', i::text) FROM generate_series(1, 50000) i" });
    await waiting;
    await db.notify({ channel: "flood", payload: "stop" });
    // Both have the same before them; this one has read all of it.
    await over;
    for (let at = 0; at < 20; at++) await new Promise((resolve) => setTimeout(resolve, 10));
    const seen: Heard[] = [];
    const ended = (async () => {
      for await (const item of slow) {
        seen.push(item);
        if (item.type === "gap") return;
      }
    })();
    await ended;
    expect(seen.length).toBeLessThan(50_000);
    await ears.disconnect();
  });

  test("what is no channel, or too long, is refused", async () => {
    const wrong = (work: Promise<unknown>): Promise<unknown> =>
      expect(work).rejects.toMatchObject({ kind: "input_invalid" });
    for (const channels of [[], [""], ["x".repeat(64)], ["a\0b"]]) await wrong(reading(db.listen({ channels })).over);
    await wrong(db.notify({ channel: "orders", payload: "x".repeat(8_000) }));
    const reader = await connected({ access: "read-only" });
    await expect(reader.notify({ channel: "orders" })).rejects.toMatchObject({
      kind: "permission_denied",
    } satisfies Partial<ConnectorError>);
  });
});
