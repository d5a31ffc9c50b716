import { AsyncLocalStorage } from "node:async_hooks";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ConnectorError } from "../core/errors.ts";
import { channels } from "../core/events.ts";
import type { AttemptRecord } from "../core/attempt-record.ts";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { answer, delay, fail, hang, scriptedHandler } from "../testkit/scripted-handler.ts";
import { attemptTimeout } from "./attempt-timeout.ts";
import { observeAttempts } from "./observe-attempts.ts";
import { retry } from "./retry.ts";

let clock: FakeClock;
let begun: AttemptRecord[];
let over: AttemptRecord[];
const noteStart = (record: unknown): void => void begun.push(record as AttemptRecord);
const note = (record: unknown): void => void over.push(record as AttemptRecord);
beforeEach(() => {
  clock = fakeClock();
  begun = [];
  over = [];
});
afterEach(() => {
  channels.attemptStart.unsubscribe(noteStart);
  channels.attempt.unsubscribe(note);
});

describe("with subscribers", () => {
  beforeEach(() => {
    channels.attemptStart.subscribe(noteStart);
    channels.attempt.subscribe(note);
  });

  test("each try is told when it begins and when it is over, with its number, time and result", async () => {
    using system = scriptedHandler([
      delay(clock, 30, fail("unavailable", "down", { code: "57P01", status: 503 })),
      delay(clock, 50, answer("ada")),
    ]);
    const settings = { attempts: 3, delay: 0, maxDelay: 0 };
    const call = makeCall({ clock });
    const running = retry(settings, { clock, random: () => 0 })!(observeAttempts(clock)(system.next))(call);
    await clock.settle();
    expect([begun.length, over.length, begun[0]!.result]).toEqual([1, 0, undefined]);
    await clock.advance(100);
    expect(await running).toBe("ada");
    expect(begun).toEqual(over);
    expect(over).toMatchObject([
      { number: 1, startedAt: 1_000, durationMs: 30, result: "unavailable", code: "57P01", status: 503 },
      { number: 2, startedAt: 1_030, durationMs: 50, result: "ok", code: undefined, status: undefined },
    ]);
    expect(over.every((attempt) => attempt.call === call.record)).toBe(true);
  });

  test("a try that runs out of time is over then, and once, whatever the work underneath does", async () => {
    using system = scriptedHandler([delay(clock, 80, answer("late"), { deaf: true })]);
    const running = observeAttempts(clock)(attemptTimeout(20, clock)!(system.next))(makeCall({ clock }));
    running.catch(() => {});
    await clock.advance(100);
    expect(over).toMatchObject([{ durationMs: 20, result: "timeout" }]);
  });

  test("a try that is cancelled is over at once", async () => {
    using system = scriptedHandler([hang({ deaf: true })]);
    const call = makeCall({ clock });
    void observeAttempts(clock)(system.next)(call).catch(() => {});
    await clock.advance(15);
    call.cancel(new ConnectorError("cancelled", "enough"));
    expect(over).toMatchObject([{ durationMs: 15, result: "cancelled" }]);
  });

  test("a try of a call that was cancelled before does not begin", async () => {
    using system = scriptedHandler([]);
    const call = makeCall({ clock });
    call.cancel(new ConnectorError("cancelled", "enough"));
    await expect(observeAttempts(clock)(system.next)(call)).rejects.toThrow("enough");
    expect([begun, over]).toEqual([[], []]);
  });

  test("a subscriber that cancels the call while its try begins is heard", async () => {
    const call = makeCall({ clock });
    const cancel = (): void => call.cancel(new ConnectorError("cancelled", "not this one"));
    channels.attemptStart.subscribe(cancel);
    using system = scriptedHandler([]);
    await expect(observeAttempts(clock)(system.next)(call)).rejects.toThrow("not this one");
    channels.attemptStart.unsubscribe(cancel);
    expect(over).toMatchObject([{ result: "cancelled", durationMs: 0 }]);
  });

  test("the system's code is free of secrets", async () => {
    using system = scriptedHandler([fail("conflict", "no", { code: "hunter2" })]);
    const redact = (text: string): string => text.replaceAll("hunter2", "[redacted]");
    await observeAttempts(clock, redact)(system.next)(makeCall()).catch(() => {});
    expect(over).toMatchObject([{ code: "[redacted]" }]);
  });
});

test("subscribers may let the try run inside contexts of theirs; the caller's own is not changed", async () => {
  const storage = new AsyncLocalStorage<string>();
  const other = new AsyncLocalStorage<string>();
  const enter = (message: unknown): void => {
    const attempt = message as AttemptRecord;
    attempt.runInside((work) => storage.run("try", work));
    attempt.runInside((work) => other.run("other", work));
  };
  channels.attemptStart.subscribe(enter);
  using system = scriptedHandler([() => [storage.getStore(), other.getStore()]]);
  expect(await observeAttempts(clock)(system.next)(makeCall())).toEqual(["try", "other"]);
  channels.attemptStart.unsubscribe(enter);
  expect([storage.getStore(), other.getStore()]).toEqual([undefined, undefined]);
});

test("with nobody listening the call goes on as it is", () => {
  const answered = Promise.resolve(1);
  expect(observeAttempts(clock)(() => answered)(makeCall())).toBe(answered);
});
