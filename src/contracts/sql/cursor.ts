/**
 * Where a page of `select` ended: the order's values of its last row, as exact text, bound to what was asked.
 *
 * It goes through the caller's hands, so nothing in it is trusted: it names no column, and its values are parameters.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { canonicalText } from "../../core/canonical.ts";
import { ConnectorError } from "../../core/errors.ts";
import { toJsonValue } from "../../core/json-value.ts";
import type { Place } from "./beyond.ts";

const VERSION = 2;
const shape = z.tuple([z.literal(VERSION), z.string(), z.array(z.string().nullable()), z.int().min(0)]);

export function cursorOf(question: unknown, { values, same }: Place): string {
  return Buffer.from(JSON.stringify([VERSION, fingerprint(question), values, same])).toString("base64url");
}

/** The place; throws `input_invalid` where the cursor is none, or of another question. */
export function placeOfCursor(cursor: string, question: unknown, length: number): Place {
  const parsed = shape.safeParse(parse(cursor));
  if (!parsed.success) throw invalid("`after` is no cursor of this version");
  const [, print, values, same] = parsed.data;
  if (print !== fingerprint(question) || values.length !== length || same >= length)
    throw invalid("`after` belongs to another `table`, `where` or `orderBy`");
  return { values, same };
}

function parse(cursor: string): unknown {
  const bytes = Buffer.from(cursor, "base64url");
  // Characters that decode to nothing are dropped silently.
  if (bytes.toString("base64url") !== cursor) return undefined;
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}

function fingerprint(question: unknown): string {
  // What cannot be told from other values as it is, can as it is sent.
  const text = canonicalText(question) ?? JSON.stringify(toJsonValue(question, { exact: true }));
  return createHash("sha256").update(text).digest("base64url").slice(0, 16);
}

function invalid(message: string): ConnectorError {
  const hint = "Take the `next` of the page before, and ask for the same; or begin again without `after`.";
  return new ConnectorError("input_invalid", message, { hint, outcome: "none" });
}
