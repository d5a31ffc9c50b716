import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { onAbort, orAborted } from "./abort.ts";

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;

describe("hearing of an abort", () => {
  test("a thousand listeners cost the signal one, and none when nobody listens any more", () => {
    const { signal } = new AbortController();
    const stops = Array.from({ length: 1_000 }, () => onAbort(signal, () => {}));
    expect(listenersOf(signal)).toBe(1);
    for (const stop of stops) stop();
    expect(listenersOf(signal)).toBe(0);
    stops[0]!();
    onAbort(signal, () => {});
    expect(listenersOf(signal)).toBe(1);
  });

  test("who stops takes nobody else's ear", () => {
    const controller = new AbortController();
    const heard: string[] = [];
    const stop = onAbort(controller.signal, () => heard.push("stopped"));
    onAbort(controller.signal, () => heard.push("listening"));
    stop();
    controller.abort();
    expect(heard).toEqual(["listening"]);
  });

  test("each listener hears once, in order; who stops meanwhile hears nothing", () => {
    const controller = new AbortController();
    const heard: string[] = [];
    const stops: (() => void)[] = [];
    onAbort(controller.signal, () => {
      heard.push("first");
      stops[0]!();
    });
    stops.push(onAbort(controller.signal, () => heard.push("stopped")));
    onAbort(controller.signal, () => heard.push("last"));
    controller.abort();
    controller.abort();
    expect(heard).toEqual(["first", "last"]);
  });
});

describe("work that can be aborted", () => {
  test("answers and fails as the work does, and leaves no listener", async () => {
    const { signal } = new AbortController();
    expect(await orAborted(Promise.resolve(1), signal)).toBe(1);
    await expect(orAborted(Promise.reject(new Error("broken")), signal)).rejects.toThrow("broken");
    expect(listenersOf(signal)).toBe(0);
  });

  test("fails with the signal's reason at once; what the work brings later is discarded", async () => {
    const controller = new AbortController();
    const late: number[] = [];
    let finish!: (n: number) => void;
    const work = new Promise<number>((resolve) => (finish = resolve));
    const waiting = orAborted(work, controller.signal, (n) => late.push(n));
    const startedLate = new Promise<never>(() => {});
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await expect(orAborted(startedLate, controller.signal)).rejects.toThrow("enough");
    finish(7);
    await work;
    expect(late).toEqual([7]);
    expect(listenersOf(controller.signal)).toBe(0);
  });

  test("an abort that comes between answer and reader wins, and the answer is discarded", async () => {
    const controller = new AbortController();
    const late: number[] = [];
    const waiting = orAborted(Promise.resolve(7), controller.signal, (n) => late.push(n));
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    expect(late).toEqual([7]);
  });

  test("work that fails after the abort is no unhandled rejection", async () => {
    const controller = new AbortController();
    const waiting = orAborted(
      new Promise((_resolve, reject) => setImmediate(() => reject(new Error("late")))),
      controller.signal,
    );
    controller.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await new Promise((resolve) => setImmediate(resolve));
  });
});
