import { expect, test } from "vitest";
import { requestBody } from "./request-body.ts";

const JSON_TYPE = "application/json";
const FORM_TYPE = "application/x-www-form-urlencoded";

test.each([
  ["a map", { a: [1, null] }, '{"a":[1,null]}', JSON_TYPE],
  ["a list", [1], "[1]", JSON_TYPE],
  ["a number", 7, "7", JSON_TYPE],
  ["false", false, "false", JSON_TYPE],
  ["null", null, "null", JSON_TYPE],
  ["text", "plain", "plain", "text/plain; charset=utf-8"],
  ["a form", new URLSearchParams({ a: "1 2" }), "a=1+2", FORM_TYPE],
])("%s is sent as what it is", (_, data, content, contentType) => {
  expect(requestBody(data)).toEqual({ content, contentType });
});

test("bytes are sent as they are, also a part of a buffer", () => {
  const whole = new Uint8Array([1, 2, 3, 4]);
  for (const data of [whole.subarray(1, 3), new DataView(whole.buffer, 1, 2), whole.slice(1, 3).buffer])
    expect(requestBody(data)).toEqual({ content: new Uint8Array([2, 3]), contentType: "application/octet-stream" });
});

test("nothing is no body", () => {
  expect(requestBody(undefined)).toBeUndefined();
});

test("bodyType says how, where the data leaves it open", () => {
  expect(requestBody("text", "json")?.content).toBe('"text"');
  expect(requestBody({ a: ["x", 1], b: true, c: null }, "form")).toEqual({
    content: "a=x&a=1&b=true",
    contentType: FORM_TYPE,
  });
  expect(requestBody("a=1", "form")?.content).toBe("a=1");
});

const circle: Record<string, unknown> = {};
circle["self"] = circle;

test.each([
  ["text of a map", { secret: 1 }, "text", "bodyType text takes text"],
  ["bytes of text", "secret", "bytes", "bodyType bytes takes a Uint8Array"],
  ["a form of a list", ["secret"], "form", "bodyType form takes a map"],
  ["a form with a map inside", { secret: { a: 1 } }, "form", "a form takes text"],
  ["a bigint in JSON", { secret: 1n }, undefined, "cannot be written as JSON"],
  ["a circle in JSON", circle, undefined, "cannot be written as JSON"],
  ["a promise that nobody awaited", Promise.resolve("secret"), undefined, "cannot be written as JSON"],
  ["a Map", new Map([["secret", 1]]), undefined, "cannot be written as JSON"],
  ["a FormData", new FormData(), undefined, "cannot be written as JSON"],
  ["a form of a Map", new Map([["secret", 1]]), "form", "bodyType form takes a map"],
  ["a function", () => "secret", undefined, "cannot be written as JSON"],
] as const)("%s is refused without showing it", (_, data, type, message) => {
  expect(() => requestBody(data, type)).toThrow(expect.objectContaining({ kind: "input_invalid", outcome: "none" }));
  expect(() => requestBody(data, type)).toThrow(message);
  expect(() => requestBody(data, type)).not.toThrow("secret");
});
