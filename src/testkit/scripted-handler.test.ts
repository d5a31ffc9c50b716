import { expect, test } from "vitest";
import { ConnectorError } from "../core/errors.ts";
import { fakeClock } from "./fake-clock.ts";
import { makeCall } from "./make-call.ts";
import { answer, delay, fail, hang, raise, scriptedHandler } from "./scripted-handler.ts";

test("calls get the steps of the script in order, and are kept with their try", async () => {
  using system = scriptedHandler([answer(1), fail("conflict", "taken"), raise(new Error("odd"))]);
  const call = makeCall({ input: { a: 1 } });
  expect(await system.next(call)).toBe(1);
  await expect(system.next(call.fork())).rejects.toMatchObject({ kind: "conflict", message: "taken" });
  await expect(system.next(call.fork({ readOnly: false }))).rejects.toMatchObject({ kind: "internal", message: "odd" });
  expect(system.seen.map(({ attempt, input, readOnly }) => ({ attempt, input, readOnly }))).toEqual([
    { attempt: 1, input: { a: 1 }, readOnly: false },
    { attempt: 2, input: { a: 1 }, readOnly: false },
    { attempt: 3, input: { a: 1 }, readOnly: false },
  ]);
  expect(call.record.attempts).toBe(3);
});

test("a call that the script does not foresee fails and is not forgiven", async () => {
  const system = scriptedHandler([answer()]);
  await system.next(makeCall());
  await expect(system.next(makeCall())).rejects.toThrow("Unexpected call 2");
  expect(() => system.verify()).toThrow("1 steps, and 2 calls");
  expect(() => {
    using left = scriptedHandler([answer()]);
    void left;
  }).toThrow("1 steps, and 0 calls");
});

test("hanging work ends with its cancellation, deaf work never; its try ends all the same", async () => {
  using system = scriptedHandler([hang(), hang({ deaf: true }), hang({ deaf: true })]);
  const call = makeCall();
  const settled: string[] = [];
  const work = (): Promise<unknown> => system.handler(undefined, call) as Promise<unknown>;
  void work().catch(() => settled.push("hanging"));
  void work().catch(() => settled.push("deaf"));
  void system.next(call).catch(() => settled.push("deaf, its try"));
  await fakeClock().settle();
  expect(settled).toEqual([]);
  call.cancel(new ConnectorError("cancelled", "enough"));
  await fakeClock().settle();
  expect(settled.toSorted()).toEqual(["deaf, its try", "hanging"]);
  expect(system.seen.every((seen) => seen.call.signal.aborted)).toBe(true);
});

test("a delayed step is played on time; cancelled, a listening system leaves no timer behind", async () => {
  const clock = fakeClock();
  using system = scriptedHandler([
    delay(clock, 10, answer("late")),
    delay(clock, 10, answer("never")),
    delay(clock, 10, answer("too late"), { deaf: true }),
  ]);
  const first = system.next(makeCall());
  await clock.advance(10);
  expect(await first).toBe("late");

  const call = makeCall();
  const work = (): Promise<unknown> => system.handler(undefined, call) as Promise<unknown>;
  const both = [work(), work()].map((promise) => promise.catch((error: unknown) => error));
  await clock.settle();
  call.cancel(new ConnectorError("cancelled", "enough"));
  expect(await both[0]).toMatchObject({ message: "enough" });
  expect(clock.pending).toBe(1);
  await clock.advance(10);
  expect(await both[1]).toBe("too late");
});
