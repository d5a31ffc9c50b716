import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { classifySocketError, toConnectorError } from "./classify.ts";
import { ConnectorError, KINDS } from "./errors.ts";

const errno = (code: string, message = `connect ${code}`): Error => Object.assign(new Error(message), { code });
const nothing = (): undefined => undefined;

describe("an error of the network layer", () => {
  test.each([
    ["ECONNREFUSED", "unavailable", "none"],
    ["ENOTFOUND", "unavailable", "none"],
    ["EAI_AGAIN", "unavailable", "none"],
    ["EHOSTUNREACH", "unavailable", undefined],
    ["ENETUNREACH", "unavailable", undefined],
    ["CERT_HAS_EXPIRED", "unavailable", "none"],
    ["ECONNRESET", "connection_lost", undefined],
    ["EPIPE", "connection_lost", undefined],
    ["ECONNABORTED", "connection_lost", undefined],
    ["ETIMEDOUT", "timeout", undefined],
    ["DEPTH_ZERO_SELF_SIGNED_CERT", "config_invalid", "none"],
    ["SELF_SIGNED_CERT_IN_CHAIN", "config_invalid", "none"],
    ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", "config_invalid", "none"],
    ["UNABLE_TO_GET_ISSUER_CERT_LOCALLY", "config_invalid", "none"],
    ["ERR_TLS_CERT_ALTNAME_INVALID", "config_invalid", "none"],
  ])("%s is `%s` with outcome %s", (code, kind, outcome) => {
    const error = toConnectorError(errno(code), nothing);
    expect(error).toMatchObject({ kind, code, message: `connect ${code}` });
    expect(error.outcome).toBe(outcome);
    // What cannot have reached the system must not be told as if it might have.
    if (outcome === undefined) expect(KINDS[error.kind].outcome).toBe("unknown");
  });

  test("a Unix socket that is not there is the system's absence; any other file is none of it", () => {
    const connect = Object.assign(errno("ENOENT"), { syscall: "connect" });
    expect(toConnectorError(connect, nothing)).toMatchObject({ kind: "unavailable", outcome: "none" });
    const read = Object.assign(new Error("open ENOENT"), { code: "ENOENT", syscall: "open" });
    expect(toConnectorError(read, nothing).kind).toBe("internal");
  });
  test("says in plain words that the server refuses the client certificate", () => {
    for (const alert of [
      "TLSV1_ALERT_UNKNOWN_CA",
      "SSLV3_ALERT_CERTIFICATE_EXPIRED",
      "TLSV13_ALERT_CERTIFICATE_REQUIRED",
    ])
      expect(toConnectorError(errno(`ERR_SSL_${alert}`), nothing)).toMatchObject({
        kind: "unauthenticated",
        outcome: "none",
        message: "The server refuses the client certificate",
      });
  });

  test("had no effect where it happened while the connection was made", () => {
    for (const code of ["ETIMEDOUT", "ECONNRESET"]) {
      const error = Object.assign(errno(code), { syscall: "connect" });
      expect(classifySocketError(error)).toMatchObject({ code, outcome: "none" });
      expect(classifySocketError(Object.assign(errno(code), { syscall: "read" }))).not.toHaveProperty("outcome");
    }
  });

  test("is found in causes, in aggregates, and in causes of aggregates' members", () => {
    const nested = new Error("fetch failed", { cause: new Error("deeper", { cause: errno("ECONNRESET") }) });
    expect(classifySocketError(nested)).toMatchObject({ kind: "connection_lost", message: "connect ECONNRESET" });
    const happyEyeballs = new AggregateError([new Error("odd"), new Error("x", { cause: errno("ECONNREFUSED") })], "");
    expect(classifySocketError(happyEyeballs)).toMatchObject({ kind: "unavailable", code: "ECONNREFUSED" });
    const withCode = Object.assign(new AggregateError([errno("ECONNREFUSED")], ""), { code: "ECONNREFUSED" });
    expect(classifySocketError(withCode)).toMatchObject({ message: KINDS.unavailable.sentence });
  });

  test("is not looked for for ever: circles and deep chains end", () => {
    const circle = new Error("a");
    circle.cause = new Error("b", { cause: circle });
    expect(classifySocketError(circle)).toBeUndefined();
    const aggregate = new AggregateError([], "self");
    aggregate.errors.push(aggregate);
    expect(classifySocketError(aggregate)).toBeUndefined();
  });

  test.each([[undefined], [null], [7], ["ECONNREFUSED"], [{ code: "ECONNREFUSED" }], [errno("EOTHER")]])(
    "is not seen in %j",
    (thrown) => {
      expect(classifySocketError(thrown)).toBeUndefined();
    },
  );

  test("is recognized when it is real: a port where nobody listens", async () => {
    const socket = connect({ host: "127.0.0.1", port: 1 });
    const thrown = await new Promise((resolve) => socket.once("error", resolve));
    expect(toConnectorError(thrown, nothing)).toMatchObject({ kind: "unavailable", outcome: "none" });
  });
});

describe("anything thrown", () => {
  test("that is a ConnectorError stays itself, unasked", () => {
    const error = new ConnectorError("conflict", "x");
    const classify = (): never => {
      throw new Error("not asked");
    };
    expect(toConnectorError(error, classify)).toBe(error);
  });

  test("is asked of the connector's own table first, and keeps its cause", () => {
    const thrown = errno("ECONNRESET");
    const byKind = toConnectorError(thrown, () => "conflict");
    expect([byKind.kind, byKind.message, byKind.cause]).toEqual(["conflict", "connect ECONNRESET", thrown]);
    const byFacts = toConnectorError(thrown, () => ({
      kind: "rate_limited",
      message: "too many",
      retryAfterMs: 5,
      status: 429,
      hint: "Wait.",
    }));
    expect(byFacts).toMatchObject({ kind: "rate_limited", message: "too many", retryAfterMs: 5, status: 429 });
    expect(byFacts.cause).toBe(thrown);
  });

  test("that no table knows is internal, and counted", () => {
    const unknown: unknown[] = [];
    const thrown = new TypeError("x is not a function");
    const error = toConnectorError(thrown, nothing, (seen) => unknown.push(seen));
    expect(error).toMatchObject({ kind: "internal", message: "x is not a function", cause: thrown });
    expect(unknown).toEqual([thrown]);
    toConnectorError(errno("EPIPE"), nothing, (seen) => unknown.push(seen));
    expect(unknown).toHaveLength(1);
  });

  test.each([
    [undefined, KINDS.internal.sentence],
    [null, KINDS.internal.sentence],
    ["text", "text"],
    ["", KINDS.internal.sentence],
    [new Error(""), KINDS.internal.sentence],
    [Symbol("s"), KINDS.internal.sentence],
    [{ password: "x" }, KINDS.internal.sentence],
    [Object.create(null), KINDS.internal.sentence],
    [Object.assign(new Error(), { message: { odd: true } }), KINDS.internal.sentence],
  ])("makes a presentable error, also of %s", (thrown, message) => {
    expect(toConnectorError(thrown, nothing)).toMatchObject({ kind: "internal", message });
  });

  test("that the connector's table stumbles over is internal, with what was thrown as its cause", () => {
    const table = (error: unknown) => ((error as { code: string }).code.startsWith("23") ? "conflict" : undefined);
    expect(toConnectorError(null, table)).toMatchObject({ kind: "internal" });
    const thrown = new Error("no code");
    expect(toConnectorError(thrown, table)).toMatchObject({ kind: "internal", message: "no code", cause: thrown });
    expect(toConnectorError(Object.assign(new Error("x"), { code: 7 }), table)).toMatchObject({ kind: "internal" });
  });
});
