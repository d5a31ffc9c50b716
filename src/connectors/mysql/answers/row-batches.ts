/**
 * The rows of one statement, a batch at a time.
 *
 * Rows are handed over as they come. When a batch is full the socket is not read any further, until the next batch is asked
 * for; so the server waits, and memory holds a batch and what one read of the socket brought.
 */
import type { Call } from "../../../core/call.ts";
import type { SqlResult } from "../../../contracts/sql/connection.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import type { Client } from "../wire/client.ts";
import type { Execution } from "../protocol/execution.ts";
import type { Read } from "./run.ts";

interface Reading {
  readonly client: Pick<Client, "pause" | "resume">;
  readonly batchSize: number;
  readonly call: Call | undefined;
  /** Begins the statement; settles when its last row is read. */
  start(this: void, read: Read): Promise<unknown>;
}

export async function* readBatches({
  client,
  batchSize,
  call,
  start,
}: Reading): AsyncGenerator<Pick<SqlResult, "rows" | "columns">, void, undefined> {
  let execution: Execution | undefined;
  let rows: Row[] = [];
  let isOver = false;
  let isDiscarding = false;
  let wake = (): void => {};
  let cancel = (): void => {};
  let failure: { readonly error: unknown } | undefined;
  const discard = (): void => {
    isDiscarding = true;
    client.resume();
  };
  const over = start((run, { answered, failed, stop }) => {
    cancel = stop;
    execution = run({
      row(row) {
        if (isDiscarding) return false;
        if (rows.push(row) < batchSize) return true;
        client.pause();
        wake();
        return true;
      },
      over: ({ header }) => answered({ rows: [], columns: [], count: 0, header }),
      failed,
    });
  })
    .catch((error: unknown) => void (failure ??= { error }))
    .then(() => {
      isOver = true;
      wake();
    });
  const stopListening = call?.onCancel(discard);
  try {
    for (;;) {
      if (!isOver && rows.length < batchSize) await new Promise<void>((resolve) => (wake = resolve));
      if (failure !== undefined) throw failure.error;
      const isLast = isOver;
      const batch = rows;
      rows = [];
      yield { rows: batch, columns: execution?.shape?.columns ?? [] };
      if (isLast) return;
      client.resume();
    }
  } finally {
    stopListening?.();
    if (!isOver) {
      cancel();
      discard();
      await over;
    }
  }
}
