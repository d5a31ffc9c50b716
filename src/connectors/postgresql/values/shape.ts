/** The columns of an answer, and how its rows are read: worked out once for a statement. */
import type { Column } from "../../../core/record.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import type { Format } from "../wire/messages.ts";
import { viewOf } from "../wire/view.ts";
import { isReadInBinary, otherLength, readerOf, utf8, type Read } from "./binary.ts";
import { instantOf } from "./calendar.ts";
import { decoderOf, nameOf, type Decode } from "./types.ts";

/** A column as the server describes it. */
export interface Field {
  readonly name: string;
  readonly dataTypeID: number;
}

/** What most columns are is read in place: calling a reader of each costs as much again as reading does. */
const INTEGER = 1;
const TEXT = 2;
const DOUBLE = 3;
const INSTANT = 4;
/** By OID. */
const IN_PLACE: Readonly<Record<number, number>> = { 23: INTEGER, 25: TEXT, 1043: TEXT, 701: DOUBLE, 1184: INSTANT };

export class Shape {
  readonly columns: readonly Column[];
  readonly formats: readonly Format[];
  readonly #names: readonly string[];
  readonly #inPlace: readonly number[];
  readonly #readers: readonly Read[];
  readonly #decoders: readonly Decode[];
  /** Own properties from the start, so that a column may be called `__proto__`. */
  readonly #template: Row;

  /** `isChosen`: the formats can still be asked for; else all comes as text. */
  constructor(fields: readonly Field[], isChosen: boolean) {
    this.columns = fields.map(({ name, dataTypeID }) => ({ name, type: nameOf(dataTypeID) }));
    this.formats = fields.map(({ dataTypeID }) => (isChosen && isReadInBinary(dataTypeID) ? 1 : 0));
    this.#names = fields.map(({ name }) => name);
    this.#inPlace = fields.map(({ dataTypeID }, at) => (this.formats[at] === 1 ? (IN_PLACE[dataTypeID] ?? 0) : 0));
    this.#readers = fields.map(({ dataTypeID }, at) => readerOf(dataTypeID, this.formats[at]!));
    this.#decoders = fields.map(({ dataTypeID }) => decoderOf(dataTypeID));
    this.#template = Object.fromEntries(fields.map(({ name }) => [name, null]));
  }

  /** A row that the driver has taken apart; all of it is text. */
  readTexts(texts: readonly (string | null)[]): Row {
    const row: Row = { ...this.#template };
    texts.forEach((text, at) => {
      if (text !== null) row[this.#names[at]!] = this.#decoders[at]!(text);
    });
    return row;
  }

  /** The row in a DataRow message. Throws where it is none of this shape, or a value none of its type. */
  read(bytes: Buffer, start: number, end: number): Row {
    const row: Row = { ...this.#template };
    const names = this.#names;
    const inPlace = this.#inPlace;
    const view = viewOf(bytes);
    if (view.getUint16(start) !== names.length) throw new Error("A row has another number of columns");
    let at = start + 2;
    for (let each = 0; each < names.length; each++) {
      const length = view.getInt32(at);
      at += 4;
      if (length === -1) continue;
      const next = at + length;
      if (length < 0 || next > end) throw new Error("A value is longer than its row");
      let value: unknown;
      switch (inPlace[each]) {
        case INTEGER:
          if (length !== 4) throw otherLength();
          value = view.getInt32(at);
          break;
        case TEXT:
          value = utf8(bytes, at, next);
          break;
        case DOUBLE:
          if (length !== 8) throw otherLength();
          value = view.getFloat64(at);
          break;
        case INSTANT:
          if (length !== 8) throw otherLength();
          value = instantOf(view.getInt32(at), view.getUint32(at + 4));
          break;
        default:
          value = this.#readers[each]!(bytes, at, next);
      }
      row[names[each]!] = value;
      at = next;
    }
    return row;
  }
}
