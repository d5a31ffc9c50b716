/**
 * What a request carries.
 *
 * Without `bodyType` the data decides: bytes are sent as they are, text as it is, `URLSearchParams` as a form, everything
 * else as JSON. `undefined` is no body; `null` is the JSON value.
 */
import { ConnectorError } from "../../core/errors.ts";

export const BODY_TYPES = ["json", "text", "form", "bytes"] as const;
export type BodyType = (typeof BODY_TYPES)[number];

export interface RequestBody {
  readonly content: string | Uint8Array;
  /** Sent as `content-type` unless the call or the configuration names another. */
  readonly contentType: string;
}

/** Throws `input_invalid` where the data cannot be written as what was asked for; its message never shows the data. */
export function requestBody(data: unknown, type: BodyType = typeOf(data)): RequestBody | undefined {
  if (data === undefined) return undefined;
  switch (type) {
    case "json":
      return { content: toJSON(data), contentType: "application/json" };
    case "text":
      if (typeof data !== "string") throw refusal("bodyType text takes text");
      return { content: data, contentType: "text/plain; charset=utf-8" };
    case "form":
      return { content: toForm(data), contentType: "application/x-www-form-urlencoded" };
    case "bytes":
      return { content: toBytes(data), contentType: "application/octet-stream" };
  }
}

function typeOf(data: unknown): BodyType {
  if (typeof data === "string") return "text";
  if (data instanceof URLSearchParams) return "form";
  return ArrayBuffer.isView(data) || data instanceof ArrayBuffer ? "bytes" : "json";
}

/** Objects of which JSON would silently make `{}`: a promise that nobody awaited, a `Map`, a `Blob`, a `FormData`. */
function isOpaque(data: unknown): boolean {
  if (typeof data !== "object" || data === null || Array.isArray(data) || "toJSON" in data) return false;
  return Object.prototype.toString.call(data) !== "[object Object]";
}

function toJSON(data: unknown): string {
  if (isOpaque(data)) throw refusal("data cannot be written as JSON: it is neither a map nor a list nor a value");
  let text: string | undefined;
  try {
    text = JSON.stringify(data);
  } catch {
    throw refusal("data cannot be written as JSON: it has a circle or a bigint", "Write bigints as text.");
  }
  if (text === undefined) throw refusal("data cannot be written as JSON");
  return text;
}

function toForm(data: unknown): string {
  if (data instanceof URLSearchParams) return data.toString();
  if (typeof data === "string") return data;
  if (typeof data !== "object" || data === null || Array.isArray(data) || isOpaque(data))
    throw refusal("bodyType form takes a map");
  const form = new URLSearchParams();
  for (const [name, value] of Object.entries(data))
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value as unknown]) {
      if (one === undefined || one === null) continue;
      if (typeof one !== "string" && typeof one !== "number" && typeof one !== "boolean" && typeof one !== "bigint")
        throw refusal("a form takes text, numbers, true, false, null and lists of these");
      form.append(name, String(one));
    }
  return form.toString();
}

function toBytes(data: unknown): Uint8Array {
  if (data instanceof ArrayBuffer) return new Uint8Array(data);
  if (ArrayBuffer.isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  throw refusal("bodyType bytes takes a Uint8Array");
}

function refusal(what: string, hint?: string): ConnectorError {
  return new ConnectorError("input_invalid", `Invalid input: ${what}`, { outcome: "none", hint });
}
