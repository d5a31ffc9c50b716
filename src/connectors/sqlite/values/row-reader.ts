/**
 * From what SQLite stores to the values that every SQL connector answers with.
 *
 * In SQLite values have types, columns hardly; what a column means is told by the type that it was declared with, and
 * that decides here. A value that does not fit the declared type comes out as it is stored. Expressions have no declared
 * type.
 */
import type { Row } from "../../../contracts/sql/operations.ts";
import { parseExactJson } from "../../../contracts/sql/exact-json.ts";
import type { Column } from "../../../core/record.ts";
import type { DeclaredColumn, SqliteValue } from "../driver/port.ts";

type Read = (value: SqliteValue) => unknown;

const LEAST = BigInt(Number.MIN_SAFE_INTEGER);
const MOST = BigInt(Number.MAX_SAFE_INTEGER);

/** Integers as numbers where JavaScript holds them exactly, else as text; bytes without Node's own class. */
const plain: Read = (value) => {
  if (typeof value === "bigint") return value >= LEAST && value <= MOST ? Number(value) : String(value);
  return value instanceof Uint8Array ? new Uint8Array(value) : value;
};
const bigInteger: Read = (value) => (typeof value === "bigint" ? String(value) : plain(value));
const boolean: Read = (value) => (value === 0n ? false : value === 1n ? true : plain(value));
const json: Read = (value) => (typeof value === "string" ? parsed(value) : plain(value));
const instant: Read = (value) => (typeof value === "string" ? instantOf(value) : plain(value));

/** Declared types that say more than the value itself, without what stands in parentheses. */
const READERS: ReadonlyMap<string, Read> = new Map([
  ["BIGINT", bigInteger],
  ["INT8", bigInteger],
  ["INT64", bigInteger],
  ["BIG INT", bigInteger],
  ["UNSIGNED BIG INT", bigInteger],
  ["BOOLEAN", boolean],
  ["BOOL", boolean],
  ["JSON", json],
  ["TIMESTAMPTZ", instant],
  ["TIMESTAMP WITH TIME ZONE", instant],
]);

const ISO_INSTANT = /^([+-]\d{6}|\d{4})-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/;

/** So that a column may be called `__proto__`. */
const OWN = { value: null, writable: true, enumerable: true, configurable: true };

/** Makes rows of one shape. */
export class RowReader {
  readonly columns: readonly Column[];
  readonly #names: readonly string[];
  readonly #readers: readonly Read[];
  readonly #hasProto: boolean;

  /** `jsonColumns`: names of expressions that are JSON. */
  constructor(declared: readonly DeclaredColumn[], jsonColumns: readonly string[] = []) {
    this.#names = declared.map(({ name }) => name);
    this.#readers = declared.map(({ name, type }) => (jsonColumns.includes(name) ? json : readerOf(type)));
    this.#hasProto = this.#names.includes("__proto__");
    this.columns = declared.map(({ name, type }) => ({ name, type: type?.toLowerCase() || "any" }));
  }

  read(values: readonly SqliteValue[]): Row {
    const row: Row = {};
    const names = this.#names;
    if (this.#hasProto) for (const name of names) Object.defineProperty(row, name, OWN);
    for (let at = 0; at < names.length; at++) {
      const value = values[at]!;
      row[names[at]!] = value === null ? null : this.#readers[at]!(value);
    }
    return row;
  }
}

function readerOf(type: string | null): Read {
  return READERS.get((type ?? "").replace(/\s*\(.*$/, "").toUpperCase()) ?? plain;
}

function instantOf(text: string): Date | string {
  if (!ISO_INSTANT.test(text)) return text;
  const date = new Date(text);
  return Number.isNaN(date.getTime()) ? text : date;
}

function parsed(text: string): unknown {
  try {
    return parseExactJson(text);
  } catch {
    return text;
  }
}
