import { ConnectorError } from "busbar";
import { describe, expect, test } from "vitest";
import { Fates } from "./fates.ts";

/** What was broken of all that is expected. */
function broken(fates: Fates, effects: Readonly<Record<string, number>>): string[] {
  return fates
    .against(new Map(Object.entries(effects)))
    .filter(({ isMet }) => !isMet)
    .map(({ what, found }) => `${what}; found ${found}`);
}

/** One write of each fate: a, b and c. */
function oneOfEach(): Fates {
  const fates = new Fates();
  fates.acknowledge("a");
  fates.fail("b", new ConnectorError("unavailable", "down", { outcome: "none" }));
  fates.fail("c", new ConnectorError("connection_lost", "lost", { outcome: "unknown" }));
  return fates;
}

describe("what callers were told holds", () => {
  test.each([{ a: 1 }, { a: 1, c: 1 }])("where the system has %j", (effects) => {
    expect(broken(oneOfEach(), effects)).toEqual([]);
  });
});

describe("what callers were told is broken", () => {
  test.each([
    [{}, "every acknowledged write is there; found 1: a"],
    [{ a: 2 }, "no write is carried out twice; found 1: a"],
    [{ a: 1, c: 2 }, "no write is carried out twice; found 1: c"],
    [{ a: 1, c: -1 }, "no write is carried out by half; found 1: c"],
    [{ a: 1, b: 1 }, "no write that is said to have had no effect is there; found 1: b"],
    [{ a: 1, d: 1 }, "nothing is there that nobody wrote; found 1: d"],
  ])("where the system has %j", (effects, what) => {
    expect(broken(oneOfEach(), effects)).toEqual([what]);
  });

  test("by an error that does not say what became of the write", () => {
    const fates = new Fates();
    expect(fates.fail("a", new TypeError("oops"))).toBe(false);
    expect(broken(fates, {})).toEqual([
      "every failure says what became of its write; found 1: a failed with TypeError: oops",
    ]);
  });
});

test("a write that is acknowledged at a later call is acknowledged", () => {
  const fates = new Fates();
  expect(fates.fail("a", new ConnectorError("timeout", "late", { outcome: "unknown" }))).toBe(true);
  fates.acknowledge("a");
  expect([fates.of("acknowledged"), fates.of("unknown"), fates.settled]).toEqual([["a"], [], 1]);
  expect(fates.failures()).toBe("1 timeout");
});

test("calling again is of no use where the call itself is wrong", () => {
  const refused = new ConnectorError("unsupported", "no keys here", { outcome: "none" });
  expect(new Fates().fail("a", refused)).toBe(false);
});
