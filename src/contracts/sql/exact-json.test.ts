import fc from "fast-check";
import { expect, test } from "vitest";
import { parseExactJson } from "./exact-json.ts";

test.each([
  ["9007199254740993", "9007199254740993"],
  ["-9223372036854775808", "-9223372036854775808"],
  ["9007199254740992", 9_007_199_254_740_992],
  ["12345678901234567890123456789012345678901234567890", "12345678901234567890123456789012345678901234567890"],
  ["0.1000000000000000055511151231257827", "0.1000000000000000055511151231257827"],
  ["1e400", "1e400"],
  ["-1E-400", "-1E-400"],
  ["1e22", 1e22],
  ["1.0000000000000000000", 1],
  ["0.0000000000000000000", 0],
  ["-0e99999999999999999999", -0],
  ["100000000000000000000", 1e20],
  ["0.1", 0.1],
  ["1.7976931348623157e308", Number.MAX_VALUE],
  ["5e-324", 5e-324],
])("%s is read as %j", (text, value) => {
  expect(parseExactJson(text)).toEqual(value);
  expect(parseExactJson(`{"a":[1,${text}, null]}`)).toEqual({ a: [1, value, null] });
});

test("strings and keys are left alone, whatever is in them", () => {
  const odd = {
    "9007199254740993": '9007199254740993 "9007199254740993" \\',
    "1e400": ['\\"9007199254740993'],
    n: 1e21,
  };
  expect(parseExactJson(JSON.stringify(odd))).toEqual(odd);
  expect(parseExactJson('"\\"9007199254740993"')).toBe('"9007199254740993');
});

test("what JavaScript writes, it reads as it was", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.double({ noNaN: true, noDefaultInfinity: true }), (value, number) => {
      const text = JSON.stringify([value, number, "9007199254740993"]);
      expect(parseExactJson(text)).toEqual(JSON.parse(text));
    }),
  );
});

test("what is no JSON is refused", () => {
  for (const text of ["", "1e", "{9007199254740993:1}", "9007199254740993 9007199254740993", "01234567890123456789"])
    expect(() => parseExactJson(text)).toThrow(SyntaxError);
});
