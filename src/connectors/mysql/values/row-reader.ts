/** Rows as the driver reads them, by column. */
import type { SqlResult } from "../../../contracts/sql/connection.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { decoderOf, nameOf, type Field } from "./types.ts";

export class RowReader {
  readonly columns: SqlResult["columns"];
  readonly #names: readonly string[];
  readonly #decoders: readonly ReturnType<typeof decoderOf>[];
  readonly #template: Row;

  constructor(fields: readonly Field[]) {
    this.columns = fields.map((field) => ({ name: field.name, type: nameOf(field) }));
    this.#names = fields.map(({ name }) => name);
    this.#decoders = fields.map(decoderOf);
    // Own properties from the start, so that a column may be called `__proto__`.
    this.#template = Object.fromEntries(this.#names.map((name) => [name, null]));
  }

  /** Throws where a text is none of its type. */
  read(values: readonly unknown[]): Row {
    const row: Row = { ...this.#template };
    for (let at = 0; at < this.#names.length; at++) {
      const value = values[at];
      const decode = this.#decoders[at];
      // What the driver reads from a column of this type.
      row[this.#names[at]!] = value === null || decode === undefined ? value : decode(value as never);
    }
    return row;
  }
}
