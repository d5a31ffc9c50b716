import fc from "fast-check";
import { expect, test } from "vitest";
import { sameValue } from "./same-value.ts";
import { Secret } from "./secret.ts";

test("a copy of plain data is the same, and a change anywhere makes it another", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.string(), (value, other) => {
      expect(sameValue(value, structuredClone(value))).toBe(true);
      expect(sameValue({ value }, { value: [value] })).toBe(false);
      expect(sameValue([value, other], [value, `${other}!`])).toBe(false);
      expect(sameValue({ a: value }, { a: value, b: other })).toBe(false);
    }),
  );
});

test("secrets are compared by what they hold, unless told otherwise", () => {
  const one = { password: new Secret("a") };
  expect(sameValue(one, { password: new Secret("a") })).toBe(true);
  expect(sameValue(one, { password: new Secret("b") })).toBe(false);
  expect(sameValue(one, { password: new Secret("b") }, () => true)).toBe(true);
  expect(sameValue(one, { password: "a" }, () => true)).toBe(false);
});

test("a name without a value is as none; lists are no maps; NaN is itself", () => {
  expect(sameValue({ a: undefined }, {})).toBe(true);
  expect(sameValue([], {})).toBe(false);
  expect(sameValue([1], { 0: 1 })).toBe(false);
  expect(sameValue(NaN, NaN)).toBe(true);
  expect(sameValue(null, {})).toBe(false);
});

test("dates, addresses and bytes are compared by what they say", () => {
  const pairs = [
    [new Date(0), new Date(0), new Date(1)],
    [new Uint8Array([1, 2]), Buffer.from([1, 2]), new Uint8Array([1, 3])],
    [new URL("http://a/?b"), new URL("http://a/?b"), new URL("http://a/?c")],
  ];
  for (const [value, same, other] of pairs) {
    expect([sameValue({ value }, { value: same }), sameValue({ value }, { value: other })]).toEqual([true, false]);
    expect([sameValue(value, String(value)), sameValue({}, value), sameValue(value, {})]).toEqual([
      false,
      false,
      false,
    ]);
  }
});

test("functions and instances are the same only where they are identical", () => {
  const values = [() => 1, new Date(0), new Uint8Array(1), new Map(), /x/];
  for (const value of values) expect(sameValue({ value }, { value })).toBe(true);
  expect(
    sameValue(
      () => 1,
      () => 1,
    ),
  ).toBe(false);
  expect(sameValue(new Map(), new Map())).toBe(false);
  expect(sameValue(/x/, /x/)).toBe(false);
});
