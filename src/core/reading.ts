/**
 * Reading a stream after it has been opened.
 *
 * No read hangs, nor does closing: each must end within the connector's `timeout`, and the caller's abort ends the stream
 * at once, also between two reads. The call settles when the stream does, exactly once: read out, broken off, or failed.
 */
import type { Call } from "./call.ts";
import type { Clock } from "./clock.ts";
import { ConnectorError, KINDS } from "./errors.ts";
import type { OpenedStream } from "./stream.ts";

export interface ReadingHooks {
  readonly clock: Clock;
  /** Most milliseconds for one read; 0 means no limit. */
  readonly readLimitMs: number;
  /** Makes what a read threw presentable. */
  readonly toError: (thrown: unknown) => ConnectorError;
}

/** Guards what `stream` does from now on. Throws where the call was cancelled before. */
export function guardReads<T>(stream: OpenedStream<T>, call: Call, hooks: ReadingHooks): OpenedStream<T> {
  const { clock, readLimitMs, toError } = hooks;
  const { record } = call;
  /** How to refuse the read, or the closing, that is under way. */
  let refuse: ((error: ConnectorError) => void) | undefined;
  let closing: Promise<undefined> | undefined;
  let failure: ConnectorError | undefined;
  let isOver = false;

  const settle = (result: "ok" | ConnectorError["kind"]): void => {
    isOver = true;
    stopListening();
    record.settle(result, clock.now());
  };
  const fail = (thrown: unknown): ConnectorError => {
    failure = toError(call.cancelled ?? thrown);
    failure.attempts ??= record.attempts;
    if (call.effect !== "read") failure.outcome ??= KINDS[failure.kind].outcome;
    record.outcome = failure.outcome;
    record.error = failure;
    settle(failure.kind);
    // A handler stuck in a wait ends when it hears of the cancellation; the reader does not wait for that.
    call.cancel(failure);
    void stream.close().catch(() => {});
    return failure;
  };
  /** Waits for one step of the work underneath; the step that brings nothing was the last. */
  const within = <R>(step: Promise<R>, doing: string): Promise<R> =>
    new Promise((resolve, reject) => {
      const expire = (): void => {
        const message = `Timed out after ${readLimitMs} ms while ${doing} the stream`;
        const { outcome } = call;
        call.cancel(new ConnectorError("timeout", message, { outcome, by: "deadline", stage: record.stage }));
      };
      const timer = readLimitMs > 0 ? clock.timeout(readLimitMs, expire) : undefined;
      const over = (): void => {
        refuse = undefined;
        timer?.cancel();
      };
      refuse = (error) => {
        over();
        reject(error);
      };
      step.then(
        (value) => {
          if (isOver) return;
          over();
          if (value === undefined) settle("ok");
          resolve(value);
        },
        (thrown: unknown) => {
          if (isOver) return;
          over();
          reject(fail(thrown));
        },
      );
    });

  record.stage = "reading";
  let stopListening = (): void => {};
  stopListening = call.onCancel((reason) => {
    const error = fail(reason);
    refuse?.(error);
  });
  if (failure !== undefined) throw failure;
  if (stream.first === undefined) settle("ok");
  return {
    first: stream.first,
    async next() {
      if (failure !== undefined) throw failure;
      return isOver || closing !== undefined ? undefined : within(stream.next(), "reading");
    },
    async close() {
      if (isOver) return;
      if (closing === undefined && refuse !== undefined) return call.cancel(brokenOff(call));
      await (closing ??= within(
        stream.close().then(() => undefined),
        "closing",
      ));
    },
  };
}

/** Why a call ends whose stream was broken off while it worked. */
export function brokenOff(call: Call): ConnectorError {
  return new ConnectorError("cancelled", `The stream was broken off while ${call.record.stage}`, {
    outcome: call.outcome,
  });
}
