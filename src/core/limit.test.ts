import { expect, test } from "vitest";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import type { Call } from "./call.ts";
import { ConnectorError } from "./errors.ts";
import { limitTime } from "./limit.ts";

const expired = (_: Call, limitMs: number): ConnectorError => new ConnectorError("timeout", `over ${limitMs} ms`);

test("a call is cancelled when the limit is reached, and knows beforehand when that is", async () => {
  const clock = fakeClock();
  const call = makeCall();
  limitTime(call, 100, clock, expired);
  expect(call.deadlineAt).toBe(clock.now() + 100);
  await clock.advance(99);
  expect(call.cancelled).toBeUndefined();
  await clock.advance(1);
  expect(call.cancelled).toMatchObject({ kind: "timeout", message: "over 100 ms" });
});

test("a limit that is lifted in time does nothing and leaves no timer", async () => {
  const clock = fakeClock();
  const call = makeCall();
  limitTime(call, 100, clock, expired).cancel();
  expect(clock.pending).toBe(0);
  await clock.advance(100);
  expect(call.cancelled).toBeUndefined();
});
