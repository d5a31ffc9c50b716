/** A setting as it may be shown: never with a credential in it. */
import { Secret } from "../../core/secret.ts";
import { toJsonValue, type JsonValue } from "../../core/json-value.ts";

/** `//user:password@` of a URL; the schema may not know that a text is one. */
const USER_INFO = /(\/\/[^\s/:@]*:)[^\s/@]+@/g;

const shown = (text: string): string => text.replace(USER_INFO, `$1${String(new Secret(""))}@`);

/** The value as JSON; secrets, and passwords inside URLs, are redacted. */
export function settingValue(value: unknown): JsonValue {
  const json = toJsonValue(value);
  return typeof json === "object" ? (JSON.parse(shown(JSON.stringify(json))) as JsonValue) : masked(json);
}

function masked(value: JsonValue): JsonValue {
  return typeof value === "string" ? shown(value) : value;
}

/** The same in a line: text as it is, everything else as JSON. */
export function settingText(value: unknown): string {
  const json = settingValue(value);
  return typeof json === "string" ? json : JSON.stringify(json);
}
