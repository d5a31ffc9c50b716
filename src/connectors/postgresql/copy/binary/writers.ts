/**
 * From values to PostgreSQL's binary form, one function for each type of column.
 *
 * A value takes this way only where it is stored as the same INSERT would store it. Whatever leaves a doubt (a number in
 * quotes and spaces, a time without a zone for a column that has one) is declined, and the server reads it as text.
 */
import { daysOf, microsOf, microsOfDay } from "./calendar.ts";
import type { CopyBuffer } from "./copy-buffer.ts";
import { writeDecimal } from "./numeric.ts";
import { encodeJson } from "../../values/parameters.ts";

/** Writes length and value, or answers false. */
export type Write = (value: unknown, out: CopyBuffer) => boolean;

const INTEGER = /^-?\d{1,18}$/;
const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/i;
/** Up to here a loop over the characters is faster than a call of the encoder. */
const SHORT = 40;
const JSONB_VERSION = 1;

function integer(bytes: 2 | 4): Write {
  const most = 2 ** (bytes * 8 - 1);
  return (value, out) => {
    const number = typeof value === "string" && INTEGER.test(value) ? Number(value) : value;
    if (typeof number === "bigint") return number >= -most && number < most && writeInteger(Number(number), bytes, out);
    return Number.isInteger(number) && isWithin(number as number, most) && writeInteger(number as number, bytes, out);
  };
}

const isWithin = (number: number, most: number): boolean => number >= -most && number < most;

function writeInteger(number: number, length: 2 | 4, out: CopyBuffer): true {
  out.room(4 + length);
  const at = out.bytes.writeInt32BE(length, out.at);
  out.at = length === 2 ? out.bytes.writeInt16BE(number, at) : out.bytes.writeInt32BE(number, at);
  return true;
}

/** Writes 64 bits; a number must be a safe integer. */
function writeLong(number: bigint | number, out: CopyBuffer): true {
  out.room(12);
  const at = out.bytes.writeInt32BE(8, out.at);
  if (typeof number === "bigint") out.at = out.bytes.writeBigInt64BE(number, at);
  else {
    const high = Math.floor(number / 2 ** 32);
    out.at = out.bytes.writeUInt32BE(number - high * 2 ** 32, out.bytes.writeInt32BE(high, at));
  }
  return true;
}

const long: Write = (value, out) => {
  if (typeof value === "number") return Number.isSafeInteger(value) && writeLong(value, out);
  if (typeof value === "bigint") return BigInt.asIntN(64, value) === value && writeLong(value, out);
  return typeof value === "string" && INTEGER.test(value) && writeLong(BigInt(value), out);
};

const double: Write = (value, out) => {
  if (typeof value !== "number") return false;
  out.room(12);
  // As text, -0 is 0.
  out.at = out.bytes.writeDoubleBE(value === 0 ? 0 : value, out.bytes.writeInt32BE(8, out.at));
  return true;
};

const float: Write = (value, out) => {
  if (typeof value !== "number") return false;
  const rounded = Math.fround(value);
  // Too large or too small: the server refuses it.
  if (Number.isFinite(value) && (!Number.isFinite(rounded) || (rounded === 0 && value !== 0))) return false;
  out.room(8);
  out.at = out.bytes.writeFloatBE(rounded === 0 ? 0 : rounded, out.bytes.writeInt32BE(4, out.at));
  return true;
};

const boolean: Write = (value, out) => {
  if (typeof value !== "boolean") return false;
  out.room(5);
  const at = out.bytes.writeInt32BE(1, out.at);
  out.bytes[at] = value ? 1 : 0;
  out.at = at + 1;
  return true;
};

/** `prefix` stands before the text; none is -1. */
function writeText(text: string, out: CopyBuffer, prefix = -1): boolean {
  const before = prefix === -1 ? 0 : 1;
  out.room(4 + before + text.length * 3);
  const start = out.at + 4 + before;
  let at = start;
  let isPlain = text.length <= SHORT;
  for (let each = 0; isPlain && each < text.length; each++) {
    const code = text.charCodeAt(each);
    isPlain = code < 0x80;
    out.bytes[at++] = code;
  }
  if (!isPlain) {
    // A lone surrogate would be stored as another character.
    if (/\p{Surrogate}/u.test(text)) return false;
    at = start + out.bytes.write(text, start, "utf8");
  }
  if (before === 1) out.bytes[start - 1] = prefix;
  out.bytes.writeInt32BE(at - out.at - 4, out.at);
  out.at = at;
  return true;
}

const text: Write = (value, out) => {
  if (typeof value === "string") return writeText(value, out);
  const isPlain = typeof value === "number" || typeof value === "bigint" || typeof value === "boolean";
  return isPlain && writeText(String(value), out);
};

const json =
  (prefix: number): Write =>
  (value, out) => {
    if (typeof value !== "object" || value === null) {
      const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
      return isPlain && writeText(String(value), out, prefix);
    }
    if (value instanceof Date || ArrayBuffer.isView(value)) return false;
    const encoded = encodeJson(value);
    return encoded !== undefined && writeText(encoded, out, prefix);
  };

const bytea: Write = (value, out) => {
  if (!ArrayBuffer.isView(value)) return false;
  out.room(4 + value.byteLength);
  const at = out.bytes.writeInt32BE(value.byteLength, out.at);
  out.bytes.set(new Uint8Array(value.buffer, value.byteOffset, value.byteLength), at);
  out.at = at + value.byteLength;
  return true;
};

const uuid: Write = (value, out) => {
  if (typeof value !== "string" || !UUID.test(value)) return false;
  out.room(20);
  const at = out.bytes.writeInt32BE(16, out.at);
  out.at = at + out.bytes.write(value.replaceAll("-", ""), at, "hex");
  return true;
};

const numeric: Write = (value, out) => {
  const isNumber = typeof value === "number" || typeof value === "bigint";
  return (isNumber || typeof value === "string") && writeDecimal(String(value), out);
};

const date: Write = (value, out) => {
  const days = daysOf(value);
  return days !== undefined && writeInteger(days, 4, out);
};

const time: Write = (value, out) => {
  const micros = microsOfDay(value);
  return micros !== undefined && writeLong(micros, out);
};

const timestamp =
  (hasZone: boolean): Write =>
  (value, out) => {
    const micros = microsOf(value, hasZone);
    return micros !== undefined && writeLong(micros, out);
  };

/** By OID, as in PostgreSQL's catalog (`pg_type.dat`). */
const BY_TYPE: ReadonlyMap<number, Write> = new Map([
  [16, boolean],
  [17, bytea],
  [20, long],
  [21, integer(2)],
  [23, integer(4)],
  [25, text],
  [114, json(-1)],
  [700, float],
  [701, double],
  [1042, text],
  [1043, text],
  [1082, date],
  [1083, time],
  [1114, timestamp(false)],
  [1184, timestamp(true)],
  [1700, numeric],
  [2950, uuid],
  [3802, json(JSONB_VERSION)],
]);

/** How a column of the type is written; undefined for types that are left to the server's own reading. */
export function writerOf(type: number, isEnum: boolean): Write | undefined {
  return isEnum ? text : BY_TYPE.get(type);
}
