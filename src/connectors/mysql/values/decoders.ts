/** Values of the binary protocol as JavaScript has them; types.ts says which as which. */
import { parseExactJson } from "../../../contracts/sql/exact-json.ts";
import type { Cursor } from "../protocol/packet.ts";
import { BINARY, BIT, isBoolean, isJson, UNSIGNED, type Field } from "./types.ts";

/** Reads the value at a place, and moves on behind it. */
export type Decode = (cursor: Cursor) => unknown;

/** How values of a column are read. */
export function decoderOf(field: Field): Decode {
  const { columnType, flags, decimals } = field;
  const isUnsigned = (flags & UNSIGNED) !== 0;
  if (isJson(field)) return (cursor) => parseExactJson(cursor.text());
  if (isBoolean(field)) return toBoolean;
  if (columnType === BIT && field.columnLength === 1) return (cursor) => cursor.copy()[0] === 1;
  switch (columnType) {
    case 1:
      return isUnsigned ? (cursor) => cursor.uint8() : (cursor) => (cursor.uint8() << 24) >> 24;
    case 2:
      return isUnsigned ? (cursor) => cursor.uint16() : (cursor) => (cursor.uint16() << 16) >> 16;
    case 13:
      return (cursor) => cursor.uint16();
    case 3:
    case 9:
      return isUnsigned ? (cursor) => cursor.uint32() : (cursor) => cursor.int32();
    case 8:
      return isUnsigned ? unsigned64 : signed64;
    case 4:
      return (cursor) => shortest(cursor.bytes.readFloatLE((cursor.at += 4) - 4));
    case 5:
      return (cursor) => cursor.bytes.readDoubleLE((cursor.at += 8) - 8);
    case 7:
    case 12:
      return (cursor) => instant(cursor, decimals);
    case 10:
    case 14:
      return date;
    case 11:
      return time;
    case 0:
    case 246:
      return (cursor) => cursor.text();
    default:
      return field.characterSet === BINARY ? (cursor) => cursor.copy() : (cursor) => cursor.text();
  }
}

/** `BOOLEAN` is `TINYINT(1)`, which holds other numbers too. */
function toBoolean(cursor: Cursor): boolean | number {
  const value = (cursor.uint8() << 24) >> 24;
  return value === 0 || value === 1 ? value === 1 : value;
}

function signed64(cursor: Cursor): string {
  const low = cursor.uint32();
  const high = cursor.int32();
  if (high === 0) return String(low);
  return String((BigInt(high) << 32n) | BigInt(low));
}

function unsigned64(cursor: Cursor): string {
  const low = cursor.uint32();
  const high = cursor.uint32();
  return high === 0 ? String(low) : String((BigInt(high) << 32n) | BigInt(low));
}

/** A 32-bit number as the shortest text that means it, not as the 64-bit one that is nearest. */
function shortest(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

const padded = (value: number, digits: number): string => String(value).padStart(digits, "0");

function date(cursor: Cursor): string {
  const end = cursor.uint8() + cursor.at;
  const isZero = cursor.at === end;
  const text = isZero ? "0000-00-00" : day(cursor.uint16(), cursor.uint8(), cursor.uint8());
  cursor.at = end;
  return text;
}

const day = (year: number, month: number, dayOfMonth: number): string =>
  `${padded(year, 4)}-${padded(month, 2)}-${padded(dayOfMonth, 2)}`;

/** Parts that are zero at the end are not sent. */
function instant(cursor: Cursor, decimals: number): Date | string {
  const end = cursor.uint8() + cursor.at;
  const has = (): boolean => cursor.at < end;
  const year = has() ? cursor.uint16() : 0;
  const month = has() ? cursor.uint8() : 0;
  const dayOfMonth = has() ? cursor.uint8() : 0;
  const hours = has() ? cursor.uint8() : 0;
  const minutes = has() ? cursor.uint8() : 0;
  const seconds = has() ? cursor.uint8() : 0;
  const microseconds = has() ? cursor.uint32() : 0;
  // Years before 100 would be taken for those of the last century.
  const at = new Date(
    Date.UTC(2_000, month - 1, dayOfMonth, hours, minutes, seconds, Math.floor(microseconds / 1_000)),
  );
  if (year !== 2_000) at.setTime(inYear(year, month, dayOfMonth, at));
  if (at.getUTCMonth() === month - 1 && at.getUTCDate() === dayOfMonth) return at;
  const text = `${day(year, month, dayOfMonth)} ${padded(hours, 2)}:${padded(minutes, 2)}:${padded(seconds, 2)}`;
  return decimals > 0 && decimals <= 6 ? `${text}.${padded(microseconds, 6).slice(0, decimals)}` : text;
}

const DAY_MS = 86_400_000;

function inYear(year: number, month: number, dayOfMonth: number, like: Date): number {
  const midnight =
    year >= 100 ? Date.UTC(year, month - 1, dayOfMonth) : new Date(0).setUTCFullYear(year, month - 1, dayOfMonth);
  return midnight + (((like.getTime() % DAY_MS) + DAY_MS) % DAY_MS);
}

/** Hours go beyond a day, and below nothing. */
function time(cursor: Cursor): string {
  const end = cursor.uint8() + cursor.at;
  if (cursor.at === end) return "00:00:00";
  const sign = cursor.uint8() === 0 ? "" : "-";
  const hours = cursor.uint32() * 24 + cursor.uint8();
  const text = `${sign}${padded(hours, 2)}:${padded(cursor.uint8(), 2)}:${padded(cursor.uint8(), 2)}`;
  const microseconds = cursor.at < end ? cursor.uint32() : 0;
  return microseconds === 0 ? text : `${text}.${padded(microseconds, 6).replace(/0+$/, "")}`;
}
