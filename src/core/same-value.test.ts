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

test("functions, dates, bytes and instances are the same only where they are identical", () => {
  const values = [() => 1, new Date(0), new Uint8Array(1), new Map(), /x/];
  for (const value of values) expect(sameValue({ value }, { value })).toBe(true);
  expect(
    sameValue(
      () => 1,
      () => 1,
    ),
  ).toBe(false);
  expect(sameValue(new Date(0), new Date(0))).toBe(false);
  expect(sameValue(new Uint8Array(1), new Uint8Array(1))).toBe(false);
});
