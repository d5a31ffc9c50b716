/**
 * From PostgreSQL's binary format to values, the same as from its text (types.ts), and sooner.
 *
 * A type whose text says more than its bytes (a `real` is written as the shortest decimal that means it), or that is not
 * known here, is asked for as text.
 */
import { parseExactJson } from "../../../contracts/sql/exact-json.ts";
import type { Format } from "../wire/messages.ts";
import { dateText, instantOf, timestampText, timeText } from "./calendar.ts";
import { decimalText } from "./decimal.ts";
import { decoderOf } from "./types.ts";

/** Reads the value that stands in `bytes` from `start` to `end`. */
export type Read = (bytes: Buffer, start: number, end: number) => unknown;

/** What `toString` calls after it has looked at its arguments; in every Node, and in none of its types. */
interface Slices {
  utf8Slice(start: number, end: number): string;
}

/** The text in a part of a buffer. */
export const utf8 = (bytes: Buffer, start: number, end: number): string =>
  (bytes as unknown as Slices).utf8Slice(start, end);

/** 64 bits as decimal text. */
function longText(bytes: Buffer, start: number): string {
  const high = bytes.readInt32BE(start);
  // What a double holds exactly needs no BigInt.
  if (high >= -0x20_0000 && high < 0x20_0000) return String(high * 0x1_0000_0000 + bytes.readUInt32BE(start + 4));
  return bytes.readBigInt64BE(start).toString();
}

function uuidText(bytes: Buffer, start: number): string {
  const hex = bytes.toString("hex", start, start + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** By OID; where a length is given, a value of any other is no value of the type. */
const BY_OID: ReadonlyMap<number, readonly [read: Read, length?: number]> = new Map<number, readonly [Read, number?]>([
  [16, [(bytes, start) => bytes[start] === 1, 1]],
  [17, [(bytes, start, end) => new Uint8Array(bytes.subarray(start, end))]],
  [19, [utf8]],
  [20, [longText, 8]],
  [21, [(bytes, start) => bytes.readInt16BE(start), 2]],
  [23, [(bytes, start) => bytes.readInt32BE(start), 4]],
  [25, [utf8]],
  [26, [(bytes, start) => bytes.readUInt32BE(start), 4]],
  [114, [(bytes, start, end) => parseExactJson(utf8(bytes, start, end))]],
  [701, [(bytes, start) => bytes.readDoubleBE(start), 8]],
  [1042, [utf8]],
  [1043, [utf8]],
  [1082, [(bytes, start) => dateText(bytes.readInt32BE(start)), 4]],
  [1083, [(bytes, start) => timeText(Number(bytes.readBigInt64BE(start))), 8]],
  [1114, [(bytes, start) => timestampText(bytes.readBigInt64BE(start)), 8]],
  [1184, [(bytes, start) => instantOf(bytes.readInt32BE(start), bytes.readUInt32BE(start + 4)), 8]],
  [1700, [decimalText]],
  [2950, [uuidText, 16]],
  // A version stands before the text.
  [3802, [(bytes, start, end) => parseExactJson(utf8(bytes, start + 1, end))]],
]);

/** Whether values of the type are asked for in binary. */
export function isReadInBinary(oid: number): boolean {
  return BY_OID.has(oid);
}

/** How values of a type are read in a format. */
export function readerOf(oid: number, format: Format): Read {
  if (format === 0) {
    const decode = decoderOf(oid);
    return (bytes, start, end) => decode(utf8(bytes, start, end));
  }
  const [read, length] = BY_OID.get(oid)!;
  if (length === undefined) return read;
  return (bytes, start, end) => {
    if (end - start !== length) throw otherLength();
    return read(bytes, start, end);
  };
}

/** A value that cannot be one of its type. */
export function otherLength(): Error {
  return new Error("A value has another length than its type");
}
