/**
 * From values to what PostgreSQL is sent: text, or bytes as they are.
 *
 * A list is an array to an array and JSON to a `json` column, so for a list the server is asked for the parameter's type
 * first. A `Date` is sent as its instant in UTC, whatever the zone of this machine. Other objects are JSON.
 */
import { ConnectorError } from "../../../core/errors.ts";
import { isJson } from "./types.ts";

export type Parameter = string | Buffer | null;

/** Of an array; the server's own limit. */
const MOST_DIMENSIONS = 6;

/** Whether the parameters' types have to be known before they can be encoded. */
export function needsTypes(values: readonly unknown[]): boolean {
  return values.some(Array.isArray);
}

/** `types`: the OIDs of the parameters, where they are known. Throws `input_invalid`, without the value. */
export function encodeParameters(values: readonly unknown[], types: readonly number[] = []): Parameter[] {
  return values.map((value, at) => {
    const encoded = Array.isArray(value) && isJson(types[at]) ? encodeJson(value) : encode(value);
    if (encoded !== undefined) return encoded;
    throw new ConnectorError("input_invalid", `The value of parameter ${at + 1} is ${describe(value)}`, {
      outcome: "none",
      hint: value === undefined ? "Say null where there is no value." : undefined,
    });
  });
}

function encode(value: unknown): Parameter | undefined {
  switch (typeof value) {
    case "string":
      // A lone surrogate would be stored as another character.
      return /\p{Surrogate}/u.test(value) ? undefined : value;
    case "number":
    case "bigint":
    case "boolean":
      return String(value);
    case "object":
      if (value === null) return null;
      if (value instanceof Date) return encodeInstant(value);
      if (ArrayBuffer.isView(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
      return Array.isArray(value) ? encodeArray(value) : encodeJson(value);
    default:
      return undefined;
  }
}

/** `undefined` for what JSON cannot hold: a circle, a big integer, and objects that it would silently make empty. */
export function encodeJson(value: object): string | undefined {
  // A map, a set, an error, a promise that nobody awaited.
  const isData =
    Array.isArray(value) || "toJSON" in value || Object.prototype.toString.call(value) === "[object Object]";
  try {
    return isData ? JSON.stringify(value) : undefined;
  } catch {
    return undefined;
  }
}

function encodeInstant(date: Date): string | undefined {
  if (Number.isNaN(date.getTime())) return undefined;
  const [, year, rest] = /^([+-]?\d+)(.*)Z$/.exec(date.toISOString())!;
  const number = Number(year);
  // There is no year 0: the one before 1 is 1 BC.
  const [shown, era] = number > 0 ? [number, ""] : [1 - number, " BC"];
  return `${String(shown).padStart(4, "0")}${rest}+00${era}`;
}

/** An array literal, every item in quotes. */
function encodeArray(list: readonly unknown[], depth = 1): string | undefined {
  if (depth > MOST_DIMENSIONS) return undefined;
  const items: string[] = [];
  for (const item of list) {
    const encoded = Array.isArray(item) ? encodeArray(item, depth + 1) : encode(item);
    if (encoded === undefined) return undefined;
    if (encoded === null) items.push("NULL");
    else if (Array.isArray(item)) items.push(encoded as string);
    else {
      const text = typeof encoded === "string" ? encoded : `\\x${encoded.toString("hex")}`;
      items.push(`"${text.replace(/["\\]/g, "\\$&")}"`);
    }
  }
  return `{${items.join(",")}}`;
}

function describe(value: unknown): string {
  if (value === undefined) return "undefined";
  if (value instanceof Date) return "a date that is none";
  if (typeof value === "string") return "text with half a character (a lone surrogate)";
  if (Array.isArray(value)) return "a list with something that cannot be sent";
  return typeof value === "object" ? "an object that is not JSON" : `a ${typeof value}`;
}
