import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { ConnectorError } from "../core/errors.ts";
import { channels } from "../core/events.ts";
import type { CallRecord } from "../core/record.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, delay, fail, scriptedHandler } from "../testkit/scripted-handler.ts";
import { observe } from "./observe.ts";

let clock: FakeClock;
let published: CallRecord[];
const note = (record: unknown): void => void published.push(record as CallRecord);
beforeEach(() => {
  clock = fakeClock();
  published = [];
});
afterEach(() => void channels.call.unsubscribe(note));

describe("with a subscriber", () => {
  beforeEach(() => channels.call.subscribe(note));

  test("a call that is answered is published once, when it is over", async () => {
    using system = scriptedHandler([delay(clock, 40, answer("ada"))]);
    const call = makeCall({ clock, effect: "keyed", name: "insert" });
    const running = observe(clock)(system.next)(call);
    await clock.advance(39);
    expect(published).toEqual([]);
    await clock.advance(1);
    expect(await running).toBe("ada");
    expect(published).toEqual([call.record]);
    expect(call.record).toMatchObject({
      connector: "test",
      provider: "test",
      operation: "insert",
      effect: "keyed",
      result: "ok",
      attempts: 1,
      durationMs: 40,
      outcome: undefined,
    });
  });

  test("a call that fails is published with its kind and what is known of its effect; the error passes", async () => {
    using system = scriptedHandler([fail("connection_lost", "reset")]);
    const call = makeCall({ effect: "unsafe" });
    await expect(observe(clock)(system.next)(call)).rejects.toThrow("reset");
    expect(published).toEqual([call.record]);
    expect(call.record).toMatchObject({ result: "connection_lost", outcome: "unknown" });
  });

  test("what is no ConnectorError counts as internal", async () => {
    const call = makeCall();
    const broken = observe(clock)(() => Promise.reject(new TypeError("bug")));
    await expect(broken(call)).rejects.toThrow("bug");
    expect(published[0]).toMatchObject({ result: "internal", outcome: undefined });
  });

  test("a stream is not over when it has been opened; one that does not open is", async () => {
    async function* numbers() {
      yield 1;
    }
    using system = scriptedHandler([() => numbers(), fail("unavailable")]);
    const call = makeCall({ stream: true });
    await observe(clock)(system.next)(call);
    expect([published, call.record.result]).toEqual([[], undefined]);
    call.record.settle("ok", clock.now());
    expect(published).toEqual([call.record]);
    await expect(observe(clock)(system.next)(makeCall({ stream: true }))).rejects.toThrow("unavailable");
    expect(published).toHaveLength(2);
  });

  test("a call settled before by somebody else is published once", async () => {
    const call = makeCall();
    const next = observe(clock)(async () => {
      call.record.settle("timeout", 1);
      throw new ConnectorError("timeout", "x");
    });
    await next(call).catch(() => {});
    expect(published).toHaveLength(1);
  });
});

test("with nobody listening nothing is kept for publishing, and the record is settled all the same", async () => {
  using system = scriptedHandler([answer(1)]);
  const call = makeCall();
  const listening = vi.spyOn(call.record, "onSettled");
  await observe(clock)(system.next)(call);
  expect(listening).not.toHaveBeenCalled();
  expect(call.record.result).toBe("ok");
});
