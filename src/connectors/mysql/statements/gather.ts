/**
 * The rows of one statement, all in memory, and not more of them than allowed.
 *
 * Rows are made as they come, so the first one too many ends the statement on the server; what is still on its way is
 * dropped.
 */
import { ConnectorError } from "../../../core/errors.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { tooLarge } from "../../../contracts/sql/too-large.ts";
import { RowReader } from "../values/row-reader.ts";
import type { Header, Running, Status } from "../wire/client.ts";
import type { Answer } from "./answer.ts";

export interface Bounds {
  readonly maxRows?: number | undefined;
  readonly maxBytes?: number | undefined;
}

interface Gathering {
  readonly bounds: Bounds;
  readonly status: Pick<Status, "packetBytes">;
  /** Ends the statement on the server. */
  stop(this: void): void;
  answered(this: void, answer: Answer): void;
  failed(this: void, error: Error): void;
}

const NOTHING = new RowReader([]);

/** A procedure answers with several results: the first one with rows counts. */
export function gather(running: Running, { bounds, status, stop, answered, failed }: Gathering): void {
  const { maxRows = Infinity, maxBytes = Infinity } = bounds;
  let reader: RowReader | undefined;
  let header: Header | undefined;
  let isOfReader = false;
  let rows: Row[] = [];
  let bytes = 0;
  let failure: { readonly error: Error } | undefined;
  const fail = (error: Error): void => {
    failure = { error };
    rows = [];
    stop();
  };
  const take = (values: readonly unknown[], each: RowReader): void => {
    bytes += status.packetBytes;
    if (rows.length >= maxRows) return fail(tooLarge(`maxRows (${maxRows})`));
    if (bytes > maxBytes) return fail(tooLarge(`maxBytes (${maxBytes})`));
    rows.push(each.read(values));
  };
  running
    .on("fields", (fields) => {
      isOfReader = reader === undefined && fields !== undefined;
      if (isOfReader) reader = new RowReader(fields!);
    })
    .on("result", (row) => {
      if (!isRow(row)) header = row;
      else if (isOfReader && failure === undefined)
        try {
          take(row, reader!);
        } catch (error) {
          fail(error as Error);
        }
    })
    // It was ended, so it had no effect.
    .on("error", (error) => failed(failure?.error ?? error))
    .on("end", () => {
      if (failure?.error instanceof ConnectorError) failure.error.outcome = "unknown";
      if (failure !== undefined) return failed(failure.error);
      const { columns } = reader ?? NOTHING;
      const count = reader === undefined ? (header?.affectedRows ?? 0) : rows.length;
      answered({ rows, columns, count, ...(header === undefined ? {} : { header }) });
    });
}

const isRow = (given: readonly unknown[] | Header): given is readonly unknown[] => Array.isArray(given);
