/**
 * The rows of one statement, all in memory, and not more of them than allowed: the first one too many ends the statement
 * on the server, and what is still on its way is dropped.
 */
import { type ConnectorError } from "../../../core/errors.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { tooLarge } from "../../../contracts/sql/too-large.ts";
import type { Run, Waiting } from "./run.ts";

export interface Bounds {
  readonly maxRows?: number | undefined;
  readonly maxBytes?: number | undefined;
}

export function gather(run: Run, { maxRows = Infinity, maxBytes = Infinity }: Bounds, waiting: Waiting): void {
  const { stop, answered, failed } = waiting;
  let rows: Row[] = [];
  let bytes = 0;
  let failure: ConnectorError | undefined;
  const refuse = (error: ConnectorError): false => {
    failure = error;
    rows = [];
    stop();
    return false;
  };
  run({
    row(row, size) {
      bytes += size;
      if (rows.length >= maxRows) return refuse(tooLarge(`maxRows (${maxRows})`));
      if (bytes > maxBytes) return refuse(tooLarge(`maxBytes (${maxBytes})`));
      rows.push(row);
      return true;
    },
    over({ shape, header }) {
      if (failure !== undefined) {
        // It came to its end all the same, and what it wrote is kept.
        if (header === undefined) failure.outcome = "unknown";
        return failed(failure);
      }
      const count = shape === undefined ? (header?.affectedRows ?? 0) : rows.length;
      answered({ rows, columns: shape?.columns ?? [], count, header });
    },
    failed: (error) => failed(failure ?? error),
  });
}
