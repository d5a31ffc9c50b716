/**
 * From values to what the driver sends: whole numbers as such, instants as text in UTC, objects as JSON, bytes as they are.
 */
import { ConnectorError } from "../../../core/errors.ts";

/** The driver's way to send a 64-bit integer. */
export interface Integers {
  (value: bigint): unknown;
  readonly unsigned: (value: bigint) => unknown;
}

/** Throws `input_invalid`, without the value. */
export function encodeParameters(values: readonly unknown[], integer: Integers): unknown[] {
  return values.map((value, at) => {
    const encoded = encode(value, integer);
    if (encoded !== undefined) return encoded;
    throw new ConnectorError("input_invalid", `The value of parameter ${at + 1} is ${describe(value)}`, {
      outcome: "none",
      hint: value === undefined ? "Say null where there is no value." : undefined,
    });
  });
}

function encode(value: unknown, integer: Integers): unknown {
  switch (typeof value) {
    case "string":
      // NUL is refused as by other databases; a lone surrogate would be stored as another character.
      return /[\0\p{Surrogate}]/u.test(value) ? undefined : value;
    case "number":
      if (!Number.isFinite(value)) return undefined;
      return Number.isSafeInteger(value) ? integer(BigInt(value)) : value;
    case "bigint":
      if (BigInt.asIntN(64, value) === value) return integer(value);
      return BigInt.asUintN(64, value) === value ? integer.unsigned(value) : String(value);
    case "boolean":
      return value;
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return encodeInstant(value);
      if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return encodeJson(value);
    default:
      return undefined;
  }
}

/** `undefined` for what JSON cannot hold: a circle, a big integer, and what it would silently make empty. */
function encodeJson(value: object): string | undefined {
  const isData =
    Array.isArray(value) || "toJSON" in value || Object.prototype.toString.call(value) === "[object Object]";
  try {
    return isData && !hasGap(value) ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

/** JSON would make null of it. */
function hasGap(value: object): boolean {
  return (
    Array.isArray(value) && value.some((item) => item === undefined || (Array.isArray(item) && hasGap(item as object)))
  );
}

function encodeInstant(date: Date): string | undefined {
  const year = date.getUTCFullYear();
  return year >= 0 && year <= 9_999 ? date.toISOString().slice(0, -1).replace("T", " ") : undefined;
}

function describe(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value instanceof Date) return "a date that is none, or out of range";
  if (typeof value === "string") return "text with the character NUL or half a character (a lone surrogate)";
  if (typeof value === "number") return "a number that is not finite";
  if (Array.isArray(value)) return "a list with something that cannot be sent";
  return typeof value === "object" ? "an object that is not JSON" : `a ${typeof value}`;
}
