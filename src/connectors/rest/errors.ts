/** From undici's errors and HTTP statuses to kinds. */
import { classifyStatus, HTTPStatusError } from "../../contracts/http/status-error.ts";
import type { Classification } from "../../core/classify.ts";

const SPEAKS_TLS = "Does the server speak TLS on this port, and a version that is not too old?";

/** By `code`. Whether the request had been written when it failed, no code tells: the call's stage does. */
const CODES: Readonly<Record<string, Exclude<Classification, string>>> = {
  UND_ERR_CONNECT_TIMEOUT: {
    kind: "timeout",
    hint: "Is a firewall in between, or is the system overloaded? See `connectionTimeout`.",
  },
  UND_ERR_SOCKET: { kind: "connection_lost" },
  UND_ERR_INFO: { kind: "connection_lost" },
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: { kind: "connection_lost", message: "The connection broke within the answer" },
  UND_ERR_CLOSED: { kind: "connection_lost" },
  UND_ERR_DESTROYED: { kind: "connection_lost" },
  UND_ERR_HEADERS_OVERFLOW: { kind: "too_large", message: "The headers of the answer are larger than allowed" },
  UND_ERR_INVALID_ARG: { kind: "input_invalid" },
  UND_ERR_NOT_SUPPORTED: { kind: "unsupported" },
  EPROTO: { kind: "unavailable", hint: SPEAKS_TLS, message: "The TLS handshake failed" },
};

export function classify(error: unknown): Classification | undefined {
  if (error instanceof HTTPStatusError) return classifyStatus(error);
  if (!(error instanceof Error)) return undefined;
  // The parser's error carries the bytes that it could not read: it goes no further.
  if (error.name === "HTTPParserError")
    return { kind: "unavailable", message: "The answer is not HTTP", cause: undefined };
  const { code } = error as NodeJS.ErrnoException;
  // A status below 100 trips an assertion of the driver.
  if (code === "ERR_ASSERTION") return { kind: "unavailable", message: "The answer is not HTTP" };
  if (typeof code !== "string") return undefined;
  if (code.startsWith("ERR_SSL_")) return { ...CODES["EPROTO"]!, code };
  const facts = Object.hasOwn(CODES, code) ? CODES[code] : undefined;
  return facts === undefined ? undefined : { ...facts, code };
}
