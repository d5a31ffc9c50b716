import { expect, test } from "vitest";
import { toConnectorError } from "../../core/classify.ts";
import { classify } from "./errors.ts";

/** As undici 7.30 and Node 20 throw them. */
const recorded: readonly [code: string, message: string, kind: string][] = [
  ["UND_ERR_CONNECT_TIMEOUT", "Connect Timeout Error (attempted address: 10.0.0.1:80, timeout: 80ms)", "timeout"],
  ["UND_ERR_SOCKET", "other side closed", "connection_lost"],
  ["UND_ERR_INFO", "reset", "connection_lost"],
  ["UND_ERR_DESTROYED", "The client is destroyed", "connection_lost"],
  [
    "UND_ERR_RES_CONTENT_LENGTH_MISMATCH",
    "Response body length does not match content-length header",
    "connection_lost",
  ],
  ["UND_ERR_HEADERS_OVERFLOW", "Headers Overflow Error", "too_large"],
  ["UND_ERR_INVALID_ARG", "invalid request path", "input_invalid"],
  [
    "ERR_SSL_WRONG_VERSION_NUMBER",
    "write EPROTO 80E…:error:0A00010B:SSL routines::wrong version number",
    "unavailable",
  ],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", "tlsv13 alert certificate required", "unavailable"],
  ["EPROTO", "write EPROTO", "unavailable"],
  ["ECONNRESET", "read ECONNRESET", "connection_lost"],
  ["ECONNREFUSED", "connect ECONNREFUSED 127.0.0.1:1", "unavailable"],
  ["ENOTFOUND", "getaddrinfo ENOTFOUND api.invalid", "unavailable"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "self-signed certificate", "config_invalid"],
  ["CERT_HAS_EXPIRED", "certificate has expired", "unavailable"],
];

test.each(recorded)("%s (%s) means %s", (code, message, kind) => {
  const error = Object.assign(new Error(message), { code });
  expect(toConnectorError(error, classify)).toMatchObject({ kind, code, cause: error });
});

test("no code of undici or OpenSSL says that a request had no effect: the same code befalls old connections", () => {
  for (const [code] of recorded.filter(([name]) => /^(UND_ERR|ERR_SSL|EPROTO)/.test(name)))
    expect(classify(Object.assign(new Error(""), { code }))).not.toHaveProperty("outcome");
});

test("what is not known is left to others, and counted there", () => {
  for (const unknown of [new Error("x"), Object.assign(new Error("x"), { code: "toString" }), "text", null, undefined])
    expect(classify(unknown)).toBeUndefined();
});
