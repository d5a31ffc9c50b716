/**
 * Reading a stream after it has been opened.
 *
 * No read hangs: each batch must come within the connector's `timeout`, and the caller's abort ends the stream at once,
 * also between two reads. The call settles when the stream does, exactly once: read out, broken off, or failed.
 */
import type { Call } from "./call.ts";
import type { Clock, Timer } from "./clock.ts";
import { ConnectorError } from "./errors.ts";
import type { OpenedStream } from "./stream.ts";

export interface ReadingHooks {
  readonly clock: Clock;
  /** Most milliseconds for one read; 0 means no limit. */
  readonly readLimitMs: number;
  /** Makes what a read threw presentable. */
  readonly toError: (thrown: unknown) => ConnectorError;
}

export function guardReads<T>(stream: OpenedStream<T>, call: Call, hooks: ReadingHooks): OpenedStream<T> {
  const { clock, readLimitMs, toError } = hooks;
  const { record } = call;
  /** How to refuse the read that is under way. */
  let refuse: ((error: ConnectorError) => void) | undefined;
  let timer: Timer | undefined;
  let failure: ConnectorError | undefined;
  let isOver = false;

  const settle = (result: "ok" | ConnectorError["kind"]): void => {
    isOver = true;
    stopListening();
    record.settle(result, clock.now());
  };
  const fail = (thrown: unknown): ConnectorError => {
    failure = call.cancelled ?? toError(thrown);
    settle(failure.kind);
    // A handler stuck in a wait ends when it hears of the cancellation; the reader does not wait for that.
    call.cancel(failure);
    void stream.close().catch(() => {});
    return failure;
  };
  const read = (): Promise<readonly T[] | undefined> =>
    new Promise((resolve, reject) => {
      const over = (): void => {
        refuse = undefined;
        timer?.cancel();
      };
      refuse = (error) => {
        over();
        reject(error);
      };
      if (readLimitMs > 0)
        timer = clock.timeout(readLimitMs, () =>
          call.cancel(new ConnectorError("timeout", `Timed out after ${readLimitMs} ms while reading the stream`)),
        );
      stream.next().then(
        (batch) => {
          if (isOver) return;
          over();
          if (batch === undefined) settle("ok");
          resolve(batch);
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
    if (isOver) return;
    const error = fail(reason);
    refuse?.(error);
  });
  if (stream.first === undefined && !isOver) settle("ok");
  return {
    first: stream.first,
    async next() {
      if (failure !== undefined) throw failure;
      return isOver ? undefined : read();
    },
    async close() {
      if (isOver) return;
      if (refuse !== undefined) call.cancel(new ConnectorError("cancelled", "The stream was broken off"));
      if (isOver) return;
      settle("ok");
      await stream.close();
    },
  };
}
