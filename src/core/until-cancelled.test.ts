import { expect, test } from "vitest";
import { makeCall } from "../testkit/make-call.ts";
import { ConnectorError } from "./errors.ts";
import { untilCancelled } from "./until-cancelled.ts";

const enough = new ConnectorError("cancelled", "enough");

test("what work brings passes, and nobody listens any more", async () => {
  const call = makeCall();
  expect(await untilCancelled(Promise.resolve(1), call)).toBe(1);
  await expect(untilCancelled(Promise.reject(new Error("broken")), call)).rejects.toThrow("broken");
  call.cancel(enough);
});

test("a cancellation is told at once, also where the work never ends or the call is over already", async () => {
  const call = makeCall();
  const waiting = untilCancelled(new Promise(() => {}), call);
  call.cancel(enough);
  await expect(waiting).rejects.toBe(enough);
  await expect(untilCancelled(new Promise(() => {}), call)).rejects.toBe(enough);
});

test("what comes later goes nowhere", async () => {
  const call = makeCall();
  let fail = (_: Error): void => {};
  const waiting = untilCancelled(new Promise((_, reject) => (fail = reject)), call);
  call.cancel(enough);
  fail(new Error("late"));
  await expect(waiting).rejects.toBe(enough);
});
