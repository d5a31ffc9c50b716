/**
 * A value that must never be seen.
 *
 * It prints as `[redacted]` through every way in which values leak by accident: string conversion, JSON, `util.inspect`.
 * Drivers echo what they were given in their messages, so a redactor also removes the value from text that comes back.
 */
import { ConnectorError } from "./errors.ts";

const PRINTED = "[redacted]";

/** A credential. Only `reveal()` gives the text; call it where the driver needs it and nowhere else. */
export class Secret {
  readonly #text: string;

  constructor(text: string) {
    this.#text = text;
  }

  reveal(): string {
    return this.#text;
  }

  toString(): string {
    return PRINTED;
  }

  toJSON(): string {
    return PRINTED;
  }

  [Symbol.toPrimitive](): string {
    return PRINTED;
  }

  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return PRINTED;
  }
}

/** Every `Secret` anywhere inside a value. */
export function secretsIn(value: unknown, found: Secret[] = [], seen = new Set<unknown>()): Secret[] {
  if (value instanceof Secret) found.push(value);
  else if (typeof value === "object" && value !== null && !seen.has(value)) {
    seen.add(value);
    for (const item of membersOf(value)) secretsIn(item, found, seen);
  }
  return found;
}

/** Texts shorter than this are not searched for: removing every "a" would destroy the message and name the secret. */
const SHORTEST = 4;

/** A function that removes the secrets, plain and as they stand in URLs, forms, JSON and Base64, from a text. */
export function redactor(secrets: readonly Secret[]): (text: string) => string {
  const needles = secrets
    .map((secret) => secret.reveal())
    .filter((text) => text.length >= SHORTEST)
    .flatMap(formsOf)
    .sort((a, b) => b.length - a.length);
  if (needles.length === 0) return unchanged;
  const all = [...new Set(needles)];
  return (text) => all.reduce((seen, needle) => seen.replaceAll(needle, PRINTED), text);
}

const unchanged = (text: string): string => text;

/** A connector's secrets, those included that it no longer uses or has got at run time: an old error may still hold them. */
export class Redaction {
  /** Least recently learned first. */
  readonly #texts = new Set<string>();
  /** Removes the secrets known so far from a text. */
  redact: (text: string) => string = unchanged;

  /** From now on these are removed too; of very many, the ones learned last. */
  learn(secrets: readonly Secret[]): void {
    for (const secret of secrets) {
      const text = secret.reveal();
      this.#texts.delete(text);
      this.#texts.add(text);
    }
    const [...all] = this.#texts;
    for (const text of all.slice(0, -MOST_SECRETS)) this.#texts.delete(text);
    this.redact = redactor([...this.#texts].map((text) => new Secret(text)));
  }
}

/** More than a configuration has, and few enough to look for in every message. */
const MOST_SECRETS = 200;

function formsOf(text: string): string[] {
  // Lone surrogates, which encoders refuse, become the replacement character.
  const valid = Buffer.from(text).toString();
  const url = new URL("http://host");
  url.password = text;
  const form = new URLSearchParams([["", text]]).toString().slice(1);
  return [text, JSON.stringify(text).slice(1, -1), encodeURIComponent(valid), url.password, form, ...base64Of(valid)];
}

/**
 * What is certain to stand in the Base64 of any text with `text` in it ("user:password" of Basic credentials): the part
 * that does not depend on the neighbours, at each of the three offsets that a byte can have.
 */
function base64Of(text: string): string[] {
  return [0, 1, 2].flatMap((offset) => {
    const encoded = Buffer.concat([Buffer.alloc(offset), Buffer.from(text)]);
    const [from, to] = [Math.ceil((offset * 8) / 6), Math.floor((encoded.length * 8) / 6)];
    const parts = [encoded.toString("base64").slice(from, to), encoded.toString("base64url").slice(from, to)];
    return parts.filter((part) => part.length >= SHORTEST);
  });
}

/** Errors and values inside an error are looked through to this depth, and to this many values. */
const DEEPEST = 5;
const MOST_VALUES = 2_000;

/**
 * Removes secrets from an error and its causes, in place: from its texts, and whole whatever else holds one. Values that
 * hang on the error are replaced, never changed: a driver may still need its options.
 */
export function redactError(error: Error, redact: (text: string) => string): void {
  if (redact !== unchanged) clean(error, redact, DEEPEST);
}

/** Our own words and the configuration's names; a password "timeout" must not make them unreadable for programs. */
const NAMES: readonly string[] = ["kind", "outcome", "by", "connector", "operation"];

/** Whether the error could be made clean; a frozen one cannot. */
function clean(error: Error, redact: (text: string) => string, depth: number): boolean {
  let isClean = true;
  for (const key of new Set(["message", "stack", "cause", "errors", ...Object.keys(error)])) {
    if (error instanceof ConnectorError && NAMES.includes(key)) continue;
    const value = read(error, key);
    const shown = typeof value === "string" ? redact(value) : holds(value, redact, depth) ? PRINTED : value;
    if (shown === value) continue;
    const enumerable = Object.prototype.propertyIsEnumerable.call(error, key);
    const isSet = Reflect.defineProperty(error, key, { value: shown, configurable: true, writable: true, enumerable });
    isClean &&= isSet;
  }
  return isClean;
}

/** A field whose getter throws has no value that could be told. */
function read(error: Error, key: string): unknown {
  try {
    return (error as unknown as Record<string, unknown>)[key];
  } catch {
    return undefined;
  }
}

/** Whether a secret stands anywhere in a value, or it cannot be told. Errors in it are made clean instead. */
function holds(value: unknown, redact: (text: string) => string, depth: number): boolean {
  try {
    return isFoundIn(value, redact, depth, { left: MOST_VALUES });
  } catch {
    // A proxy, a getter that throws.
    return true;
  }
}

function isFoundIn(value: unknown, redact: (text: string) => string, depth: number, budget: { left: number }): boolean {
  if (typeof value === "string") return redact(value) !== value;
  if (typeof value !== "object" || value === null || value instanceof Secret || ArrayBuffer.isView(value)) return false;
  if (depth === 0 || budget.left-- <= 0) return true;
  if (value instanceof Error) return !clean(value, redact, depth - 1);
  if (value instanceof URL) return redact(value.href) !== value.href;
  return membersOf(value).some((member) => isFoundIn(member, redact, depth - 1, budget));
}

function membersOf(value: object): unknown[] {
  if (value instanceof Map) return [...value.keys(), ...value.values()] as unknown[];
  return value instanceof Set ? ([...value] as unknown[]) : Object.values(value);
}
