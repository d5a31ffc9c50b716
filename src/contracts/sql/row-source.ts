/**
 * Rows on their way into the database: a list, or something that yields them one by one and can be read only once.
 *
 * They are pulled in batches, only as fast as the database takes them, so that ten million need no more memory than a
 * thousand. Whatever happens, a source that was begun is told that no more is wanted.
 */
import { orAborted } from "../../core/abort.ts";
import type { Call } from "../../core/call.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Row, Rows } from "./fields.ts";

/** Rows of one batch, and about how many bytes of text and binary values it may have beyond one row. */
const MOST_ROWS = 1_000;
const MOST_BYTES = 4 * 2 ** 20;

/** The caller's source failed, or yields what is no row; thrown on as it is. */
export class SourceFailed extends Error {
  readonly thrown: unknown;

  constructor(thrown: unknown) {
    super("The source of the rows failed", { cause: thrown });
    this.thrown = thrown;
  }
}

/** Reads batches of rows that all have the columns of the first. */
export class RowSource {
  readonly #rows: Rows;
  readonly #isAsync: boolean;
  #iterator: Iterator<Row> | AsyncIterator<Row> | undefined;
  /** The row before, of a source that may use one object for all. */
  #last: unknown;
  #columns: readonly string[] | undefined;
  #count = 0;
  #isOver = false;

  constructor(rows: Rows) {
    this.#rows = rows;
    this.#isAsync = (rows as Partial<AsyncIterable<Row>>)[Symbol.asyncIterator] !== undefined;
  }

  /** Names of the first row's columns; known after the first batch. */
  get columns(): readonly string[] {
    return this.#columns ?? [];
  }

  /** The next batch, or undefined at the end. Ends with the call, whatever the source does. */
  async next(call: Call): Promise<readonly Row[] | undefined> {
    call.throwIfCancelled();
    this.#iterator ??= this.#begin();
    const rows: Row[] = [];
    if (!this.#isAsync) this.#fill(rows);
    else
      await orAborted(this.#pull(rows), call.signal).catch((error: unknown) => {
        call.throwIfCancelled();
        throw error;
      });
    return rows.length === 0 ? undefined : rows;
  }

  /** Tells the source that no more is wanted; waits for nothing. */
  close(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    try {
      const ended: unknown = this.#iterator?.return?.();
      if (ended instanceof Promise) ended.catch(() => {});
    } catch {
      // It is not needed any more.
    }
  }

  #begin(): Iterator<Row> | AsyncIterator<Row> {
    try {
      if (this.#isAsync) return (this.#rows as AsyncIterable<Row>)[Symbol.asyncIterator]();
      return (this.#rows as Iterable<Row>)[Symbol.iterator]();
    } catch (error) {
      throw this.#failed(error);
    }
  }

  #fill(rows: Row[]): void {
    const iterator = this.#iterator as Iterator<Row>;
    for (let bytes = 0; !this.#isOver && rows.length < MOST_ROWS && bytes < MOST_BYTES;) {
      let step: IteratorResult<Row>;
      try {
        step = iterator.next();
      } catch (error) {
        throw this.#failed(error);
      }
      bytes += this.#take(step, rows);
    }
  }

  async #pull(rows: Row[]): Promise<void> {
    const iterator = this.#iterator as AsyncIterator<Row>;
    for (let bytes = 0; !this.#isOver && rows.length < MOST_ROWS && bytes < MOST_BYTES;) {
      let step: IteratorResult<Row>;
      try {
        step = await iterator.next();
      } catch (error) {
        throw this.#failed(error);
      }
      bytes += this.#take(step, rows);
    }
  }

  /** Answers about how many bytes it has. */
  #take(step: IteratorResult<Row>, rows: Row[]): number {
    // Written by hand, an iterator may give anything.
    if (typeof (step as unknown) !== "object" || (step as unknown) === null)
      throw this.#failed(new TypeError("The iterator gave something that is no result"));
    if (step.done === true) {
      this.#isOver = true;
      return 0;
    }
    // Rows wait together, so that each of them would be the last.
    if (step.value === this.#last && !Array.isArray(this.#rows)) throw usedAgain(this.#count);
    this.#last = step.value;
    rows.push(step.value);
    return this.#check(step.value);
  }

  #failed(error: unknown): SourceFailed {
    this.#isOver = true;
    return new SourceFailed(error);
  }

  /** Answers about how many bytes its long values have. */
  #check(row: unknown): number {
    const at = this.#count++;
    if (Object.prototype.toString.call(row) !== "[object Object]") throw notARow(at);
    const columns = (this.#columns ??= Object.keys(row as Row));
    if (columns.length === 0) throw noColumns();
    checkColumns(row as Row, columns, at);
    let bytes = 0;
    for (const column of columns) {
      const value = (row as Row)[column];
      if (typeof value === "string") bytes += value.length;
      else if (ArrayBuffer.isView(value)) bytes += value.byteLength;
    }
    return bytes;
  }
}

/** Throws `input_invalid` where a row has other columns than the first; `at` counts from 0. */
export function checkColumns(row: Row, columns: readonly string[], at: number): void {
  const own = Object.keys(row);
  // Mostly all rows were written by the same lines of code.
  if (own.length === columns.length && own.every((column, nth) => column === columns[nth])) return;
  const missing = columns.find((column) => !Object.hasOwn(row, column));
  if (missing === undefined && own.length === columns.length) return;
  const extra = own.find((column) => !columns.includes(column));
  const what = missing === undefined ? `has a column "${extra}" that` : `has no column "${missing}", which`;
  const other = missing === undefined ? "has not" : "has";
  throw invalid(
    `Row ${at + 1} ${what} row 1 ${other}`,
    "All rows have the same columns; say null where there is no value.",
  );
}

function usedAgain(at: number): ConnectorError {
  return invalid(`Row ${at + 1} is the same object as the one before it`, "Yield a new object for each row.");
}

function notARow(at: number): ConnectorError {
  return invalid(`Row ${at + 1} is no map of columns to values`);
}

/** Rows without columns say nothing. */
export function noColumns(): ConnectorError {
  return invalid("The rows have no columns");
}

function invalid(message: string, hint?: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { hint, outcome: "none" });
}
