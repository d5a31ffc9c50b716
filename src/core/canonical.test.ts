import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalText } from "./canonical.ts";
import { Secret } from "./secret.ts";

test("the order of keys and fields that are not set make no difference", () => {
  expect(canonicalText({ b: [1, { d: 2, c: 3 }], a: undefined })).toBe(canonicalText({ b: [1, { c: 3, d: 2 }] }));
  expect(canonicalText({ b: 1, a: 2 })).toBe('{"a":2,"b":1}');
});

test("values that only look alike are told apart", () => {
  const distinct = [
    null,
    undefined,
    0,
    "0",
    0n,
    "0n",
    false,
    "false",
    "null",
    "~",
    NaN,
    "NaN",
    Infinity,
    "",
    [],
    {},
    [[]],
    [undefined],
    [null],
    ["a,b"],
    ["a", "b"],
    { a: null },
    { a: { b: 1 } },
    { "a:b": 1 },
    { a: 1, b: 2 },
    { 'a":1,"b': 2 },
    new Date(0),
    "@0",
    new Date(NaN),
    new Uint8Array([0]),
    new Uint8Array([0, 0]),
    "#AA==",
    { __proto__: null, a: 2 },
    JSON.parse('{"__proto__":1}'),
  ];
  const texts = distinct.map(canonicalText);
  expect(texts).not.toContain(undefined);
  expect(new Set(texts).size).toBe(distinct.length);
});

test("zero is zero, and bytes are bytes whatever holds them", () => {
  expect(canonicalText(-0)).toBe(canonicalText(0));
  expect(canonicalText(Buffer.from("xab").subarray(1))).toBe(canonicalText(new Uint8Array([97, 98])));
});

test.each([
  () => 1,
  Symbol("s"),
  new Secret("hunter2"),
  new Map([[1, 2]]),
  new URL("http://localhost"),
  new (class Point {
    x = 1;
  })(),
  new Float64Array(1),
  { [Symbol("s")]: 1 },
])("what is not data has no text: %o", (value) => {
  expect(canonicalText(value)).toBeUndefined();
  expect(canonicalText({ in: [value] })).toBeUndefined();
});

test("a circle has no text", () => {
  const circle: unknown[] = [];
  circle.push(circle);
  expect(canonicalText(circle)).toBeUndefined();
});

test("two values have one text exactly when they are deeply equal", () => {
  const { data } = fc.letrec<{ data: unknown }>((tie) => ({
    data: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom<unknown>(0, -0, 1, "1", "", "a,b", '"', true, null),
      fc.array(tie("data"), { maxLength: 2 }),
      fc.dictionary(fc.constantFrom("a", "b", 'a":', "__proto__"), tie("data"), { maxKeys: 2, noNullPrototype: true }),
    ),
  }));
  const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value));
  fc.assert(
    fc.property(data, data, (a, b) => {
      expect(canonicalText(a) === canonicalText(b)).toBe(isDeepStrictEqual(plain(a), plain(b)));
    }),
    { numRuns: 3_000 },
  );
});
