import { expect, test } from "vitest";
import { canMeet, fieldsOfTag, tagsOf } from "./cache-tags.ts";

test.each([
  ["users", "users", true],
  ["users", "user", false],
  ["user:{input.id}", "user:5", true],
  ["user:5", "user:{input.id}", true],
  ["user:{input.id}", "users", false],
  ["user:{input.id}", "user:{input.user.id}", true],
  ["{input.kind}:all", "user:5", true],
  ["user:{input.id}", "order:{input.id}", false],
  ["user:{input.id}:{input.a}", "user:5:b", true],
])("whether %j and %j can be the same is %s", (one, other, answer) => {
  expect(canMeet(one, other)).toBe(answer);
  expect(canMeet(other, one)).toBe(answer);
});

test("fields of a tag are named in its braces", () => {
  expect(fieldsOfTag("a:{input.b}:{input.c.d}")).toEqual(["input.b", "input.c.d"]);
  expect(fieldsOfTag("plain")).toEqual([]);
});

test("tags are told of an input, all of them or none", () => {
  const tags = tagsOf(["users", "user:{input.a}:{input.b.c}"]);
  const one = tags({ a: 1, b: { c: "x" } });
  expect(one).toHaveLength(2);
  expect(tags({ b: { c: "x" }, a: "1", more: 1 })).toEqual(one);
  expect(tags({ a: 2, b: { c: "x" } })?.[0]).toBe(one![0]);
  expect(tags({ a: 2, b: { c: "x" } })?.[1]).not.toBe(one![1]);
  for (const without of [{}, { a: 1 }, { a: 1, b: "c" }, { a: undefined, b: { c: 1 } }, null, "text", undefined])
    expect(tags(without)).toBeUndefined();
});
