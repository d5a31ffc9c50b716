/**
 * What is written down of one call: its key, what was asked under it, and what was answered.
 *
 * The key is bound to what was asked, as the IETF's draft of the Idempotency-Key header and Stripe do it: the same key
 * for something else is a mistake that must not look like success. Of the input only a hash is kept.
 */
import { createHash } from "node:crypto";
import { canonicalText } from "../../core/canonical.ts";
import { ConnectorError } from "../../core/errors.ts";
import { parseJsonValue, toJsonValue } from "../../core/json-value.ts";
import { isPlainObject } from "../../core/plain-object.ts";

/** What one call writes down at its beginning. */
export interface LedgerEntry {
  readonly key: string;
  readonly operation: string;
  /** A hash of the input. */
  readonly fingerprint: string;
}

const LONGEST_KEY = 255;
const LARGEST_ANSWER = 2 ** 20;
/** Nothing that somebody wrote is deeper. */
const DEEPEST = 900;

/** Throws `input_invalid` for a key or an input that cannot be written down. */
export function entryOf(key: string, operation: string, input: unknown): LedgerEntry {
  if (key.length > LONGEST_KEY || /[\p{Cc}\p{Surrogate}]/u.test(key))
    throw invalid(
      `Invalid idempotencyKey: expected at most ${LONGEST_KEY} characters, none of them control characters`,
    );
  const text = canonicalText(input) ?? canonicalText(asData(input));
  if (text === undefined) throw invalid("The input holds something that cannot be told from other values");
  return { key, operation, fingerprint: createHash("sha256").update(text).digest("base64url") };
}

/** Instances of classes as the database is sent them. */
function asData(input: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(toJsonValue(input, { exact: true })));
  } catch {
    // Its message speaks of answers.
    return () => {};
  }
}

/** The answer as text. Throws, with nothing done, what could not be given back as it was. */
export function textOfAnswer(answer: unknown): string {
  if (!isData(answer, 0))
    throw new ConnectorError("unsupported", "The answer of a call with an idempotency key must be data", {
      outcome: "none",
      hint: "Return plain objects, lists, text, numbers, dates or bytes, and no functions or instances of classes.",
    });
  const text = JSON.stringify(toJsonValue(answer, { exact: true }));
  if (text.length <= LARGEST_ANSWER) return text;
  throw new ConnectorError("too_large", "The answer is too large to be kept with its idempotency key (1 MiB)", {
    outcome: "none",
    hint: "Ask for fewer rows or columns: see `returning`.",
  });
}

export function answerOfText(text: string): unknown {
  return parseJsonValue(text, "The ledger's answer");
}

function isData(value: unknown, depth: number): boolean {
  if (typeof value === "function" || typeof value === "symbol") return false;
  if (typeof value !== "object" || value === null || value instanceof Date || value instanceof Uint8Array) return true;
  if (depth === DEEPEST) return false;
  if (Array.isArray(value)) return value.every((item) => isData(item, depth + 1));
  return isPlainObject(value) && Object.values(value).every((each) => isData(each, depth + 1));
}

function invalid(message: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { outcome: "none" });
}
