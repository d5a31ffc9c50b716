/** One text for equal data, whatever the order of its keys: for cache keys and fingerprints. */
import { isPlainObject } from "./plain-object.ts";

/** Deeper than this nothing is data that somebody wrote. */
const DEEPEST = 200;

/**
 * Text that is the same for two values exactly when they are equal as data: keys are sorted, `undefined` fields left out,
 * dates, bytes and big integers told apart from text that looks like them. `undefined` where something in the value is not
 * data (a function, an instance of a class, a circle), because two such values cannot be told apart by what they hold.
 */
export function canonicalText(value: unknown): string | undefined {
  return textOf(value, 0);
}

function textOf(value: unknown, depth: number): string | undefined {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value);
    case "number":
      return Object.is(value, -0) ? "0" : String(value);
    case "boolean":
      return String(value);
    case "bigint":
      return `${value}n`;
    case "undefined":
      return "~";
    case "object":
      return value === null ? "null" : depth < DEEPEST ? textOfObject(value, depth + 1) : undefined;
    default:
      return undefined;
  }
}

function textOfObject(value: object, depth: number): string | undefined {
  if (Array.isArray(value)) return joined("[", value, "]", (item) => textOf(item, depth));
  if (value instanceof Date) return `@${value.getTime()}`;
  if (value instanceof Uint8Array)
    return `#${Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("base64")}`;
  if (!isPlainObject(value) || Object.getOwnPropertySymbols(value).length > 0) return undefined;
  const names = Object.keys(value).filter((name) => value[name] !== undefined);
  return joined("{", names.sort(), "}", (name) => {
    const text = textOf(value[name], depth);
    return text === undefined ? undefined : `${JSON.stringify(name)}:${text}`;
  });
}

function joined<T>(open: string, items: readonly T[], close: string, text: (item: T) => string | undefined) {
  const texts: string[] = [];
  // By index, because a hole in a list is skipped otherwise.
  for (let at = 0; at < items.length; at++) {
    const each = text(items[at]!);
    if (each === undefined) return undefined;
    texts.push(each);
  }
  return `${open}${texts.join(",")}${close}`;
}
