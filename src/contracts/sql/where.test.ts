import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { standardQuote } from "./dialect.ts";
import { compileWhere } from "./where.ts";

function compiled(where: Readonly<Record<string, unknown>>): { sql: string | undefined; values: unknown[] } {
  const values: unknown[] = [];
  const dialect = { quote: standardQuote(63), likeEscape: "'\\'" };
  const sql = compileWhere(where, { dialect, parameter: (value) => `$${values.push(value)}` });
  return { sql, values };
}

const date = new Date(0);
const bytes = new Uint8Array(1);

describe("a condition", () => {
  test.each<[Record<string, unknown>, string, unknown[]]>([
    [{ a: 1 }, '"a" = $1', [1]],
    [{ a: null }, '"a" IS NULL', []],
    [{ a: 1, b: "x" }, '"a" = $1 AND "b" = $2', [1, "x"]],
    [{ a: date, b: bytes, c: 1n, d: true }, '"a" = $1 AND "b" = $2 AND "c" = $3 AND "d" = $4', [date, bytes, 1n, true]],
    [{ a: [1, 2] }, '"a" IN ($1, $2)', [1, 2]],
    [{ a: [1, null] }, '("a" IN ($1) OR "a" IS NULL)', [1]],
    [{ a: [null] }, '"a" IS NULL', []],
    [{ a: [] }, "1 = 0", []],
    [{ a: { eq: null } }, '"a" IS NULL', []],
    [{ a: { ne: null } }, '"a" IS NOT NULL', []],
    [{ a: { eq: 1 } }, '"a" = $1', [1]],
    [{ a: { eq: { json: true } } }, '"a" = $1', [{ json: true }]],
    [{ a: { ne: 1 } }, '"a" <> $1', [1]],
    [{ a: { gte: 18, lt: 65 } }, '"a" >= $1 AND "a" < $2', [18, 65]],
    [{ a: { gt: 1, lte: 2 } }, '"a" > $1 AND "a" <= $2', [1, 2]],
    [{ a: { in: [1] } }, '"a" IN ($1)', [1]],
    [{ a: { notIn: [1, 2] } }, '"a" NOT IN ($1, $2)', [1, 2]],
    [{ a: { notIn: [1, null] } }, '"a" NOT IN ($1) AND "a" IS NOT NULL', [1]],
    [{ a: { notIn: [null] } }, '"a" IS NOT NULL', []],
    [{ a: { like: "A%" } }, "\"a\" LIKE $1 ESCAPE '\\'", ["A%"]],
    [{ a: { notLike: "A_" } }, "\"a\" NOT LIKE $1 ESCAPE '\\'", ["A_"]],
    [{ a: { startsWith: "5%_\\" } }, "\"a\" LIKE $1 ESCAPE '\\'", ["5\\%\\_\\\\%"]],
    [{ a: { endsWith: "x" } }, "\"a\" LIKE $1 ESCAPE '\\'", ["%x"]],
    [{ a: { contains: "x" } }, "\"a\" LIKE $1 ESCAPE '\\'", ["%x%"]],
    [{ or: [{ a: 1 }, { b: 2, c: 3 }] }, '(("a" = $1) OR ("b" = $2 AND "c" = $3))', [1, 2, 3]],
    [{ and: [{ a: 1 }, { a: 2 }] }, '(("a" = $1) AND ("a" = $2))', [1, 2]],
    [{ or: [] }, "1 = 0", []],
    [{ not: { a: 1, b: 2 } }, 'NOT ("a" = $1 AND "b" = $2)', [1, 2]],
    [{ d: 0, not: { or: [{ a: 1 }] } }, '"d" = $1 AND NOT ((("a" = $2)))', [0, 1]],
    [{ 'a"b': 1 }, '"a""b" = $1', [1]],
    [{ and: [["or", 1]] }, '(("or" = $1))', [1]],
    [
      { or: [["and", null], ["or", { gt: 1, lt: 3 }], { a: 1 }] },
      '(("and" IS NULL) OR ("or" > $1 AND "or" < $2) OR ("a" = $3))',
      [1, 3, 1],
    ],
    [{ not: ["not", [1, null]] }, 'NOT (("not" IN ($1) OR "not" IS NULL))', [1]],
  ])("%o", (where, sql, values) => {
    expect(compiled(where)).toEqual({ sql, values });
  });

  test("of a long group is not as deep as it is long", () => {
    const parts = (sql: string | undefined): number => (sql ?? "").split(" OR ").length;
    const depth = (sql: string): number => {
      let [now, most] = [0, 0];
      for (const char of sql) most = Math.max(most, (now += char === "(" ? 1 : char === ")" ? -1 : 0));
      return most;
    };
    for (const length of [1, 2, 100, 101, 10_000, 10_001, 50_000]) {
      const { sql, values } = compiled({ or: Array.from({ length }, (_, a) => ({ a })) });
      expect(parts(sql)).toBe(length);
      expect(values).toEqual(Array.from({ length }, (_, a) => a));
      expect(depth(sql!)).toBeLessThan(6);
    }
  });

  test("is none where the map is empty", () => {
    expect(compiled({}).sql).toBeUndefined();
  });

  test("of a column called __proto__ is one", () => {
    expect(compiled(JSON.parse('{ "__proto__": 1 }') as Record<string, unknown>).sql).toBe('"__proto__" = $1');
  });
});

describe("is refused:", () => {
  const cyclic: Record<string, unknown> = { a: 1 };
  cyclic["not"] = cyclic;

  test.each<[string, Record<string, unknown>, RegExp]>([
    ["undefined", { a: undefined }, /undefined/],
    ["an undefined operand", { a: { gt: undefined } }, /undefined/],
    ["a map without operators", { a: {} }, /empty/],
    ["an operator that there is not", { a: { gte: 1, "= 1 OR 1": 1 } }, /unknown name/],
    ["a misspelt operator", { a: { gtee: 1 } }, /did you mean "gte"/],
    ["an operator of every object", { a: { toString: 1 } }, /unknown name/],
    ["an operator of every object, again", { a: { constructor: 1 } }, /unknown name/],
    ["a map of maps", { a: { gt: { gt: [] as unknown } }, or: {} }, /takes a list/],
    ["null to compare with", { a: { gt: null } }, /no value/],
    ["a list to compare with", { a: { gt: [1] } }, /no value/],
    ["a list in a list", { a: [[1]] }, /neither a value nor null/],
    ["a map in a list", { a: [{ eq: 1 }] }, /neither a value nor null/],
    ["an instance", { a: new Map() }, /not understood/],
    ["a function", { a: () => 1 }, /not understood/],
    ["`in` without a list", { a: { in: 1 } }, /takes a list/],
    ["a pattern that is no text", { a: { like: 1 } }, /must be text/],
    ["`or` without a list", { or: { a: 1 } }, /takes a list/],
    ["`or` of values", { or: [1] }, /no condition/],
    ["`not` of a list", { not: [{ a: 1 }] }, /no condition/],
    ["`not` of a list with a map in it", { not: [{ a: 1 }, { b: 1 }] }, /no condition/],
    ["a pair without a condition", { and: [["a", undefined]] }, /undefined/],
    ["a list of one", { and: [["a"]] }, /no condition/],
    ["a list of three", { or: [["a", "=", 1]] }, /no condition/],
    ["a pair that names no column", { or: [["", 1]] }, /is empty/],
    ["a pair of a number", { or: [[1, 1]] }, /no condition/],
    ["a pair with an operator that there is not", { or: [["a", { "= 1 OR 1": 1 }]] }, /unknown name/],
    ["`and` of instances", { and: [new Date()] }, /no condition/],
    ["what holds itself", cyclic, /deeper than 20/],
    ["a symbol, as other libraries have them", { a: 1, [Symbol("or")]: [{ b: 1 }] }, /symbol/],
    ["a symbol among operators", { a: { gt: 1, [Symbol("lt")]: 2 } }, /symbol/],
    ["a symbol in a group", { or: [{ [Symbol("and")]: 1, a: 1 }] }, /symbol/],
    ["a hole in a list", { a: [1, , 2] }, /neither a value nor null/],
    ["a hole in a group", { or: [{ a: 1 }, , { b: 1 }] }, /no condition/],
    ["nothing but a hole in a list", { not: { a: new Array(1) } }, /neither a value nor null/],
    ["the name of no column", { "": 1 }, /is empty/],
    ["a name with NUL", { "a\0": 1 }, /NUL/],
  ])("%s", (_, where, message) => {
    expect(() => compiled(where)).toThrow(
      expect.objectContaining({
        kind: "input_invalid",
        outcome: "none",
        message: expect.stringMatching(message) as string,
      }) as Error,
    );
  });

  test.each<[string, Record<string, unknown>]>([
    ["an empty map in `or`", { or: [{ a: 1 }, {}] }],
    ["an empty map in `and`", { and: [{}] }],
    ["an empty `and`", { and: [] }],
    ["an empty `not`", { not: {} }],
    ["an empty `notIn`", { a: { notIn: [] } }],
    ["no list at all in `not`", { not: { a: [] } }],
    ["an empty `in` in `not`", { not: { a: { in: [] } } }],
    ["an empty `or` in `not`", { not: { or: [] } }],
    ["an empty list of a pair in `not`", { not: ["a", []] }],
    ["an empty list of a pair deep in `not`", { not: { or: [["a", { in: [] }]] } }],
    ["an empty list deep in `not`", { not: { and: [{ or: [{ a: [] }] }] } }],
    ["an empty list in two", { not: { not: { a: [] } } }],
    ["an empty beginning", { a: { startsWith: "" } }],
    ["an empty end", { a: { endsWith: "" } }],
    ["an empty part", { a: { contains: "" } }],
  ])("%s, which would mean every row", (_, where) => {
    expect(() => compiled(where)).toThrow(expect.objectContaining({ kind: "input_invalid" }) as Error);
  });

  test("and no value is told", () => {
    for (const where of [{ a: [["canary"]] }, { a: { gt: ["canary"] } }, { or: ["canary"] }])
      expect(() => compiled(where)).toThrow(expect.not.stringContaining("canary") as string);
  });
});

test("whatever is asked for, the text has only names in quotes, words of ours and placeholders", () => {
  const text = fc.string({ unit: "binary", maxLength: 20 });
  const operand = fc.oneof(text, fc.integer(), fc.constant(null), fc.array(text, { maxLength: 3 }), fc.object());
  const operator = fc.constantFrom("eq", "ne", "gt", "in", "notIn", "like", "contains", "startsWith");
  const value = fc.oneof(operand, fc.dictionary(fc.oneof(operator, text), operand, { maxKeys: 2 }));
  const { where } = fc.letrec<{ where: Record<string, unknown> }>((tie) => ({
    where: fc.oneof(
      { maxDepth: 3 },
      fc.dictionary(text, value, { maxKeys: 3 }),
      fc.record({ or: fc.array(tie("where"), { maxLength: 2 }) }),
      fc.record({ not: fc.oneof(tie("where"), fc.tuple(text, value)) }),
      fc.record({ and: fc.array(fc.oneof(tie("where"), fc.tuple(text, value)), { maxLength: 2 }) }),
    ),
  }));
  fc.assert(
    fc.property(where, (condition) => {
      let sql: string | undefined;
      try {
        ({ sql } = compiled(condition));
      } catch (error) {
        expect(error).toMatchObject({ kind: "input_invalid" });
        return;
      }
      const bare = (sql ?? "").replace(/"(?:[^"]|"")*"/g, "n").replaceAll("ESCAPE '\\'", "");
      expect(bare).toMatch(/^(?:n|\$\d+|[ (),=<>]|1 = 0|AND|OR|NOT|IN|IS|NULL|LIKE)*$/);
    }),
    { numRuns: 500 },
  );
});
