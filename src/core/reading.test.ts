import { beforeEach, describe, expect, test } from "vitest";
import { fakeClock, type FakeClock } from "../testkit/fake-clock.ts";
import { makeCall } from "../testkit/make-call.ts";
import type { Call } from "./call.ts";
import { toConnectorError } from "./classify.ts";
import { ConnectorError } from "./errors.ts";
import type { Effect } from "./operation.ts";
import { guardReads } from "./reading.ts";
import type { OpenedStream } from "./stream.ts";

const LIMIT_MS = 100;

let clock: FakeClock;
beforeEach(() => {
  clock = fakeClock();
});

type Batch = readonly number[] | undefined;

/** A stream whose every step the test decides. */
class Manual implements OpenedStream<number> {
  readonly first: Batch;
  closes = 0;
  give: (batch: Batch) => void = () => {};
  fail: (error: unknown) => void = () => {};
  finishClose: () => void = () => {};
  failClose: (error: unknown) => void = () => {};

  constructor(first: Batch) {
    this.first = first;
  }

  next(): Promise<Batch> {
    return new Promise((resolve, reject) => {
      this.give = resolve;
      this.fail = reject;
    });
  }

  close(): Promise<void> {
    this.closes++;
    return new Promise((resolve, reject) => {
      this.finishClose = resolve;
      this.failClose = reject;
    });
  }
}

function guarded(options: { effect?: Effect; signal?: AbortSignal; limitMs?: number; first?: Batch | null } = {}) {
  const { effect = "read", signal, limitMs = LIMIT_MS, first = [1] } = options;
  const call: Call = makeCall({ effect, stream: true, signal, clock });
  call.record.attempts = 1;
  call.record.stage = "running";
  const source = new Manual(first ?? undefined);
  let settled = 0;
  call.record.onSettled(() => settled++);
  const stream = guardReads(source, call, {
    clock,
    readLimitMs: limitMs,
    toError: (thrown) => toConnectorError(thrown, () => undefined).locate("test", "work"),
  });
  return { call, source, stream, record: call.record, settled: () => settled };
}
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    (value) => ({ value }),
    (error: unknown) => error,
  );

describe("a stream being read", () => {
  test("settles its call once, when it has been read out", async () => {
    const { source, stream, record, settled } = guarded();
    expect([stream.first, record.stage, record.result]).toEqual([[1], "reading", undefined]);
    const second = stream.next();
    await clock.advance(30);
    source.give([2]);
    expect(await second).toEqual([2]);
    expect(record.result).toBeUndefined();
    const end = stream.next();
    await clock.settle();
    source.give(undefined);
    expect(await end).toBeUndefined();
    expect([record.result, record.durationMs, settled(), clock.pending]).toEqual(["ok", 30, 1, 0]);
    expect(await stream.next()).toBeUndefined();
    await stream.close();
    expect([source.closes, settled()]).toEqual([0, 1]);
  });

  test("that is empty has settled when it is opened", () => {
    const { record, settled } = guarded({ first: null });
    expect([record.result, settled(), clock.pending]).toEqual(["ok", 1, 0]);
  });

  test("settles when it has been broken off between two reads, and not before it is closed", async () => {
    const { source, stream, record, settled } = guarded();
    const closing = [stream.close(), stream.close()];
    await clock.settle();
    expect([source.closes, record.result]).toEqual([1, undefined]);
    expect(await stream.next()).toBeUndefined();
    source.finishClose();
    await Promise.all(closing);
    await stream.close();
    expect([source.closes, record.result, settled(), clock.pending]).toEqual([1, "ok", 1, 0]);
  });

  test("broken off during a read ends that read at once, though the work underneath does not listen", async () => {
    const { call, source, stream, record } = guarded({ effect: "unknown" });
    const reading = caught(stream.next());
    await stream.close();
    expect(await reading).toMatchObject({ kind: "cancelled", outcome: "unknown" });
    expect([source.closes, record.result, record.outcome, call.cancelled?.kind, clock.pending]).toEqual([
      1,
      "cancelled",
      "unknown",
      "cancelled",
      0,
    ]);
    source.give([2]);
    source.finishClose();
    await clock.settle();
    expect(record.result).toBe("cancelled");
  });

  test.each<[Effect, string | undefined]>([
    ["read", undefined],
    ["unknown", "unknown"],
  ])("that fails says where and what is known of its effect (%s), and is closed", async (effect, outcome) => {
    const { call, source, stream, record, settled } = guarded({ effect });
    const reading = caught(stream.next());
    await clock.settle();
    source.fail(Object.assign(new Error("reset"), { code: "ECONNRESET" }));
    const error = await reading;
    expect(error).toBeInstanceOf(ConnectorError);
    expect(error).toMatchObject({ kind: "connection_lost", message: "reset [test.work]", attempts: 1 });
    expect((error as ConnectorError).outcome).toBe(outcome);
    expect([record.result, record.outcome, settled(), source.closes, clock.pending]).toEqual([
      "connection_lost",
      outcome,
      1,
      1,
      0,
    ]);
    expect(call.cancelled).toBe(error);
    expect(await caught(stream.next())).toBe(error);
    await stream.close();
    expect(source.closes).toBe(1);
  });

  test("gives each read its own limit, and says so when one lasts longer", async () => {
    const { call, source, stream, record } = guarded({ effect: "unknown" });
    for (let i = 0; i < 3; i++) {
      const reading = stream.next();
      await clock.advance(LIMIT_MS - 1);
      source.give([i]);
      expect(await reading).toEqual([i]);
    }
    // Between two reads time belongs to the reader.
    await clock.advance(10 * LIMIT_MS);
    const reading = caught(stream.next());
    await clock.advance(LIMIT_MS);
    expect(await reading).toMatchObject({
      kind: "timeout",
      message: "Timed out after 100 ms while reading the stream [test.work]",
      stage: "reading",
      outcome: "unknown",
    });
    expect([record.result, source.closes, call.signal.aborted, clock.pending]).toEqual(["timeout", 1, true, 0]);
  });

  test("that fails keeps what its error says of tries and effect", async () => {
    const { source, stream, record } = guarded({ effect: "unknown" });
    const reading = caught(stream.next());
    await clock.settle();
    source.fail(new ConnectorError("connection_lost", "reset", { outcome: "none", attempts: 7 }));
    expect(await reading).toMatchObject({ outcome: "none", attempts: 7 });
    expect(record.outcome).toBe("none");
  });

  test("that has been broken off takes no notice of what the read under way still brings", async () => {
    for (const bring of [
      (source: Manual) => source.give(undefined),
      (source: Manual) => source.give([2]),
      (source: Manual) => source.fail(new Error("late")),
    ]) {
      const { source, stream, record, settled, call } = guarded();
      const reading = caught(stream.next());
      await stream.close();
      bring(source);
      await clock.settle();
      expect(await reading).toMatchObject({ kind: "cancelled" });
      expect([record.result, settled(), source.closes, clock.pending]).toEqual(["cancelled", 1, 1, 0]);
      expect(call.cancelled?.message).toContain("broken off");
      await expect(stream.next()).rejects.toMatchObject({ kind: "cancelled" });
    }
  });

  test("that is broken off after a read is over is closed, not cancelled", async () => {
    const { call, source, stream, record } = guarded();
    const reading = stream.next();
    await clock.settle();
    source.give([2]);
    await reading;
    const closing = stream.close();
    await clock.settle();
    source.finishClose();
    await closing;
    expect([call.cancelled, record.result]).toEqual([undefined, "ok"]);
  });

  test("has no limit where that is 0", async () => {
    const { source, stream } = guarded({ limitMs: 0 });
    const reading = stream.next();
    await clock.advance(1e9);
    expect(clock.pending).toBe(0);
    source.give([2]);
    expect(await reading).toEqual([2]);
  });
});

describe("the caller's abort", () => {
  test("ends a read that is under way at once", async () => {
    const controller = new AbortController();
    const { source, stream, record } = guarded({ signal: controller.signal, effect: "unknown" });
    const reading = caught(stream.next());
    controller.abort();
    expect(await reading).toMatchObject({
      kind: "cancelled",
      message: "Cancelled by the caller while reading [test.work]",
      outcome: "unknown",
    });
    expect([source.closes, record.result, clock.pending]).toEqual([1, "cancelled", 0]);
  });

  test("between two reads settles the call at once; the next read says why", async () => {
    const controller = new AbortController();
    const { source, stream, record, settled } = guarded({ signal: controller.signal });
    controller.abort();
    expect([source.closes, record.result, settled()]).toEqual([1, "cancelled", 1]);
    await expect(stream.next()).rejects.toMatchObject({ kind: "cancelled" });
  });

  test("that came while the stream was opened refuses it, and closes it", () => {
    const controller = new AbortController();
    controller.abort();
    expect(() => guarded({ signal: controller.signal })).toThrow("Cancelled by the caller");
  });

  test("after the end changes nothing", async () => {
    const controller = new AbortController();
    const { source, stream, record } = guarded({ signal: controller.signal });
    const closing = stream.close();
    source.finishClose();
    await closing;
    controller.abort();
    expect([record.result, source.closes]).toEqual(["ok", 1]);
  });
});

describe("closing", () => {
  test("that fails is told to who broke off, as a ConnectorError, and settles the call", async () => {
    const { source, stream, record } = guarded();
    const closing = caught(stream.close());
    await clock.settle();
    source.failClose(Object.assign(new Error("gone"), { code: "EPIPE" }));
    expect(await closing).toMatchObject({ kind: "connection_lost", message: "gone [test.work]" });
    expect([record.result, clock.pending]).toEqual(["connection_lost", 0]);
  });

  test("does not hang longer than a read may", async () => {
    const { call, stream, record } = guarded();
    const closing = caught(stream.close());
    await clock.advance(LIMIT_MS);
    expect(await closing).toMatchObject({ kind: "timeout", message: expect.stringContaining("while closing") });
    expect([record.result, call.cancelled?.kind, clock.pending]).toEqual(["timeout", "timeout", 0]);
  });

  test("ends at once when the caller aborts", async () => {
    const controller = new AbortController();
    const { stream, record } = guarded({ signal: controller.signal });
    const closing = caught(stream.close());
    controller.abort();
    expect(await closing).toMatchObject({ kind: "cancelled" });
    expect(record.result).toBe("cancelled");
  });
});
