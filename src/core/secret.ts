/**
 * A value that must never be seen.
 *
 * It prints as `[redacted]` through every way in which values leak by accident: string conversion, JSON, `util.inspect`.
 * Drivers echo what they were given in their messages, so a redactor also removes the value from text that comes back.
 */
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
export function secretsIn(value: unknown, found: Secret[] = []): Secret[] {
  if (value instanceof Secret) found.push(value);
  else if (Array.isArray(value)) for (const item of value) secretsIn(item, found);
  else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype)
    for (const item of Object.values(value)) secretsIn(item, found);
  return found;
}

/** Texts shorter than this are not searched for: removing every "a" would destroy the message and name the secret. */
const SHORTEST = 4;

/** A function that removes the secrets, plain and in the encodings of URLs and Basic credentials, from a text. */
export function redactor(secrets: readonly Secret[]): (text: string) => string {
  const needles = secrets
    .map((secret) => secret.reveal())
    .filter((text) => text.length >= SHORTEST)
    .flatMap((text) => [text, encodeURIComponent(text), JSON.stringify(text).slice(1, -1)])
    .sort((a, b) => b.length - a.length);
  if (needles.length === 0) return (text) => text;
  return (text) => needles.reduce((seen, needle) => seen.replaceAll(needle, PRINTED), text);
}

/** Removes secrets from an error's message and stack and from its causes, in place. */
export function redactError(error: Error, redact: (text: string) => string, depth = 0): void {
  const clean = (text: string | undefined): string | undefined => (text === undefined ? undefined : redact(text));
  if (redact(error.message) !== error.message) error.message = redact(error.message);
  if (error.stack !== undefined && redact(error.stack) !== error.stack)
    Object.defineProperty(error, "stack", { value: clean(error.stack), configurable: true, writable: true });
  for (const [key, value] of Object.entries(error)) {
    if (typeof value !== "string" || redact(value) === value) continue;
    Object.defineProperty(error, key, { value: redact(value), configurable: true, writable: true, enumerable: true });
  }
  if (error.cause instanceof Error && depth < 5) redactError(error.cause, redact, depth + 1);
}
