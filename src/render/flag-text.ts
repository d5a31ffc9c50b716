/**
 * What text on a command line means, by the schema of the input that it is for.
 *
 * Text where only text is allowed; otherwise a number, `true`, `false`, JSON for lists and objects, an ISO instant for
 * dates. Where anything is allowed, text that is a JSON value is that value and other text is itself; what starts like
 * JSON (`{`, `[`, `"`) must be JSON, because text that was meant as JSON and has a typo must not reach a system as text.
 */
import { ConnectorError } from "../core/errors.ts";
import { losesDigits, parseJsonValue } from "../core/json-value.ts";
import type { JsonSchema } from "./input-schema.ts";

export type Kind = "string" | "number" | "boolean" | "null" | "array" | "object" | "date" | "bigint";

const ANYTHING: readonly Kind[] = ["string", "number", "boolean", "null", "array", "object"];

const WORDS: Readonly<Record<Kind, string>> = {
  string: "text",
  number: "a number",
  boolean: "true or false",
  null: "null",
  array: "a JSON list",
  object: "a JSON object",
  date: "a date (ISO 8601)",
  bigint: "a whole number",
};

/** The input that the text of `flag` means. Throws `input_invalid`, without the text, where it cannot mean any. */
export function valueOfText(flag: string, text: string, schema: JsonSchema, root: JsonSchema): unknown {
  const kinds = kindsOf(schema, root);
  const takesText = kinds.has("string");
  if (takesText && kinds.size === 1) return text;
  const start = text.trimStart()[0];
  const isAnything = ANYTHING.every((kind) => kinds.has(kind));
  if ((start === "[" && kinds.has("array")) || (start === "{" && kinds.has("object")) || (start === '"' && isAnything))
    return json(flag, text, takesText);
  if (kinds.has("date") && !Number.isNaN(Date.parse(text))) return new Date(text);
  if (kinds.has("bigint") && /^-?\d+$/.test(text)) return BigInt(text);
  if (kinds.has("number") && /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text)) {
    if (!losesDigits(text)) return Number(text);
    if (!takesText) throw refusal(flag, "has more digits than a number keeps");
  }
  if (kinds.has("boolean") && (text === "true" || text === "false")) return text === "true";
  if (kinds.has("null") && text === "null" && (isAnything || !takesText)) return null;
  if (takesText) return text;
  const items = itemsOf(schema, root);
  if (items !== undefined && !kindsOf(items, root).has("object")) return [valueOfText(flag, text, items, root)];
  throw refusal(flag, `takes ${[...kinds].map((kind) => WORDS[kind]).join(" or ")}`);
}

/** Everything that a value of this schema may be. */
export function kindsOf(schema: JsonSchema, root: JsonSchema): ReadonlySet<Kind> {
  const kinds = new Set<Kind>();
  for (const found of alternatives(schema, root)) {
    const values = "const" in found ? [found["const"]] : (found["enum"] as readonly unknown[] | undefined);
    const types = found.type ?? values?.map((value) => (value === null ? "null" : typeof value)) ?? ANYTHING;
    for (const type of [types].flat()) kinds.add(type === "integer" ? "number" : (type as Kind));
  }
  return kinds;
}

/** The schema of a list's items, where the value may be a list. */
export function itemsOf(schema: JsonSchema, root: JsonSchema): JsonSchema | undefined {
  const list = alternatives(schema, root).find(({ type }) => type === "array");
  return list === undefined ? undefined : ((list["items"] as JsonSchema | undefined) ?? {});
}

/** The schemas of which one must fit, without choices and references in between. */
export function alternatives(schema: JsonSchema, root: JsonSchema, depth = 0): readonly JsonSchema[] {
  const found = resolved(schema, root);
  const branches = found.anyOf ?? found.oneOf;
  // A schema that refers to itself is followed only so far.
  if (branches === undefined || depth > 20) return [found];
  return branches.flatMap((branch) => alternatives(branch, root, depth + 1));
}

function resolved(schema: JsonSchema, root: JsonSchema): JsonSchema {
  const reference = schema["$ref"];
  if (typeof reference !== "string") return schema;
  const named = root["$defs"] as Readonly<Record<string, JsonSchema>> | undefined;
  return reference === "#" ? root : (named?.[reference.replace("#/$defs/", "")] ?? {});
}

function json(flag: string, text: string, takesText: boolean): unknown {
  try {
    return parseJsonValue(text, flag);
  } catch (error) {
    if (!(error instanceof ConnectorError) || !takesText) throw error;
    const hint = "What starts like JSON must be JSON; write text as a JSON string.";
    throw new ConnectorError(error.kind, error.message, { hint, outcome: "none" });
  }
}

export function refusal(flag: string, why: string): ConnectorError {
  return new ConnectorError("input_invalid", `${flag} ${why}`, { outcome: "none" });
}
