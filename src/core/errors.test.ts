import { describe, expect, test } from "vitest";
import { ConnectorError, KINDS, type Kind } from "./errors.ts";

const kinds = Object.entries(KINDS) as [Kind, (typeof KINDS)[Kind]][];

describe("the table of kinds", () => {
  test("has the kinds that are promised, and no other", () => {
    const promised =
      "config_invalid input_invalid unsupported not_connected unauthenticated permission_denied not_found conflict contention too_large " +
      "rate_limited unavailable connection_lost timeout circuit_open cancelled internal";
    expect(Object.keys(KINDS)).toEqual(promised.split(" "));
  });

  test.each(kinds)("says of `%s` all that surfaces need", (_, { http, exit, sentence }) => {
    expect(http).toBeGreaterThanOrEqual(400);
    expect(http).toBeLessThan(600);
    expect(exit).toBeGreaterThan(0);
    expect(exit).toBeLessThan(256);
    expect(sentence).toMatch(/^[A-Z].*\.$/);
  });

  test.each(kinds)("does not contradict itself about `%s`", (_, { repeat, outcome }) => {
    // What is always repeated had no effect for certain; what depends on the effect may have had one.
    if (repeat === "always") expect(outcome).toBe("none");
    if (repeat === "if-repeatable") expect(outcome).toBe("unknown");
  });

  test("gives each kind its own exit code", () => {
    expect(new Set(kinds.map(([, { exit }]) => exit)).size).toBe(kinds.length);
  });
});

describe("an error", () => {
  test("is an Error with name, cause and stack", () => {
    const cause = new Error("socket");
    const error = new ConnectorError("timeout", "too slow", { cause });
    expect(error).toBeInstanceOf(Error);
    expect([error.name, error.cause, String(error)]).toEqual(["ConnectorError", cause, "ConnectorError: too slow"]);
    expect(error.stack).toContain("errors.test");
    expect(Object.hasOwn(new ConnectorError("timeout", "x"), "cause")).toBe(false);
  });

  test("says once where it happened: the innermost place stays", () => {
    const error = new ConnectorError("timeout", "too slow");
    error.locate("db", "query").locate("outer", "get");
    expect(error).toMatchObject({ message: "too slow [db.query]", connector: "db", operation: "query" });
  });

  test("of a connector without an operation is placed at the connector", () => {
    expect(new ConnectorError("timeout", "x").locate("db").locate("db", "query").message).toBe("x [db]");
  });

  test("is placed though its message ends with a bracket, or its connector is known already", () => {
    const known = new ConnectorError("config_invalid", "allowed: [a, b]", { connector: "db" });
    expect(known.locate("db", "query").message).toBe("allowed: [a, b] [db.query]");
    expect(new ConnectorError("timeout", "cannot reach [redacted]").locate("db").message).toBe(
      "cannot reach [redacted] [db]",
    );
  });

  test("shows surfaces neither its cause nor its stack", () => {
    const details = {
      connector: "db",
      operation: "query",
      hint: "Wait.",
      outcome: "unknown",
      retryAfterMs: 5,
      attempts: 2,
      status: 503,
      code: "57P03",
      by: "retry",
    } as const;
    const error = new ConnectorError("unavailable", "down", {
      ...details,
      exhausted: true,
      cause: new Error("secret"),
    });
    expect(JSON.parse(JSON.stringify(error))).toEqual({ kind: "unavailable", message: "down", ...details });
    expect(JSON.parse(JSON.stringify(new ConnectorError("internal", "x")))).toEqual({ kind: "internal", message: "x" });
  });
});
