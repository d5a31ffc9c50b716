/** Copies of data, so that who gets one cannot spoil another's. */
import { isPlainObject } from "./plain-object.ts";

/** Deeper than this nothing is data that somebody wrote. */
const DEEPEST = 200;

const NOT_DATA = Symbol("not data");

/**
 * A deep copy; `undefined` where something in the value is not data (a function, an instance of a class, a circle) and
 * could not be told apart or rebuilt. Dates, bytes and big integers are data; bytes keep their class.
 */
export function copyData<T>(value: T): { readonly value: T } | undefined {
  const copy = copyOf(value, 0);
  // A copy of data has the type of the data.
  return copy === NOT_DATA ? undefined : { value: copy as T };
}

function copyOf(value: unknown, depth: number): unknown {
  if (typeof value === "function" || typeof value === "symbol") return NOT_DATA;
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Date) return new Date(value.getTime());
  // Not `value.slice()`, which for a Buffer is a view of the same memory.
  if (value instanceof Uint8Array) return Uint8Array.prototype.slice.call(value);
  if (depth === DEEPEST) return NOT_DATA;
  if (Array.isArray(value)) {
    const copies: unknown[] = [];
    for (const item of value as readonly unknown[]) {
      const copy = copyOf(item, depth + 1);
      if (copy === NOT_DATA) return NOT_DATA;
      copies.push(copy);
    }
    return copies;
  }
  if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) return NOT_DATA;
  const copies = Object.create(Object.getPrototypeOf(value) as object | null) as Record<string, unknown>;
  for (const name of Object.keys(value)) {
    const copy = copyOf(value[name], depth + 1);
    if (copy === NOT_DATA) return NOT_DATA;
    // An assignment to this name would set the prototype.
    if (name === "__proto__")
      Object.defineProperty(copies, name, { value: copy, writable: true, enumerable: true, configurable: true });
    else copies[name] = copy;
  }
  return copies;
}
