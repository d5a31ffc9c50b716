/** The columns of an answer, and how a row of the binary protocol is read by them. */
import type { SqlResult } from "../../../contracts/sql/connection.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { Cursor } from "../protocol/packet.ts";
import { decoderOf, type Decode } from "./decoders.ts";
import { nameOf, type Field } from "./types.ts";

const cursor = new Cursor();

export class RowShape {
  readonly columns: SqlResult["columns"];
  /** As the server sent them. */
  readonly definitions: readonly Buffer[];
  readonly #names: readonly string[];
  readonly #decoders: readonly Decode[];
  readonly #template: Row;
  /** The row's first byte says nothing; then there is a bit for each column, and two before them. */
  readonly #headBytes: number;

  constructor(definitions: readonly Buffer[], isExtended: boolean) {
    const fields = definitions.map((each) => fieldOf(each, isExtended));
    this.definitions = definitions;
    this.columns = fields.map((field) => ({ name: field.name, type: nameOf(field) }));
    this.#names = fields.map(({ name }) => name);
    this.#decoders = fields.map(decoderOf);
    // Own properties from the start, so that a column may be called `__proto__`.
    this.#template = Object.fromEntries(this.#names.map((name) => [name, null]));
    this.#headBytes = 1 + ((fields.length + 9) >> 3);
  }

  /** Throws where a text is none of its type. */
  read(bytes: Buffer, offset: number): Row {
    const row: Row = { ...this.#template };
    const names = this.#names;
    cursor.bytes = bytes;
    cursor.at = offset + this.#headBytes;
    for (let at = 0; at < names.length; at++) {
      const bit = at + 2;
      const isNull = (bytes[offset + 1 + (bit >> 3)]! & (1 << (bit & 7))) !== 0;
      row[names[at]!] = isNull ? null : this.#decoders[at]!(cursor);
    }
    return row;
  }
}

/** The protocol's ColumnDefinition41; MariaDB tells of its own types in a block of its own. */
export function fieldOf(bytes: Buffer, isExtended: boolean): Field {
  cursor.bytes = bytes;
  cursor.at = 0;
  // Catalog, schema, table, table's own name.
  for (let skipped = 0; skipped < 4; skipped++) cursor.skip();
  const name = cursor.text();
  cursor.skip();
  const extended: { extendedTypeName?: string; extendedFormat?: string } = {};
  if (isExtended) {
    const end = cursor.length() + cursor.at;
    while (cursor.at < end) {
      const kind = cursor.uint8();
      const value = cursor.text();
      if (kind === 0) extended.extendedTypeName = value;
      if (kind === 1) extended.extendedFormat = value;
    }
    cursor.at = end;
  }
  cursor.uint8();
  const characterSet = cursor.uint16();
  const columnLength = cursor.uint32();
  const columnType = cursor.uint8();
  const flags = cursor.uint16();
  const decimals = cursor.uint8();
  return { name, characterSet, columnLength, columnType, flags, decimals, ...extended };
}
