import { expect, test } from "vitest";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import type { Call } from "./call.ts";
import { ConnectorError } from "./errors.ts";
import { withinLimit } from "./limit.ts";
import { untilCancelled } from "./until-cancelled.ts";

const waits = (call: Call): Promise<never> => untilCancelled(new Promise(() => {}), call);
const expired = (_: Call, limitMs: number): ConnectorError => new ConnectorError("timeout", `over ${limitMs} ms`);

test("an answer in time is the answer, and no timer is left", async () => {
  const clock = fakeClock();
  expect(await withinLimit(async () => 1, makeCall(), 100, clock, expired)).toBe(1);
  expect(clock.pending).toBe(0);
});

test("a call is cancelled when the limit is reached", async () => {
  const clock = fakeClock();
  const call = makeCall();
  const waiting = expect(withinLimit(waits, call, 100, clock, expired)).rejects.toThrow("over 100 ms");
  await clock.advance(100);
  await waiting;
  expect(call.cancelled).toMatchObject({ kind: "timeout" });
});

test("a call that is cancelled from outside, before or meanwhile, leaves no timer", async () => {
  const clock = fakeClock();
  const call = makeCall();
  const waiting = expect(withinLimit(waits, call, 100, clock, expired)).rejects.toThrow("given up");
  call.cancel(new ConnectorError("cancelled", "given up"));
  await waiting;
  await expect(withinLimit(async () => 1, call, 100, clock, expired)).rejects.toThrow("given up");
  expect(clock.pending).toBe(0);
});
