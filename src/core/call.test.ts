import { getEventListeners } from "node:events";
import { describe, expect, test } from "vitest";
import { makeCall } from "../testkit/make-call.ts";
import type { Call } from "./call.ts";
import { ConnectorError, KINDS, type Kind } from "./errors.ts";
import type { Effect } from "./operation.ts";
import type { Stage } from "./record.ts";

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, "abort").length;
const reason = (text = "enough"): ConnectorError => new ConnectorError("cancelled", text);

describe("a cancellation", () => {
  test("reaches every listener and every signal below, and keeps its first reason", () => {
    const call = makeCall();
    const fork = call.fork().fork();
    const heard: string[] = [];
    call.onCancel(({ message }) => heard.push(`call: ${message}`));
    fork.onCancel(({ message }) => heard.push(`fork: ${message}`));
    const { signal } = fork;
    call.cancel(reason("first"));
    call.cancel(reason("second"));
    expect(heard).toEqual(["call: first", "fork: first"]);
    expect(signal.aborted).toBe(true);
    expect(signal.reason).toMatchObject({ kind: "cancelled", message: "first" });
    expect(fork.cancelled).toBe(call.cancelled);
    expect(() => fork.throwIfCancelled()).toThrow("first");
  });

  test("of one try stays in that try", () => {
    const call = makeCall();
    const first = call.fork();
    const second = call.fork();
    const heard: string[] = [];
    call.onCancel(() => heard.push("call"));
    second.onCancel(() => heard.push("second"));
    first.cancel(reason());
    expect(heard).toEqual([]);
    expect([first.signal.aborted, second.signal.aborted, call.signal.aborted]).toEqual([true, false, false]);
    expect([call.cancelled, second.cancelled]).toEqual([undefined, undefined]);
  });

  test("is heard at once by who listens too late, also as a signal", () => {
    const call = makeCall();
    call.cancel(reason());
    const heard: string[] = [];
    call.onCancel(() => heard.push("late"))();
    expect(heard).toEqual(["late"]);
    expect(call.signal.aborted).toBe(true);
    expect(call.fork().signal.reason).toBe(call.cancelled);
  });

  test("is not heard by who stopped listening; stopping twice, or afterwards, is fine", () => {
    const call = makeCall();
    const heard: string[] = [];
    const stop = call.onCancel(() => heard.push("stopped"));
    const stopLater = call.onCancel(() => heard.push("heard"));
    stop();
    stop();
    call.cancel(reason());
    stopLater();
    expect(heard).toEqual(["heard"]);
  });

  test("reaches everybody though one listener throws, and the mistake surfaces as an uncaught exception", async () => {
    const call = makeCall();
    const heard: string[] = [];
    const uncaught = new Promise<unknown>((resolve) => {
      // The runner's own listeners would take the exception for a failure of the run.
      const own = process.listeners("uncaughtException");
      process.removeAllListeners("uncaughtException");
      process.once("uncaughtException", (error) => {
        for (const listener of own) process.on("uncaughtException", listener);
        resolve(error);
      });
    });
    call.onCancel(() => {
      throw new Error("broken listener");
    });
    call.onCancel(() => heard.push("second"));
    call.cancel(reason());
    expect(heard).toEqual(["second"]);
    expect(await uncaught).toMatchObject({ message: "broken listener" });
  });
});

describe("the caller's signal", () => {
  test("cancels the call with what is known of its effect", () => {
    const controller = new AbortController();
    const call = makeCall({ signal: controller.signal, effect: "unsafe" });
    call.record.stage = "running";
    const heard: ConnectorError[] = [];
    call.fork().onCancel((error) => heard.push(error));
    controller.abort();
    expect(heard).toEqual([call.cancelled]);
    expect(heard[0]).toMatchObject({
      kind: "cancelled",
      message: "Cancelled by the caller while running",
      outcome: "unknown",
    });
  });

  test("that was aborted before counts, without anybody listening", () => {
    const call = makeCall({ signal: AbortSignal.abort() });
    expect(call.isAbortable).toBe(true);
    expect(call.fork().cancelled).toMatchObject({ message: "Cancelled by the caller while queued" });
    expect(call.cancelled).toBe(call.cancelled);
  });

  test("shared by 10,000 calls has one listener while they run and none when they are over, whatever they did", () => {
    const { signal } = new AbortController();
    const uses: ((call: Call) => void)[] = [
      () => {},
      (call) => call.onCancel(() => {})(),
      (call) => void call.onCancel(() => {}),
      (call) => void call.signal,
      (call) => void call.fork().signal,
      (call) => call.fork().cancel(reason()),
      (call) => {
        const fork = call.fork().fork();
        void fork.signal;
        fork.onCancel(() => {});
        fork.cancel(reason());
      },
      (call) => call.cancel(reason()),
      (call) => {
        call.record.settle("ok", 1);
        void call.signal; // a handler that looks when all is over
      },
    ];
    const calls = Array.from({ length: 10_000 }, () => makeCall({ signal }));
    for (const [i, call] of calls.entries()) uses[i % uses.length]!(call);
    expect(listenersOf(signal)).toBe(1);
    for (const call of calls) call.record.settle("ok", 1);
    expect(listenersOf(signal)).toBe(0);
    for (const call of calls) expect(call.cancelled === undefined || call.cancelled.message === "enough").toBe(true);
  });

  test("is left alone as soon as nobody listens, though the call runs on", () => {
    const { signal } = new AbortController();
    const call = makeCall({ signal });
    const [one, other] = [call.onCancel(() => {}), call.fork().onCancel(() => {})];
    one();
    expect(listenersOf(signal)).toBe(1);
    other();
    expect(listenersOf(signal)).toBe(0);
    const tried = call.fork();
    tried.onCancel(() => {});
    void tried.signal;
    tried.cancel(reason());
    expect(listenersOf(signal)).toBe(0);
    call.onCancel(() => {});
    expect(listenersOf(signal)).toBe(1);
    call.cancel(reason());
    expect(listenersOf(signal)).toBe(0);
  });

  test("aborted while 10,000 calls run ends every one of them", () => {
    const controller = new AbortController();
    const calls = Array.from({ length: 10_000 }, () => makeCall({ signal: controller.signal }));
    let heard = 0;
    for (const call of calls) call.fork().onCancel(() => heard++);
    controller.abort();
    expect(heard).toBe(10_000);
    expect(listenersOf(controller.signal)).toBe(0);
  });
});

test("a fork is the same call in all that was said about it", () => {
  const call = makeCall({ effect: "keyed", timeoutMs: 5, name: "insert", input: 7 });
  const { operation, effect, timeoutMs, input, record, name } = call;
  expect(call.fork()).toMatchObject({ effect, timeoutMs, input, name });
  expect(call.fork().operation).toBe(operation);
  expect(call.fork().record).toBe(record);
  expect([operation.effect, effect, timeoutMs]).toEqual(["keyed", "keyed", 5]);
});

describe("what the tries of a call share", () => {
  test("is its key, made once and only when asked for, its deadline, its input and its record", () => {
    const call = makeCall({ input: { a: 1 } });
    const fork = call.fork().fork();
    call.deadlineAt = 42;
    expect(fork.idempotencyKey).toMatch(/^[0-9a-f-]{36}$/);
    expect(call.idempotencyKey).toBe(fork.idempotencyKey);
    expect([fork.deadlineAt, fork.input, fork.record, fork.name]).toEqual([42, { a: 1 }, call.record, "work"]);
    expect(makeCall({ idempotencyKey: "mine" }).fork().idempotencyKey).toBe("mine");
    expect(makeCall().deadlineAt).toBe(Infinity);
  });

  test("read-only is inherited and never lost", () => {
    const call = makeCall();
    expect([call.readOnly, call.fork().readOnly]).toEqual([false, false]);
    const fork = call.fork({ readOnly: true });
    expect([fork.readOnly, fork.fork().readOnly, fork.fork({ readOnly: false }).readOnly]).toEqual([true, true, true]);
  });
});

describe("what is known of the effect", () => {
  const stages: readonly Stage[] = [
    "queued",
    "connecting",
    "authenticating",
    "waiting for the rate limit",
    "waiting to retry",
    "running",
    "reading",
  ];
  const effects: readonly Effect[] = ["read", "idempotent", "keyed", "unsafe", "unknown"];

  test.each(effects)("of a call of effect `%s` follows from its stage: asked or not", (effect) => {
    for (const stage of stages) {
      const call = makeCall({ effect });
      call.record.stage = stage;
      const asked = stage === "running" || stage === "reading" ? "unknown" : "none";
      expect([stage, call.outcome]).toEqual([stage, effect === "read" ? undefined : asked]);
      expect([stage, call.fork({ readOnly: true }).outcome]).toEqual([stage, effect === "read" ? undefined : "none"]);
      call.record.inDoubt = true;
      expect([stage, call.outcome]).toEqual([stage, effect === "read" ? undefined : "unknown"]);
    }
  });

  const failed = (effect: Effect, stage: Stage, error: ConnectorError, readOnly = false): Call => {
    const call = makeCall({ effect }).fork({ readOnly });
    call.record.attempts = call.attempt;
    call.record.stage = stage;
    call.noteFailure(error);
    return call;
  };

  test("after a failed try is what the kind says, once the system was asked, and nothing before", () => {
    for (const kind of Object.keys(KINDS) as Kind[]) {
      const running = new ConnectorError(kind, "x");
      const { record } = failed("unsafe", "running", running);
      expect([kind, running.outcome, record.inDoubt]).toEqual([
        kind,
        KINDS[kind].outcome,
        KINDS[kind].outcome === "unknown",
      ]);
      expect(record.stage).toBe("queued");
      const connecting = new ConnectorError(kind, "x");
      expect(failed("unsafe", "connecting", connecting).record.inDoubt).toBe(false);
      expect(connecting.outcome).toBe("none");
    }
  });

  test("is the error's own word where it has one", () => {
    const none = new ConnectorError("connection_lost", "x", { outcome: "none" });
    expect(failed("unsafe", "running", none).record.inDoubt).toBe(false);
    const unknown = new ConnectorError("rate_limited", "x", { outcome: "unknown" });
    expect(failed("unsafe", "running", unknown).record.inDoubt).toBe(true);
  });

  test("is nothing to speak of for reads and for tries that the system runs read-only", () => {
    for (const call of [
      failed("read", "running", reason()),
      failed("unknown", "running", new ConnectorError("connection_lost", "x"), true),
    ])
      expect(call.record.inDoubt).toBe(false);
  });

  test("is not disturbed by a try that was given up and fails while the next one is under way", () => {
    const call = makeCall({ effect: "idempotent" });
    const first = call.fork();
    call.record.attempts = 1;
    const second = call.fork();
    call.record.attempts = 2;
    call.record.stage = "running";
    expect([first.attempt, second.attempt]).toEqual([1, 2]);
    first.noteFailure(new ConnectorError("timeout", "late"));
    expect([call.record.stage, call.record.inDoubt]).toEqual(["running", false]);
  });
});
