/**
 * Waiting for a server, in real time: another process does not know a fake clock.
 *
 * A poll keeps the event loop alive, or a script whose only pending work is "until the server answers" would simply
 * end there. A time-out does not: a five-second stop timer must not hold a finished test run for five seconds.
 */
import { connect } from "node:net";
import { systemClock } from "../../core/clock.ts";

export interface WaitOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/** Waits; rejects with the signal's reason when it is aborted meanwhile. */
export function pauseFor(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const timer = systemClock.after(ms, () => {
      signal?.removeEventListener("abort", stop);
      resolve();
    });
    const stop = (): void => {
      timer.cancel();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Asks `probe` again and again, first after 5 ms and then ever less often up to 100 ms, until it answers true or time is up. */
export async function becomesTrue(
  probe: () => boolean | Promise<boolean>,
  { timeoutMs, signal }: WaitOptions,
): Promise<boolean> {
  const start = systemClock.now();
  for (let waitMs = 5; ; waitMs = Math.min(waitMs * 1.5, 100)) {
    signal?.throwIfAborted();
    if (await probe()) return true;
    const leftMs = timeoutMs - (systemClock.now() - start);
    if (leftMs <= 0) return false;
    await pauseFor(Math.min(waitMs, leftMs), signal);
  }
}

export interface FirstReplyOptions {
  /** What the client says first; nothing when the server speaks first. */
  readonly send?: Uint8Array | undefined;
  /** Default 1000: a server that swallows the question counts as not ready. */
  readonly timeoutMs?: number;
}

/** The first bytes that a server on this machine answers, or undefined when it refuses, hangs up or stays silent. */
export function firstReply(
  port: number,
  { send, timeoutMs = 1000 }: FirstReplyOptions = {},
): Promise<Buffer | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host: "127.0.0.1", port });
    const finish = (reply: Buffer | undefined): void => {
      resolve(reply);
      socket.destroy();
    };
    socket.setTimeout(timeoutMs, () => finish(undefined));
    socket.once("connect", () => send && socket.write(send));
    socket.once("data", finish);
    socket.on("error", () => finish(undefined));
    socket.once("close", () => finish(undefined));
  });
}
