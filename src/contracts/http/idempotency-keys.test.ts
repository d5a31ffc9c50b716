import { expect, test } from "vitest";
import { idempotencyKeysField, keyHeaderOf, keyHeaderValue } from "./idempotency-keys.ts";

const parsed = (setting: unknown) => keyHeaderOf(idempotencyKeysField.parse(setting));

test("the header is the draft's own unless another is named, and none where the API honours no keys", () => {
  expect(parsed(undefined)).toBe(undefined);
  expect(parsed(false)).toBe(undefined);
  expect(parsed(true)).toEqual({ header: "Idempotency-Key", quoted: false });
  expect(parsed({})).toEqual({ header: "Idempotency-Key", quoted: false });
  expect(parsed({ header: "X-Request-Id", quoted: true })).toEqual({ header: "X-Request-Id", quoted: true });
  for (const wrong of [{ header: "a b" }, { header: "Content-Length" }, { header: "" }, { name: "x" }, "yes"])
    expect(idempotencyKeysField.safeParse(wrong).success, JSON.stringify(wrong)).toBe(false);
});

test("a key is sent as it stands, or quoted as the draft has it", () => {
  const raw = { header: "Idempotency-Key", quoted: false };
  expect(keyHeaderValue('a "b" \\', raw)).toBe('a "b" \\');
  expect(keyHeaderValue('a "b" \\', { ...raw, quoted: true })).toBe('"a \\"b\\" \\\\"');
  expect(keyHeaderValue("x".repeat(255), raw)).toHaveLength(255);
});

test.each(["", " a", "a ", "a\r\nX-B: b", "a\0", "é", "x".repeat(256)])(
  "the key %j is refused, and not told",
  (key) => {
    const send = (): string => keyHeaderValue(key, { header: "Idempotency-Key", quoted: true });
    expect(send).toThrow(expect.objectContaining({ kind: "input_invalid", outcome: "none" }));
    expect(send).toThrow("Invalid idempotencyKey: expected at most 255 characters of ASCII");
  },
);
