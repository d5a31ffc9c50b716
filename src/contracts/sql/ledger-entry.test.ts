import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { answerOfText, entryOf, textOfAnswer } from "./ledger-entry.ts";

const data = fc.letrec((tie) => ({
  any: fc.oneof(
    { depthSize: "medium", withCrossShrink: true },
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom("$date", '{"$bytes":"AQID"}', "2024-02-29T00:00:00.000Z", "NaN", "1n"),
      fc.boolean(),
      fc.constantFrom(null, undefined, NaN, Infinity, -Infinity, -0),
      fc.double(),
      fc.bigInt(),
      fc.date({ noInvalidDate: false }),
      fc.uint8Array(),
    ),
    fc.array(tie("any"), { maxLength: 4 }),
    fc
      .array(
        fc.tuple(fc.oneof(fc.string(), fc.constantFrom("$date", "$undefined", "$$bytes", "__proto__")), tie("any")),
        { maxLength: 4 },
      )
      .map((entries) => Object.fromEntries(entries)),
  ),
})).any;

describe("an answer", () => {
  test("comes back exactly as it was", () => {
    fc.assert(fc.property(data, (found) => void expect(answerOfText(textOfAnswer(found))).toStrictEqual(found)));
  });

  test("is text that a database can keep, whatever is in it", () => {
    fc.assert(fc.property(data, (found) => void expect(textOfAnswer(found)).not.toMatch(/[\0\p{Surrogate}]/u)));
  });

  test("that is no data, or too large, is refused with nothing done", () => {
    const circle: unknown[] = [];
    circle.push(circle);
    for (const found of [() => 1, [Symbol("s")], { a: new Map() }, new (class Own {})(), circle, Promise.resolve(1)])
      expect(() => textOfAnswer(found)).toThrow(expect.objectContaining({ kind: "unsupported", outcome: "none" }));
    expect(() => textOfAnswer("x".repeat(2 ** 20))).toThrow(
      expect.objectContaining({ kind: "too_large", outcome: "none" }),
    );
    expect(textOfAnswer("x".repeat(2 ** 20 - 2))).toHaveLength(2 ** 20);
  });
});

describe("a fingerprint", () => {
  const of = (input: unknown, key = "k"): string => entryOf(key, "insert", input).fingerprint;

  test("is the same for equal input and for no other, and tells nothing of it", () => {
    expect(of({ a: 1, b: [2] })).toBe(of({ b: [2], a: 1, c: undefined }));
    const different = [{ a: 1 }, { a: "1" }, { a: 1n }, { a: [1] }, { a: null }, { a: new Date(1) }, {}, [], "a", null];
    expect(new Set(different.map((each) => of(each))).size).toBe(different.length);
    expect(of("secret")).toMatch(/^[\w-]{43}$/);
  });

  test("of an instance of a class is that of what the database is sent", () => {
    const money = (amount: string) => ({ toJSON: () => amount, ...new (class Money {})() });
    class Own {
      readonly amount: number;
      constructor(amount: number) {
        this.amount = amount;
      }
    }
    expect(of({ a: new Own(1) })).toBe(of({ a: new Own(1) }));
    expect(of({ a: new Own(1) })).not.toBe(of({ a: new Own(2) }));
    expect(of({ a: money("1") })).not.toBe(of({ a: money("2") }));
    for (const input of [{ a: new Map() }, { a: new Set([1]) }])
      expect(() => of(input)).toThrow(expect.objectContaining({ kind: "input_invalid", outcome: "none" }));
  });

  test.each(["x".repeat(256), "a\nb", "\0", "\u007f", "\ud800"])("refuses the key %j, untold", (key) => {
    expect(() => of({}, key)).toThrow(expect.objectContaining({ kind: "input_invalid", outcome: "none" }));
    expect(() => of({}, key)).toThrow("Invalid idempotencyKey: expected at most 255 characters");
  });

  test("takes any other text for a key", () => {
    for (const key of [" ", "ключ 😀", "'; DROP TABLE x; --", "x".repeat(255)])
      expect(entryOf(key, "insert", {}).key).toBe(key);
  });
});
