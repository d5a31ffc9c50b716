/** Whether two values of a configuration say the same; secrets are looked into, functions are compared by identity. */
import { Secret } from "./secret.ts";

/**
 * Compares plain data, deeply; a key that is `undefined` is as one that is absent. Dates, addresses and bytes are compared by
 * what they say: a schema makes new ones each time. Anything else (functions, instances of classes) is the same only where
 * it is identical.
 *
 * @param sameSecret tells whether two secrets count as the same. Default: where they have the same text.
 */
export function sameValue(one: unknown, other: unknown, sameSecret = sameText): boolean {
  if (Object.is(one, other)) return true;
  if (one instanceof Secret || other instanceof Secret)
    return one instanceof Secret && other instanceof Secret && sameSecret(one, other);
  if (Array.isArray(one) && Array.isArray(other))
    return one.length === other.length && one.every((item, at) => sameValue(item, other[at], sameSecret));
  const said = textOf(one);
  if (said !== undefined) return said === textOf(other);
  if (!isRecord(one) || !isRecord(other)) return false;
  const keys = new Set([...Object.keys(one), ...Object.keys(other)]);
  return [...keys].every((key) => sameValue(one[key], other[key], sameSecret));
}

/** All that a value of a built-in class says, with its class. */
function textOf(value: unknown): string | undefined {
  if (value instanceof Date) return `date ${value.getTime()}`;
  if (value instanceof URL) return `url ${value.href}`;
  return value instanceof Uint8Array ? `bytes ${Buffer.from(value).toString("base64")}` : undefined;
}

const sameText = (one: Secret, other: Secret): boolean => one.reveal() === other.reveal();

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
