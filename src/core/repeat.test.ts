import { describe, expect, test } from "vitest";
import { ConnectorError, KINDS, type Kind, type Outcome } from "./errors.ts";
import type { Effect } from "./operation.ts";
import { isRepeatable, mayRepeat } from "./repeat.ts";

const EFFECTS: readonly Effect[] = ["read", "idempotent", "keyed", "unsafe", "unknown"];
const HAD_NO_EFFECT: readonly Kind[] = ["contention", "rate_limited", "circuit_open"];
const MAY_HAVE_HAD_AN_EFFECT: readonly Kind[] = ["unavailable", "connection_lost", "timeout"];
const NO_USE: readonly Kind[] = [
  "config_invalid",
  "input_invalid",
  "unsupported",
  "not_connected",
  "unauthenticated",
  "permission_denied",
  "not_found",
  "conflict",
  "too_large",
  "cancelled",
  "internal",
];
const all = <T, U>(list: readonly T[], others: readonly U[]) => list.flatMap((a) => others.map((b) => [a, b] as const));
const repeats = (kind: Kind, effect: Effect, outcome?: Outcome, exhausted = false) =>
  mayRepeat(new ConnectorError(kind, "x", { outcome, exhausted }), effect);
/** What holds where nobody knows whether the call was carried out. */
const IN_DOUBT: Readonly<Record<Effect, "yes" | "no" | "read-only">> = {
  read: "yes",
  idempotent: "yes",
  keyed: "yes",
  unsafe: "no",
  unknown: "read-only",
};

test("every kind is in one of the three lists of this test", () => {
  expect([...HAD_NO_EFFECT, ...MAY_HAVE_HAD_AN_EFFECT, ...NO_USE].sort()).toEqual(Object.keys(KINDS).sort());
});

describe("a failed call may be sent again", () => {
  test.each(all(HAD_NO_EFFECT, EFFECTS))("after %s, whatever its effect: %s", (kind, effect) => {
    expect(repeats(kind, effect)).toBe("yes");
    expect(repeats(kind, effect, "none")).toBe("yes");
  });

  test.each(all(MAY_HAVE_HAD_AN_EFFECT, EFFECTS))("after %s only as its effect allows: %s", (kind, effect) => {
    expect(repeats(kind, effect)).toBe(IN_DOUBT[effect]);
    expect(repeats(kind, effect, "unknown")).toBe(IN_DOUBT[effect]);
  });

  test.each(all(MAY_HAVE_HAD_AN_EFFECT, EFFECTS))(
    "after %s that certainly had no effect, whatever: %s",
    (kind, effect) => {
      expect(repeats(kind, effect, "none")).toBe("yes");
    },
  );

  test.each(all(NO_USE, EFFECTS))("never after %s: %s", (kind, effect) => {
    for (const outcome of [undefined, "none", "unknown"] as const) expect(repeats(kind, effect, outcome)).toBe("no");
  });

  test.each(all(HAD_NO_EFFECT, EFFECTS))(
    "after %s whose outcome is said to be unknown only as its effect allows: %s",
    (kind, effect) => {
      expect(repeats(kind, effect, "unknown")).toBe(IN_DOUBT[effect]);
    },
  );

  test.each(all(Object.keys(KINDS) as Kind[], EFFECTS))(
    "never after an inner retry gave up: %s, %s",
    (kind, effect) => {
      expect(repeats(kind, effect, "none", true)).toBe("no");
    },
  );
});

test("what may be repeated is what reads, and what done twice is done once", () => {
  expect(EFFECTS.filter(isRepeatable)).toEqual(["read", "idempotent", "keyed"]);
});
