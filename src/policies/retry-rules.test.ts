import { describe, expect, test } from "vitest";
import { z } from "zod";
import { ConnectorError, KINDS, type ErrorDetails, type Kind } from "../core/errors.ts";
import { mayRepeat } from "../core/repeat.ts";
import { repeatBy, retryNeverSetting, retryOnSetting } from "./retry-rules.ts";

const EFFECTS = ["read", "idempotent", "keyed", "unsafe", "unknown"] as const;
const schema = z.strictObject({ on: retryOnSetting, never: retryNeverSetting });
const by = (rules: z.input<typeof schema>) => repeatBy(schema.parse(rules));
const failure = (kind: Kind, details?: ErrorDetails): ConnectorError => new ConnectorError(kind, "x", details);

function answered(data: unknown, status = 200): ConnectorError {
  return failure("conflict", { status, cause: Object.assign(new Error("x"), { data }) });
}

test("without rules the kinds decide", () => {
  for (const kind of Object.keys(KINDS) as Kind[])
    for (const effect of EFFECTS) expect(by({})(failure(kind), effect)).toBe(mayRepeat(failure(kind), effect));
});

test("a refusal of our own circuit breaker or rate limit ends the call, unless a rule says otherwise", () => {
  const open = failure("circuit_open", { by: "circuit breaker" });
  const limited = failure("rate_limited", { by: "rate limit" });
  expect([by({})(open, "read"), by({})(limited, "read")]).toEqual(["no", "no"]);
  expect(by({ on: [{ kind: "circuit_open" }] })(open, "unsafe")).toBe("yes");
  expect(by({})(failure("rate_limited"), "unsafe")).toBe("yes");
  expect(by({})(failure("unavailable", { by: "faults" }), "read")).toBe("yes");
});

describe("a rule in `on`", () => {
  test("makes a failure repeatable that otherwise is not", () => {
    expect(by({})(failure("conflict", { status: 409 }), "read")).toBe("no");
    expect(by({ on: [{ status: 409 }] })(failure("conflict", { status: 409 }), "read")).toBe("yes");
    expect(by({ on: [{ status: 409 }] })(failure("conflict", { status: 412 }), "read")).toBe("no");
    expect(by({ on: [{ kind: "internal" }] })(failure("internal"), "idempotent")).toBe("yes");
    expect(by({ on: [{ code: "40P01" }] })(failure("internal", { code: "40P01" }), "keyed")).toBe("yes");
  });

  test("trap 7: extends what is repeated anyway, and takes nothing away", () => {
    expect(by({ on: [{ status: 409 }] })(failure("unavailable"), "read")).toBe("yes");
    expect(by({ on: [{ kind: "contention" }] })(failure("contention"), "unsafe")).toBe("yes");
  });

  test("fits where all that it says fits; of several rules one is enough", () => {
    const repeat = by({ on: [{ status: 409, kind: "conflict" }, { code: "E1" }] });
    expect(repeat(failure("conflict", { status: 409 }), "read")).toBe("yes");
    expect(repeat(failure("internal", { status: 409 }), "read")).toBe("no");
    expect(repeat(failure("internal", { code: "E1" }), "read")).toBe("yes");
  });

  test("trap 1: never repeats an unsafe call whose outcome is unknown", () => {
    const repeat = by({ on: [{ kind: "internal" }, { kind: "connection_lost" }] });
    expect(repeat(failure("internal"), "unsafe")).toBe("no");
    expect(repeat(failure("connection_lost"), "unsafe")).toBe("no");
    expect(repeat(failure("connection_lost"), "unknown")).toBe("read-only");
    expect(repeat(failure("internal", { outcome: "none" }), "unsafe")).toBe("yes");
    expect(by({ on: [{ kind: "conflict" }] })(failure("conflict"), "unsafe")).toBe("yes");
    expect(by({ on: [{ kind: "conflict" }] })(failure("conflict", { outcome: "unknown" }), "unsafe")).toBe("no");
  });

  test("does not revive an error that was given up already", () => {
    expect(by({ on: [{ kind: "conflict" }] })(failure("conflict", { exhausted: true }), "read")).toBe("no");
  });
});

test("a rule in `never` wins over everything", () => {
  const repeat = by({
    on: [{ kind: "conflict" }, { kind: "unavailable" }],
    never: [{ status: 503 }, { kind: "conflict" }],
  });
  expect(repeat(failure("conflict"), "read")).toBe("no");
  expect(repeat(failure("unavailable", { status: 503 }), "read")).toBe("no");
  expect(repeat(failure("unavailable", { status: 502 }), "read")).toBe("yes");
});

describe("`bodyMatches`", () => {
  const repeat = by({ on: [{ bodyMatches: "try again" }, { bodyMatches: '"code":"(BUSY|LOCKED)"' }] });

  test("looks at the answer's text, and at JSON without its spaces", () => {
    expect(repeat(answered("Please TRY AGAIN later"), "read")).toBe("yes");
    expect(repeat(answered({ error: { code: "LOCKED" } }), "read")).toBe("yes");
    expect(repeat(answered({ error: { code: "GONE" } }), "read")).toBe("no");
  });

  test.each([undefined, null, new Uint8Array([1]), () => "try again", 7n])("finds nothing in %o", (data) => {
    expect(repeat(answered(data), "read")).toBe("no");
    expect(repeat(failure("conflict"), "read")).toBe("no");
  });

  test("looks at no more than 64 Ki characters", () => {
    expect(repeat(answered(`${"x".repeat(65_000)} try again`), "read")).toBe("yes");
    expect(repeat(answered(`${"x".repeat(65_536)} try again`), "read")).toBe("no");
  });
});

test.each([
  [{}, "fits every failure"],
  [{ kind: "weird" }, "Invalid option"],
  [{ status: 99 }, "Too small"],
  [{ bodyMatches: "(" }, "expected a regular expression"],
  [{ bodyMatches: "" }, "Too small"],
  [{ statuss: 409 }, "Unrecognized key"],
])("%j is refused", (rule, message) => {
  expect(schema.safeParse({ on: [rule] }).error?.message).toContain(message);
});
