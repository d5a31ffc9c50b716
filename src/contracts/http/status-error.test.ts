import { inspect } from "node:util";
import { expect, test } from "vitest";
import { classifyStatus, HTTPStatusError } from "./status-error.ts";
import { safeWords } from "./safe-words.ts";
import { factsOfStatus } from "./status-kind.ts";

test.each([
  [400, "input_invalid"],
  [401, "unauthenticated"],
  [403, "permission_denied"],
  [404, "not_found"],
  [405, "unsupported"],
  [408, "timeout"],
  [409, "conflict"],
  [410, "not_found"],
  [412, "conflict"],
  [413, "too_large"],
  [418, "input_invalid"],
  [422, "input_invalid"],
  [423, "conflict"],
  [425, "rate_limited"],
  [428, "conflict"],
  [429, "rate_limited"],
  [431, "too_large"],
  [500, "unavailable"],
  [501, "unsupported"],
  [502, "unavailable"],
  [503, "unavailable"],
  [504, "unavailable"],
  [599, "unavailable"],
  [300, "unsupported"],
])("status %i means %s", (status, kind) => {
  expect(factsOfStatus(status).kind).toBe(kind);
});

const facts = { method: "POST", path: "/items", headers: { "x-secret": "canary" }, data: { email: "canary" } };

test("an error of a status says method, path, status and phrase, and hides the rest from prints", () => {
  const error = new HTTPStatusError({ ...facts, status: 422, words: "Out of stock" });
  expect(error.message).toBe("POST /items answered 422 Unprocessable Entity: Out of stock");
  expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("canary");
  expect(JSON.stringify(error)).not.toContain("canary");
  expect(error.data).toEqual({ email: "canary" });
  expect(error.headers).toEqual({ "x-secret": "canary" });
});

test("a status that nobody knows has no phrase", () => {
  expect(new HTTPStatusError({ ...facts, status: 799 }).message).toBe("POST /items answered 799");
});

test("an input that is too large had no effect, an answer that is too large may have", () => {
  expect(classifyStatus(new HTTPStatusError({ ...facts, status: 413 }))).toMatchObject({
    outcome: "none",
    status: 413,
  });
});

test("of an answer's words only a problem's title and an authentication error are shown, in one short line", () => {
  const document = { title: "Out of\r\ncredit", detail: "canary", status: 403 };
  const type = { "content-type": "application/problem+json; charset=utf-8" };
  expect(safeWords(403, type, document)).toBe("Out of credit");
  expect(safeWords(403, { "content-type": "application/json" }, document)).toBeUndefined();
  expect(safeWords(403, type, { title: "x".repeat(500) })).toHaveLength(161);
  expect(safeWords(403, type, { title: { canary: 1 } })).toBeUndefined();
  expect(safeWords(403, type, null)).toBeUndefined();
  const challenge = { "www-authenticate": 'Bearer realm="canary", error="invalid_token", error_description="expired"' };
  expect(safeWords(401, challenge, undefined)).toBe("invalid_token, expired");
  expect(safeWords(403, challenge, undefined)).toBeUndefined();
});
