/**
 * Where a redirect leads, and with what (WHATWG Fetch, "HTTP-redirect fetch"; RFC 9110 section 15.4).
 *
 * Credentials stay on the origin that they were configured for, and do not come back after a detour: a host in between
 * must not choose what is asked with them. Unencrypted is never taken for encrypted, and an address of one's own
 * network is reached only from there.
 */
import { ConnectorError } from "../../core/errors.ts";
import { rangeOf } from "./address-range.ts";

export interface RedirectedFrom {
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
  readonly method: string;
}

export interface Redirect {
  readonly url: URL;
  readonly method: string;
  /** Whether the body goes along. */
  readonly keepsBody: boolean;
  /** Whether the origin is another one. */
  readonly isForeign: boolean;
}

const FOLLOWED = new Set([301, 302, 303, 307, 308]);

export function isRedirect(status: number): boolean {
  return FOLLOWED.has(status);
}

/** Whether the request may have been carried out by the server that redirects it; 307 and 308 say that it was not. */
export function mayHaveActed(status: number, method: string): boolean {
  return status !== 307 && status !== 308 && method !== "GET" && method !== "HEAD";
}

/** Throws `unsupported` where the redirect must not be followed; its message shows no more than the host. */
export function redirectOf(status: number, location: string, from: RedirectedFrom): Redirect {
  let url: URL;
  try {
    url = new URL(location, `${from.origin}${from.target}`);
  } catch {
    throw refusal("to something that is not a URL");
  }
  const before = new URL(from.origin);
  if (url.protocol !== "https:" && url.protocol !== "http:") throw refusal(`to a URL of scheme ${url.protocol}`);
  if (before.protocol === "https:" && url.protocol === "http:") throw refusal("from https to http");
  const range = rangeOf(url.hostname);
  if (range !== "public" && range !== rangeOf(before.hostname)) throw refusal(`to a ${range} address`);
  const becomesGet = (status === 303 && from.method !== "HEAD") || (status < 303 && from.method === "POST");
  return {
    url,
    method: becomesGet ? "GET" : from.method,
    keepsBody: !becomesGet,
    isForeign: url.origin !== from.origin,
  };
}

function refusal(what: string): ConnectorError {
  return new ConnectorError("unsupported", `A redirect ${what} is not followed`);
}

/** Headers that say nothing about who asks. */
const IMPERSONAL = new Set(["accept", "accept-encoding", "accept-language", "content-type", "user-agent"]);

/** Of a flat list of names and values, those that may go to another origin. */
export function impersonal(headers: readonly string[]): string[] {
  const kept: string[] = [];
  for (let at = 0; at < headers.length; at += 2)
    if (IMPERSONAL.has(headers[at]!.toLowerCase())) kept.push(headers[at]!, headers[at + 1]!);
  return kept;
}
