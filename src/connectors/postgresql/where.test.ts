import fc from "fast-check";
import { beforeAll, expect, test } from "vitest";
import type { Row } from "../../contracts/sql/operations.ts";
import { openForTest } from "./open-for-test.ts";

const { connected } = await openForTest();
const db = await connected();

const NAMES = ["Ada", "alan", "Grace%", "G_", "", "\\", "ZZ", null];
const AGES = [0, 1, 18, 36, null];
const ROWS = NAMES.flatMap((name) => AGES.map((age) => ({ name, age }))).map((row, id) => ({ id, ...row }));

/** What SQL makes of a condition: true, false, or null where it cannot be known. */
type Truth = boolean | null;

const not = (truth: Truth): Truth => (truth === null ? null : !truth);
const every = (truths: readonly Truth[]): Truth =>
  truths.includes(false) ? false : truths.includes(null) ? null : true;
const some = (truths: readonly Truth[]): Truth => not(every(truths.map(not)));

function like(text: string, pattern: string): boolean {
  const parts = pattern.replace(/\\?[^]/g, (each) => {
    if (each === "%") return "[^]*";
    return each === "_" ? "[^]" : each.slice(-1).replace(/[$()*+./?[\\\]^{|}]/, "\\$&");
  });
  return new RegExp(`^${parts}$`, "u").test(text);
}

const less = (a: unknown, b: unknown): boolean => (a as number) < (b as number);

function operate(operator: string, value: unknown, operand: unknown): Truth {
  const list = operand as readonly unknown[];
  if (operator === "in") return list.length === 0 ? false : some(list.map((each) => operate("eq", value, each)));
  if (operator === "notIn") return every(list.map((each) => operate("ne", value, each)));
  if (operand === null) return (value === null) === (operator === "eq");
  if (value === null) return null;
  switch (operator) {
    case "eq":
      return value === operand;
    case "ne":
      return value !== operand;
    case "gt":
      return less(operand, value);
    case "gte":
      return !less(value, operand);
    case "lt":
      return less(value, operand);
    case "lte":
      return !less(operand, value);
    case "like":
      return like(value as string, operand as string);
    case "notLike":
      return !like(value as string, operand as string);
    case "startsWith":
      return (value as string).startsWith(operand as string);
    case "endsWith":
      return (value as string).endsWith(operand as string);
    default:
      return (value as string).includes(operand as string);
  }
}

/** The same filter without a database. */
function holds(where: Row, row: Row): Truth {
  return every(
    Object.entries(where).map(([name, value]) => {
      if (name === "not") return not(holds(value as Row, row));
      if (name === "or") return some((value as Row[]).map((each) => holds(each, row)));
      if (name === "and") return every((value as Row[]).map((each) => holds(each, row)));
      if (value === null || typeof value !== "object") return operate("eq", row[name], value);
      if (Array.isArray(value)) return operate("in", row[name], value);
      return every(Object.entries(value).map(([operator, operand]) => operate(operator, row[name], operand)));
    }),
  );
}

const age = fc.constantFrom(...AGES);
const number = fc.constantFrom(0, 1, 17, 18, 36, 37);
const name = fc.constantFrom(...NAMES);
const pattern = fc.constantFrom("%", "A%", "_", "G\\_", "%\\%", "%a", "", "\\\\");
const part = fc.constantFrom("A", "a", "%", "_", "\\", "Grace%");
const some1 = { minLength: 1, maxLength: 3 };

const ageTest = fc.oneof(
  age,
  fc.array(age, some1),
  fc.record({ eq: age, ne: age, gt: number, gte: number, lt: number, lte: number }, { requiredKeys: [] }),
  fc.record({ in: fc.array(age, some1), notIn: fc.array(age, some1) }, { requiredKeys: [] }),
);
const nameTest = fc.oneof(
  name,
  fc.array(name, some1),
  fc.record({ like: pattern, notLike: pattern }, { requiredKeys: [] }),
  fc.record({ startsWith: part, endsWith: part, contains: part }, { requiredKeys: [] }),
  fc.record({ eq: name, ne: name, in: fc.array(name, some1), notIn: fc.array(name, some1) }, { requiredKeys: [] }),
);
const isSomething = (value: unknown): boolean =>
  value === null || typeof value !== "object" || Object.keys(value).length > 0;
const { where } = fc.letrec<{ where: Row }>((tie) => ({
  where: fc
    .oneof(
      { maxDepth: 3, withCrossShrink: true },
      fc.record({ age: ageTest.filter(isSomething), name: nameTest.filter(isSomething) }, { requiredKeys: [] }),
      fc.record(
        { or: fc.array(tie("where"), some1), and: fc.array(tie("where"), some1), not: tie("where") },
        { requiredKeys: [] },
      ),
    )
    .filter(isSomething),
}));

beforeAll(async () => {
  await db.query({ sql: "CREATE TABLE people (id int, name text, age int, mark int)" });
  await db.insertMany({ table: "people", rows: ROWS });
});

test("whatever the condition, the database finds the rows that a filter without it finds", async () => {
  let mark = 0;
  await fc.assert(
    fc.asyncProperty(where, async (condition) => {
      const data = { mark: ++mark };
      const { rows = [] } = await db.update({ table: "people", data, where: condition, returning: ["id"] });
      const expected = ROWS.filter((row) => holds(condition, row) === true).map(({ id }) => id);
      expect(rows.map(({ id }) => id).sort((a, b) => Number(a) - Number(b))).toEqual(expected);
    }),
    { numRuns: 300 },
  );
});
