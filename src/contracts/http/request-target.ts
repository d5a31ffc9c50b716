/**
 * Where a request goes: the base URL, the path of one call below it, and its query.
 *
 * The path never leaves the base URL. Another origin is refused, `..` is refused in every spelling that a server might
 * undo (`%2e%2e`, `..%2f`, `..\`), and so is what two parsers read differently: `//host`, backslashes, control characters.
 */
import type { Server } from "../../core/record.ts";
import { ConnectorError } from "../../core/errors.ts";
import { encodeQuery, type Query } from "./query.ts";

/** A base URL, taken apart once. */
export interface Place {
  /** `https://host:port`, as URLs print it. */
  readonly origin: string;
  /** The path of the base URL as given. */
  readonly path: string;
  /** The same without a slash at its end. */
  readonly prefix: string;
}

/** Needs no encoding and no second look. */
const PLAIN = /^[A-Za-z0-9\-._~!$&'()*+,;=:@/]*$/;
const ABSOLUTE = /^[a-z][a-z0-9+.-]*:\/\//i;

const CONTROL = /[\u0000-\u001f\u007f]/;

export function placeOf(baseURL: string): Place {
  const { origin, pathname } = new URL(baseURL);
  return { origin, path: pathname, prefix: pathname.replace(/\/+$/, "") };
}

/** Where the API is, for traces and metrics. */
export function serverOf(baseURL: string): Server {
  const { hostname, port, protocol } = new URL(baseURL);
  return { address: hostname, port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port) };
}

/** Path and query for the request line. Throws `input_invalid`; its message never shows the path. */
export function requestTarget(place: Place, path: string, query: Query | undefined): string {
  const target =
    PLAIN.test(path) && !path.includes("..") && !path.includes("//") ? joined(place, path) : checked(place, path);
  if (query === undefined) return target;
  let text: string;
  try {
    text = encodeQuery(query);
  } catch {
    throw refusal("query holds text that is not Unicode");
  }
  return text === "" ? target : `${target}${target.includes("?") ? "&" : "?"}${text}`;
}

/** The path as messages show it: without query, and not for ever. */
export function shownPath(path: string): string {
  const end = path.search(/[?#]/);
  const shown = (end < 0 ? path : path.slice(0, end)).replace(ABSOLUTE, "");
  return shown.length > 120 ? `${shown.slice(0, 120)}…` : shown === "" ? "/" : shown;
}

function joined({ path: whole, prefix }: Place, path: string): string {
  if (path === "") return whole;
  if (path.startsWith("?")) return `${whole}${path}`;
  return path.startsWith("/") ? `${prefix}${path}` : `${prefix}/${path}`;
}

function checked(place: Place, path: string): string {
  if (CONTROL.test(path)) throw refusal("path has control characters");
  if (path.includes("\\")) throw refusal("path has a backslash", "Write it as %5C.");
  if (path.includes("#")) throw refusal("path has a fragment", "Write # as %23.");
  if (path.startsWith("//")) throw refusal("path starts with two slashes");
  const isAbsolute = ABSOLUTE.test(path);
  const [beforeQuery = ""] = path.split("?", 1);
  if (climbs(isAbsolute ? beforeQuery.replace(ABSOLUTE, "") : beforeQuery)) throw refusal('path has ".." in it');
  // A space at an end would be dropped, and what is left could read differently.
  const encoded = path.replaceAll(" ", "%20");
  const url = parse(isAbsolute ? encoded : `${place.origin}${joined(place, encoded)}`);
  const isInside = url.pathname === place.path || `${url.pathname}/`.startsWith(`${place.prefix}/`);
  if (url.origin !== place.origin || !isInside || url.username !== "" || url.password !== "")
    throw refusal("path leads away from the base URL", "Give a path below baseURL, or configure another connector.");
  return `${url.pathname}${url.search}`;
}

function climbs(path: string): boolean {
  const plain = path.replace(/%2e/gi, ".").replace(/%2f|%5c/gi, "/");
  return plain.split("/").includes("..");
}

function parse(text: string): URL {
  try {
    return new URL(text);
  } catch {
    throw refusal("path is not the path of a URL");
  }
}

function refusal(what: string, hint?: string): ConnectorError {
  return new ConnectorError("input_invalid", `Invalid input: ${what}`, { outcome: "none", hint });
}
