import { beforeEach, describe, expect, test } from "vitest";
import { fakeClock } from "../testkit/fake-clock.ts";
import { makeCall, type CallSettings } from "../testkit/make-call.ts";
import { attempt } from "./attempt.ts";
import type { Call } from "./call.ts";
import type { Session } from "./definition.ts";
import { ConnectorError } from "./errors.ts";
import type { OpenedStream } from "./stream.ts";

type Handler = (input: unknown, call: Call) => unknown;

let session: Session | undefined;
let connects: number;
let unclassified: unknown[];
beforeEach(() => {
  [session, connects, unclassified] = [undefined, 0, []];
});

const sessionOf = (work: Handler, readOnly?: Handler): Session =>
  ({
    handlers: { work },
    ...(readOnly === undefined ? {} : { readOnlyHandlers: { work: readOnly } }),
    ping: async () => {},
    close: async () => {},
  }) as unknown as Session;
const run = attempt({
  classify: (error) => ((error as { code?: string } | undefined)?.code === "23505" ? "conflict" : undefined),
  onUnclassified: (error) => unclassified.push(error),
  session: () => session,
  connect: async () => {
    connects++;
    return (session = sessionOf((input) => ({ late: input })));
  },
});
const fails = async (work: Handler, settings: CallSettings = {}) => {
  session = sessionOf(work);
  const call = makeCall(settings);
  const error = await run(call).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(ConnectorError);
  return { error: error as ConnectorError, record: call.record };
};

describe("a try", () => {
  test("runs the handler of its operation with input and call, and is counted", async () => {
    session = sessionOf((input, call) => Promise.resolve([input, call.name, call.record.stage]));
    const call = makeCall({ input: 7 });
    expect(await run(call)).toEqual([7, "work", "running"]);
    expect([call.record.attempts, connects]).toEqual([1, 0]);
  });

  test("is over as soon as it is cancelled, whether or not its work listens; what that brings later goes nowhere", async () => {
    let finish = (_answer: unknown): void => {};
    session = sessionOf(() => new Promise((resolve) => (finish = resolve)));
    const call = makeCall();
    const waiting = run(call);
    call.cancel(new ConnectorError("cancelled", "given up"));
    await expect(waiting).rejects.toThrow("given up");
    finish(1);
    await expect(waiting).rejects.toThrow("given up");
  });

  test("that is cancelled while a session is opened asks nothing of it", async () => {
    const call = makeCall();
    const waiting = run(call);
    let asked = 0;
    Object.assign(session!.handlers, { work: () => asked++ });
    call.cancel(new ConnectorError("cancelled", "given up"));
    await expect(waiting).rejects.toThrow("given up");
    await new Promise(setImmediate);
    expect([connects, asked]).toEqual([1, 0]);
  });

  test("opens a session where there is none", async () => {
    expect(await run(makeCall({ input: 7 }))).toEqual({ late: 7 });
    expect(connects).toBe(1);
  });

  test("makes what the handler throws, at once or later, an error that knows what became of the effect", async () => {
    const duplicate = Object.assign(new Error("dup"), { code: "23505" });
    for (const work of [
      () => Promise.reject(duplicate),
      () => {
        throw duplicate;
      },
    ])
      expect((await fails(work, { effect: "unsafe" })).error).toMatchObject({ kind: "conflict", outcome: "none" });
    const { error, record } = await fails(() => Promise.reject(new TypeError("bug")), { effect: "unsafe" });
    expect(error).toMatchObject({ kind: "internal", outcome: "unknown" });
    expect([record.inDoubt, record.stage, unclassified]).toEqual([true, "queued", [error.cause]]);
  });

  test("of a call that is cancelled already does not begin", async () => {
    session = sessionOf(() => expect.unreachable());
    const call = makeCall({ signal: AbortSignal.abort(), effect: "unsafe" });
    await expect(run(call)).rejects.toMatchObject({ kind: "cancelled", outcome: "none" });
    expect(call.record.attempts).toBe(0);
  });

  test("that is cancelled while it connects does not reach the system", async () => {
    const controller = new AbortController();
    const call = makeCall({ signal: controller.signal, effect: "unsafe" });
    const running = run(call);
    controller.abort();
    await expect(running).rejects.toMatchObject({
      message: "Cancelled by the caller while connecting",
      outcome: "none",
    });
    expect([call.record.attempts, call.record.inDoubt]).toEqual([1, false]);
  });

  test("that fails because it was cancelled fails with that reason, whatever the driver says", async () => {
    const controller = new AbortController();
    const { error } = await fails(
      () => {
        controller.abort();
        throw new Error("AbortError of some driver");
      },
      { signal: controller.signal, effect: "unsafe" },
    );
    expect(error).toMatchObject({ kind: "cancelled", outcome: "unknown" });
    expect(unclassified).toEqual([]);
  });

  test("says whether the system could run the operation so that it refuses writes", async () => {
    for (const [made, provable] of [
      [
        sessionOf(
          () => 1,
          () => 2,
        ),
        true,
      ],
      [sessionOf(() => 1), false],
    ] as const) {
      session = made;
      const call = makeCall();
      await run(call);
      expect(call.record.provable).toBe(provable);
    }
  });

  test("that must not write runs the read-only handler", async () => {
    session = sessionOf(
      () => "writes",
      () => "reads",
    );
    expect(await run(makeCall().fork({ readOnly: true }))).toBe("reads");
  });

  test("of a subclass's own work gets the session, and is never provable by another one's handler", async () => {
    session = sessionOf(
      () => 1,
      () => 2,
    );
    const call = makeCall({ adHoc: async (given: unknown) => given === session });
    expect([await run(call), call.record.provable]).toEqual([true, false]);
  });
});

describe("a try that opens a stream", () => {
  test("answers with the stream when its first item is there", async () => {
    session = sessionOf(async function* () {
      yield 1;
      yield 2;
    });
    const opened = (await run(makeCall({ stream: true }))) as OpenedStream<number>;
    expect([opened.first, await opened.next(), await opened.next()]).toEqual([[1], [2], undefined]);
  });

  test("fails as any other where the first item does not come", async () => {
    const work = async function* () {
      throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    };
    const { error, record } = await fails(work, { stream: true, effect: "unknown" });
    expect(error).toMatchObject({ kind: "connection_lost", outcome: "unknown" });
    expect(record.inDoubt).toBe(true);
  });

  test("and was cancelled meanwhile ends what it has opened, also where that fails", async () => {
    for (const ending of ["", "broken finally"]) {
      const clock = fakeClock();
      let isEnded = false;
      const controller = new AbortController();
      session = sessionOf(async function* () {
        try {
          controller.abort();
          yield 1;
        } finally {
          isEnded = true;
          // eslint-disable-next-line no-unsafe-finally
          if (ending !== "") throw new Error(ending);
        }
      });
      await expect(run(makeCall({ stream: true, signal: controller.signal }))).rejects.toMatchObject({
        kind: "cancelled",
      });
      await clock.settle();
      expect(isEnded).toBe(true);
    }
  });

  test("fails presentably where the handler's answer is no stream", async () => {
    for (const answer of [undefined, 7, "text", Promise.resolve([])]) {
      const { error } = await fails(() => answer, { stream: true });
      expect(error.kind).toBe("internal");
    }
  });
});
