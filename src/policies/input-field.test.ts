import { expect, test } from "vitest";
import { INPUT_FIELD, inputField } from "./input-field.ts";

test.each<[string, unknown, string | undefined]>([
  ["input.tenant", { tenant: "a" }, "a"],
  ["input.query.id", { query: { id: 5 } }, "5"],
  ["input.of", { of: { b: 1, a: [true, null] } }, '{"a":[true,null],"b":1}'],
  ["input.0", ["first"], '"first"'.slice(1, -1)],
  ["input.tenant", {}, undefined],
  ["input.tenant.id", { tenant: "a" }, undefined],
  ["input.tenant", { tenant: undefined }, undefined],
  ["input.tenant", undefined, undefined],
  ["input.tenant", null, undefined],
  ["input.length", "text", undefined],
  ["input.constructor", {}, undefined],
  ["input.__proto__", {}, undefined],
  ["input.call", { call: () => 1 }, undefined],
])("%s of %j is %j", (name, input, text) => {
  expect(inputField(name)(input)).toBe(text);
});

test.each([
  ["input.a", true],
  ["input.a.b-c", true],
  ["input", false],
  ["input.", false],
  ["input..a", false],
  ["output.a", false],
  ["input.{a}", false],
  ["input.a b", false],
])("that %j is the name of a field is %s", (name, is) => {
  expect(INPUT_FIELD.test(name)).toBe(is);
});
