import { expect, test } from "vitest";
import { systemClock } from "./clock.ts";
import { CallRecord } from "./record.ts";

const where = {
  connector: "db",
  provider: "postgresql",
  type: "database",
  operation: "query",
  effect: "unknown",
} as const;

test("a record is settled once: the first result stays, and each listener hears once", () => {
  const record = new CallRecord(where, 100);
  let heard = 0;
  record.onSettled(() => heard++);
  record.onSettled(() => heard++);
  record.settle("timeout", 150);
  record.settle("ok", 900);
  expect([record.result, record.durationMs, heard]).toEqual(["timeout", 50, 2]);
});

test("a listener hears whether or not it is the only one", () => {
  const record = new CallRecord(where, 100);
  let heard = 0;
  record.onSettled(() => heard++);
  record.settle("ok", 150);
  expect(heard).toBe(1);
});

test("who asks a settled record hears at once", () => {
  const record = new CallRecord(where, 0);
  record.settle("ok", 1);
  let heard = 0;
  record.onSettled(() => heard++);
  expect(heard).toBe(1);
});

test("the trace id is made once, 32 hexadecimal digits; facts of the answer are part of `meta`", () => {
  const record = new CallRecord(where, 0);
  record.answer.status = 200;
  record.attempts = 2;
  record.waitMs = 30;
  record.settle("ok", 40);
  expect(record.traceId).toMatch(/^[0-9a-f]{32}$/);
  expect(record.meta()).toEqual({ attempts: 2, waitMs: 30, durationMs: 40, status: 200, traceId: record.traceId });
});

test("waits are counted by stage and in all", () => {
  const record = new CallRecord(where, 0);
  expect(record.waits).toEqual({});
  record.addWait("queued", 5);
  record.addWait("waiting to retry", 20);
  record.addWait("queued", 10);
  expect(record.waits).toEqual({ queued: 15, "waiting to retry": 20 });
  expect(record.waitMs).toBe(35);
});

test("the trace is the caller's, a tracer's, or one of its own", () => {
  const [own, given, named] = [new CallRecord(where, 0), new CallRecord(where, 0), new CallRecord(where, 0)];
  expect(own.traceId).toMatch(/^[\da-f]{32}$/);
  given.traceId = "a".repeat(32);
  named.parent = { traceId: "b".repeat(32), spanId: "c".repeat(16), flags: 1 };
  expect([given.traceId, named.traceId]).toEqual(["a".repeat(32), "b".repeat(32)]);
});

test("a call that has just begun is in its first instant until it has waited or made a try", () => {
  const clock = { ...systemClock, now: () => 500 };
  const begun = (): CallRecord => Object.assign(new CallRecord(where, 100), { hasJustBegun: true });
  expect(begun().now(clock)).toBe(100);
  expect(new CallRecord(where, 100).now(clock)).toBe(500);
  const waited = begun();
  waited.addWait("queued", 1);
  expect(waited.now(clock)).toBe(500);
  expect(Object.assign(begun(), { attempts: 1 }).now(clock)).toBe(500);
});

test("an answer that is that of an earlier call says so, and no other does", () => {
  const record = new CallRecord(where, 0);
  expect([record.replayed, record.meta().replayed]).toEqual([false, undefined]);
  record.answer.replayed = true;
  expect([record.replayed, record.meta().replayed]).toEqual([true, true]);
});
