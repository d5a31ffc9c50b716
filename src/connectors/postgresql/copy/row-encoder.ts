/** Rows in the binary format of COPY (PostgreSQL manual, "COPY", "Binary Format"). */
import type { Row } from "../../../contracts/sql/operations.ts";
import { CopyBuffer } from "./binary/copy-buffer.ts";
import type { Write } from "./binary/writers.ts";

/** Signature, flags, and the length of the extension. */
const SIGNATURE = Buffer.concat([Buffer.from("PGCOPY\n\xff\r\n\0", "latin1"), Buffer.alloc(8)]);

/** A column and how it is written. */
export interface ColumnWriter {
  readonly name: string;
  readonly write: Write;
}

/** Encodes for one table and its columns. */
export class RowEncoder {
  readonly #columns: readonly ColumnWriter[];
  #out = new CopyBuffer();

  constructor(columns: readonly ColumnWriter[]) {
    this.#columns = columns;
  }

  /** What the data begins with. */
  begin(): Buffer[] {
    this.#out.room(SIGNATURE.length);
    this.#out.bytes.set(SIGNATURE, this.#out.at);
    this.#out.at += SIGNATURE.length;
    return this.#out.take();
  }

  /** Messages with all of the rows; undefined where one has a value that is not written so. */
  encode(rows: readonly Row[]): Buffer[] | undefined {
    for (const row of rows)
      if (!this.#write(row)) {
        this.#out = new CopyBuffer();
        return undefined;
      }
    return this.#out.take();
  }

  /** What the data ends with. */
  end(): Buffer[] {
    this.#out.room(2);
    this.#out.at = this.#out.bytes.writeInt16BE(-1, this.#out.at);
    return this.#out.take();
  }

  #write(row: Row): boolean {
    const out = this.#out;
    const columns = this.#columns;
    out.room(2);
    out.at = out.bytes.writeInt16BE(columns.length, out.at);
    for (let each = 0; each < columns.length; each++) {
      const { name, write } = columns[each]!;
      const value = row[name];
      if (value === null) {
        out.room(4);
        out.at = out.bytes.writeInt32BE(-1, out.at);
      } else if (!write(value, out)) return false;
    }
    return true;
  }
}
