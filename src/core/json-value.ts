/**
 * The one codec between busbar's values and JSON, for every surface that speaks JSON.
 *
 * | value                       | plain (what people and machines read) | exact (what is stored and read back) |
 * | --------------------------- | ------------------------------------- | ------------------------------------ |
 * | Date                        | `"2026-01-31T12:00:00.000Z"`          | `{ "$date": "2026-01-31T12:00:00.000Z" }` |
 * | bigint                      | `"9007199254740993"`                  | `{ "$bigint": "9007199254740993" }`  |
 * | Uint8Array, ArrayBuffer     | `{ "$bytes": "AQID" }` (base64)       | the same                             |
 * | NaN, Infinity, -Infinity, -0 | `{ "$number": "NaN" }`               | the same                             |
 * | a Date that is none         | `{ "$date": null }`                   | the same                             |
 * | undefined                   | left out; null in lists               | `{ "$undefined": true }`             |
 *
 * Everything else is itself. No digit, byte or instant is lost either way; plain leaves out only that an instant was a
 * `Date` and a number a `bigint`, because systems take both back as text and `jq` reads them as they are. Both spellings
 * are read by the same `fromJsonValue`. An object that happens to look like a tag gets one more `$`, which reading removes.
 */
import { ConnectorError } from "./errors.ts";

export type JsonValue =
  null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue | undefined };

export interface JsonValueOptions {
  /** Marks dates and bigints too, so that reading gives back exactly what was written. */
  readonly exact?: boolean;
}

const TAG = /^\$+(?:date|bigint|bytes|number|undefined)$/;
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const NUMBERS: Readonly<Record<string, number>> = { NaN, Infinity, "-Infinity": -Infinity, "-0": -0 };
/** Deeper values are refused: they contain themselves, or are meant to exhaust the stack. */
const DEEPEST = 1_000;

type Walk = (value: unknown, depth: number) => unknown;

/**
 * The value as JSON can carry it. As in `JSON.stringify`, `toJSON` is honoured (a `Secret` prints as `[redacted]`), and
 * what is not data (functions, symbols) is left out of objects and null in lists. Throws `unsupported` for a
 * value that contains itself and for Map and Set, which would come out empty.
 */
export function toJsonValue(value: unknown, { exact = false }: JsonValueOptions = {}): JsonValue {
  const encode: Walk = (found, depth) => {
    switch (typeof found) {
      case "string":
      case "boolean":
        return found;
      case "number":
        return Number.isFinite(found) && !Object.is(found, -0)
          ? found
          : { $number: Object.is(found, -0) ? "-0" : `${found}` };
      case "bigint":
        return exact ? { $bigint: `${found}` } : `${found}`;
      case "object":
        return found === null ? null : encodeObject(found, depth);
      case "undefined":
        return exact ? { $undefined: true } : undefined;
      default:
        return undefined;
    }
  };
  const encodeObject = (found: object, depth: number): unknown => {
    if (depth > DEEPEST) throw unwritable("it contains itself, or nests too deep");
    if (Array.isArray(found)) return eachItem(found, (item, at) => encode(item, at) ?? null, depth);
    if (found instanceof Date) {
      if (Number.isNaN(found.getTime())) return { $date: null };
      return exact ? { $date: found.toISOString() } : found.toISOString();
    }
    if (found instanceof Uint8Array)
      return { $bytes: Buffer.from(found.buffer, found.byteOffset, found.byteLength).toString("base64") };
    if (found instanceof ArrayBuffer) return { $bytes: Buffer.from(found).toString("base64") };
    if (ArrayBuffer.isView(found) && !(found instanceof DataView))
      return Array.from(found as unknown as Iterable<unknown>, (item) => encode(item, depth + 1));
    if (found instanceof Map || found instanceof Set)
      throw unwritable(`a ${found.constructor.name} has no form in JSON`);
    const own = (found as { toJSON?: unknown }).toJSON;
    if (typeof own === "function") return encode(own.call(found), depth + 1);
    return eachProperty(found, encode, depth, (key) => `$${key}`);
  };
  // The walk makes nothing but what `JsonValue` names.
  return (encode(value, 0) ?? null) as JsonValue;
}

/** The value that was written by `toJsonValue`. Throws `input_invalid`, of `what`, for a tag that holds something else. */
export function fromJsonValue(json: unknown, what = "The input"): unknown {
  const decode: Walk = (found, depth) => {
    if (typeof found !== "object" || found === null) return found;
    if (depth > DEEPEST) throw invalid(what, "nests too deep");
    if (Array.isArray(found)) return eachItem(found, decode, depth);
    const [key, ...others] = Object.keys(found);
    if (key !== undefined && others.length === 0 && TAG.test(key) && !key.startsWith("$$"))
      return untagged(key, (found as Record<string, unknown>)[key], what);
    return eachProperty(found, decode, depth, (tag) => tag.slice(1), true);
  };
  return decode(json, 0);
}

/** Reads JSON text. Throws `input_invalid`, of `what`, where it is none or a number has more digits than JSON keeps. */
export function parseJsonValue(text: string, what = "The input"): unknown {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    // The engine's message quotes the text, which may hold a credential; the place is enough.
    const at = /position (\d+)/.exec((error as Error).message)?.[1];
    throw invalid(what, at === undefined ? "is not JSON" : `is not JSON from character ${at} on`);
  }
  if (/[\d.]{16}/.test(text))
    for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|-?\d[\d.eE+-]*/g))
      if (!token.startsWith('"') && losesDigits(token))
        throw invalid(what, "holds a number with more digits than JSON numbers keep", "Write it as text.");
  return fromJsonValue(json, what);
}

/** Whether `Number` cannot tell this number from its neighbours. */
export function losesDigits(token: string): boolean {
  const value = Number(token);
  return !Number.isFinite(value) || significant(token) !== significant(String(value));
}

function significant(token: string): string {
  const [mantissa = ""] = token.toLowerCase().split("e");
  const digits = mantissa.replace(/^-/, "");
  const [whole = "", fraction = ""] = digits.split(".");
  return `${whole}${fraction}`.replace(/^0+/, "").replace(/0+$/, "");
}

function untagged(tag: string, payload: unknown, what: string): unknown {
  if (tag === "$date" && payload === null) return new Date(NaN);
  if (tag === "$undefined" && payload === true) return undefined;
  if (typeof payload === "string") {
    if (tag === "$bytes" && BASE64.test(payload)) return new Uint8Array(Buffer.from(payload, "base64"));
    if (tag === "$bigint" && /^-?\d+$/.test(payload)) return BigInt(payload);
    if (tag === "$number" && Object.hasOwn(NUMBERS, payload)) return NUMBERS[payload];
    if (tag === "$date" && !Number.isNaN(Date.parse(payload))) return new Date(payload);
  }
  throw invalid(what, `has a ${tag} that holds something else`);
}

/** The list itself where nothing in it changes. */
function eachItem(list: readonly unknown[], walk: Walk, depth: number): readonly unknown[] {
  let copy: unknown[] | undefined;
  for (let i = 0; i < list.length; i++) {
    const walked = walk(list[i], depth + 1);
    if (copy === undefined && Object.is(walked, list[i]) && i in list) continue;
    (copy ??= list.slice(0, i)).push(walked);
  }
  return copy ?? list;
}

/** The object itself where nothing in it changes and JSON would carry it as it is. */
function eachProperty(
  found: object,
  walk: Walk,
  depth: number,
  rename: (tag: string) => string,
  keepsUndefined = false,
): object {
  const entries = Object.entries(found);
  const isTag = entries.length === 1 && TAG.test(entries[0]![0]);
  let isSame = !isTag;
  for (const entry of entries) {
    const walked = walk(entry[1], depth + 1);
    if (!Object.is(walked, entry[1])) isSame = false;
    entry[1] = walked;
  }
  if (isSame) return found;
  if (isTag) entries[0]![0] = rename(entries[0]![0]);
  // `fromEntries` defines properties, so that a key `__proto__` stays a key.
  return Object.fromEntries(entries.filter(([, walked]) => keepsUndefined || walked !== undefined));
}

function unwritable(why: string): ConnectorError {
  return new ConnectorError("unsupported", `The answer cannot be written as JSON: ${why}`);
}

function invalid(what: string, why: string, hint?: string): ConnectorError {
  return new ConnectorError("input_invalid", `${what} ${why}`, { hint, outcome: "none" });
}
