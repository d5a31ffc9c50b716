/**
 * Lines on their way to stdout.
 *
 * Many small ones are written together, because a write each costs more than the line; yet none waits for the next: what
 * is there is written as soon as the event loop turns. It turns at least once for each block, so that a source which never
 * waits keeps neither signals nor timers from being heard. A reader slower than the source makes the source wait.
 */
import type { Output } from "./output.ts";

/** As much as a pipe holds on Linux. */
const BLOCK = 64 * 1024;

export interface LineWriter {
  /** Over when the next lines may come. Throws what writing earlier ones threw. */
  add(lines: string): Promise<void>;
  /** Over when all has been taken. */
  end(): Promise<void>;
}

export function lineWriter(output: Output, signal: AbortSignal): LineWriter {
  let waiting = "";
  let turn: Promise<void> | undefined;
  let failure: { readonly error: unknown } | undefined;
  const writeWaiting = async (): Promise<void> => {
    await new Promise((resolve) => setImmediate(resolve));
    const block = waiting;
    waiting = "";
    try {
      await output.write(block, signal);
    } catch (error) {
      failure = { error };
    }
    turn = undefined;
  };
  const settle = async (most: number): Promise<void> => {
    while (failure === undefined && (waiting.length > most || (most === 0 && turn !== undefined)))
      await (turn ??= writeWaiting());
    if (failure !== undefined) throw failure.error;
  };
  return {
    async add(lines) {
      waiting += lines;
      turn ??= writeWaiting();
      await settle(BLOCK);
    },
    end: () => settle(0),
  };
}
