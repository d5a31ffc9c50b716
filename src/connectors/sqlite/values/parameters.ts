/**
 * From values to what SQLite stores: NULL, INTEGER, REAL, TEXT and BLOB.
 *
 * Whole numbers go as integers, because drivers would send `1` as `1.0`. A `Date` is its instant in UTC as ISO 8601 text,
 * which SQLite's own functions read and which sorts by time; other objects and lists are JSON text; booleans are 0 and 1.
 */
import { ConnectorError } from "../../../core/errors.ts";
import type { SqliteValue } from "../driver/port.ts";

const LEAST = -(2n ** 63n);
const MOST = 2n ** 63n - 1n;

/** Throws `input_invalid`, without the value. */
export function encodeParameters(values: readonly unknown[]): SqliteValue[] {
  return values.map((value, at) => {
    const encoded = encode(value);
    if (encoded !== undefined) return encoded;
    throw new ConnectorError("input_invalid", `The value of parameter ${at + 1} is ${describe(value)}`, {
      outcome: "none",
      hint: value === undefined ? "Say null where there is no value." : undefined,
    });
  });
}

function encode(value: unknown): SqliteValue | undefined {
  switch (typeof value) {
    case "string":
      // A lone surrogate would be stored as another character; at NUL, functions and drivers cut the text.
      return /\p{Surrogate}|\0/u.test(value) ? undefined : value;
    case "number":
      if (Number.isSafeInteger(value)) return Object.is(value, -0) ? value : BigInt(value);
      // It would be stored as NULL.
      return Number.isNaN(value) ? undefined : value;
    case "bigint":
      return value >= LEAST && value <= MOST ? value : undefined;
    case "boolean":
      return value ? 1n : 0n;
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString();
      if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return encodeJson(value);
    default:
      return undefined;
  }
}

/** `undefined` for what JSON cannot hold: a circle, a big integer, and objects that it would silently make empty. */
function encodeJson(value: object): string | undefined {
  const isList = Array.isArray(value);
  if (isList && value.some((each) => ["undefined", "function", "symbol"].includes(typeof each))) return undefined;
  // A map, a set, an error, a promise that nobody awaited.
  const isData = isList || "toJSON" in value || Object.prototype.toString.call(value) === "[object Object]";
  try {
    return isData ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

function describe(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value instanceof Date) return "a date that is none";
  if (typeof value === "number") return "NaN, which SQLite cannot store";
  if (typeof value === "bigint") return "an integer of more than 64 bits";
  if (typeof value === "string")
    return value.includes("\0")
      ? "text with the character NUL, which SQLite does not keep in texts"
      : "text with half a character (a lone surrogate)";
  if (Array.isArray(value)) return "a list with something that cannot be sent";
  return typeof value === "object" ? "an object that is not JSON" : `a ${typeof value}`;
}
