/**
 * The rows of one statement, a batch at a time.
 *
 * The driver hands over rows as they come. When a batch is full the socket is not read any further, until the next batch is
 * asked for; so the server waits, and memory holds a batch and what one read of the socket brought.
 */
import type { Call } from "../../../core/call.ts";
import type { SqlResult } from "../../../contracts/sql/connection.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { RowReader } from "../values/row-reader.ts";
import type { Client, Prepared } from "../wire/client.ts";
import type { Answer } from "./answer.ts";

/** Who waits for a statement's end. */
export interface Waiting {
  answered(this: void, answer: Answer): void;
  failed(this: void, error: Error): void;
  /** Ends it on the server. */
  stop(this: void): void;
}

/** Runs a statement that the server has prepared. */
export type Execute = (prepared: Prepared, values: readonly unknown[], waiting: Waiting) => void;

interface Reading {
  readonly client: Pick<Client, "pause" | "resume">;
  readonly batchSize: number;
  readonly call: Call | undefined;
  /** Begins the statement; settles when its last row is read. */
  start(this: void, execute: Execute): Promise<unknown>;
}

export async function* readBatches({
  client,
  batchSize,
  call,
  start,
}: Reading): AsyncGenerator<Pick<SqlResult, "rows" | "columns">, void, undefined> {
  let reader = new RowReader([]);
  let rows: Row[] = [];
  let isOver = false;
  let isDiscarding = false;
  let wake = (): void => {};
  let failure: { readonly error: unknown } | undefined;
  const discard = (): void => {
    isDiscarding = true;
    client.resume();
  };
  const take = (row: readonly unknown[]): void => {
    if (isDiscarding) return;
    try {
      rows.push(reader.read(row));
    } catch (error) {
      failure ??= { error };
      discard();
    }
    if (isDiscarding || rows.length < batchSize) return;
    client.pause();
    wake();
  };
  let cancel = (): void => {};
  const over = start((prepared, values, { answered, failed, stop }) => {
    cancel = stop;
    prepared
      .execute(values)
      .on("fields", (fields) => (reader = new RowReader(fields ?? [])))
      .on("result", (row) => {
        if (Array.isArray(row)) take(row);
      })
      .on("error", failed)
      .on("end", () => answered({ rows: [], columns: [], count: 0 }));
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
      yield { rows: batch, columns: reader.columns };
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
