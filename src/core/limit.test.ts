import { expect, test } from "vitest";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import { ConnectorError } from "./errors.ts";
import { withinLimit } from "./limit.ts";

const never = (): Promise<never> => new Promise(() => {});
const expired = (): ConnectorError => new ConnectorError("timeout", "too late");

test("an answer in time is the answer, and no timer is left", async () => {
  const clock = fakeClock();
  expect(await withinLimit(async () => 1, makeCall(), 100, clock, expired)).toBe(1);
  expect(clock.pending).toBe(0);
});

test("work that never ends is given up when the limit is reached", async () => {
  const clock = fakeClock();
  const waiting = expect(withinLimit(never, makeCall(), 100, clock, expired)).rejects.toThrow("too late");
  await clock.advance(100);
  await waiting;
});

test("a call that is cancelled from outside leaves no timer, though its work never ends", async () => {
  const clock = fakeClock();
  const call = makeCall();
  const waiting = expect(withinLimit(never, call, 100, clock, expired)).rejects.toThrow("given up");
  call.cancel(new ConnectorError("cancelled", "given up"));
  await waiting;
  expect(clock.pending).toBe(0);
});
