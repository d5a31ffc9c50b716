/** The rows of one statement, as they arrive. */
import type { Row } from "../../../contracts/sql/operations.ts";
import { decoderOf, type Decode } from "../values/types.ts";

export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

export class RowReader {
  readonly rows: Row[] = [];
  #fields: readonly Field[] = [];
  #decoders: readonly Decode[] = [];
  #template: Row = {};

  get fields(): readonly Field[] {
    return this.#fields;
  }

  /** The columns of the rows that follow. */
  describe(fields: readonly Field[]): void {
    this.#fields = fields;
    this.#decoders = fields.map(({ dataTypeID }) => decoderOf(dataTypeID));
    // Own properties from the start, so that a column may be called `__proto__`.
    this.#template = Object.fromEntries(fields.map(({ name }) => [name, null]));
  }

  /** Throws where a text is none of its type. */
  add(texts: readonly (string | null)[]): void {
    const row: Row = { ...this.#template };
    for (let at = 0; at < texts.length; at++) {
      const text = texts[at]!;
      if (text !== null) row[this.#fields[at]!.name] = this.#decoders[at]!(text);
    }
    this.rows.push(row);
  }
}
