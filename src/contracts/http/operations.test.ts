import { expect, test } from "vitest";
import { z } from "zod";
import type { Effect } from "../../core/operation.ts";
import { httpOperations } from "./operations.ts";

test.each([
  ["get", "read"],
  ["head", "read"],
  ["post", "keyed"],
  ["put", "idempotent"],
  ["patch", "keyed"],
  ["delete", "idempotent"],
  ["request", "unsafe"],
] as const)("%s is %s", (name, effect) => {
  expect(httpOperations[name].effect).toBe(effect);
});

test.each<[string, Effect]>([
  ["get", "read"],
  ["HEAD", "read"],
  ["OPTIONS", "read"],
  ["PUT", "idempotent"],
  ["delete", "idempotent"],
  ["POST", "unsafe"],
  ["PATCH", "unsafe"],
  ["PURGE", "unsafe"],
  ["constructor", "unsafe"],
])("request with %s has the method's effect", (method, effect) => {
  const input = httpOperations.request.input.parse({ method, path: "/" });
  expect(httpOperations.request.effectOf?.(input, { hasKey: false, options: {} })).toBe(effect);
});

test.each<[string, boolean, Effect]>([
  ["post", true, "keyed"],
  ["patch", true, "keyed"],
  ["PUT", true, "idempotent"],
  ["GET", true, "read"],
  ["PURGE", true, "unsafe"],
  ["post", false, "unsafe"],
  ["patch", false, "unsafe"],
])("a %s is made repeatable by a key where the API honours them: %j", (method, idempotencyKeys, effect) => {
  const about = { hasKey: true, options: { idempotencyKeys } };
  const input = httpOperations.request.input.parse({ method, path: "/" });
  expect(httpOperations.request.effectOf?.(input, about)).toBe(effect);
  if (method !== "post" && method !== "patch") return;
  expect(httpOperations[method].effectOf?.(input, about)).toBe(effect);
  const withHeader = { hasKey: false, options: { idempotencyKeys: { header: "X-Key", quoted: true } } };
  expect(httpOperations[method].effectOf?.(input, withHeader)).toBe("keyed");
  expect(httpOperations[method].effectOf?.(input, { hasKey: true, options: {} })).toBe("unsafe");
});

test.each([
  ["a line break in a header", { headers: { "X-A": "a\r\nX-B: b" } }, "line breaks"],
  ["a line feed in a header", { headers: { "X-A": "a\nb" } }, "line breaks"],
  ["a NUL in a header", { headers: { "X-A": "a\0" } }, "line breaks"],
  ["letters beyond Latin-1 in a header", { headers: { "X-A": "日本" } }, "beyond Latin-1"],
  ["a line break in a header's name", { headers: { "X-A\r\nX-B": "b" } }, "the name of a header"],
  ["a space in a header's name", { headers: { "X A": "b" } }, "the name of a header"],
  ["a header without a name", { headers: { "": "b" } }, "the name of a header"],
  ["the message's length", { headers: { "Content-Length": "5" } }, "set by the connector"],
  ["the message's framing", { headers: { "transfer-encoding": "chunked" } }, "set by the connector"],
  ["another host", { headers: { Host: "evil.example" } }, "set by the connector"],
  ["a map in the query", { query: { a: { b: 1 } } }, "expected text, a number"],
  ["no number in the query", { query: { a: Number.NaN } }, "expected text, a number"],
  ["a parameter that is not known", { body: {} }, "body"],
])("%s is refused, and no value shown", (_, input, message) => {
  const result = httpOperations.get.input.safeParse({ path: "/", ...input });
  expect(result.success).toBe(false);
  const text = result.error!.issues.map((issue) => issue.message).join("; ");
  expect(text).toContain(message);
  expect(text).not.toMatch(/evil|X-B/);
});

test.each(["CONNECT", "trace", "GET /", "", "G\r\nT"])("the method %j is refused", (method) => {
  expect(httpOperations.request.input.safeParse({ method, path: "/" }).success).toBe(false);
});

test("every field is described, every example is an input, every input has a JSON Schema", () => {
  for (const operation of Object.values(httpOperations)) {
    const schema = z.toJSONSchema(operation.input, { io: "input" });
    for (const field of Object.values(schema.properties ?? {}))
      expect(typeof field === "object" && field.description).toEqual(expect.stringMatching(/\.$/));
    for (const { input } of operation.examples) expect(operation.input.safeParse(input).success).toBe(true);
    expect(operation.examples.length).toBeGreaterThan(0);
  }
});
