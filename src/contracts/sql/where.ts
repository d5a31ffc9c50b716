/**
 * Conditions as data: a small grammar that can say nothing but conditions.
 *
 *   { id: 7 }                       equal; null means IS NULL
 *   { id: [1, 2, null] }            any of these; an empty list is none
 *   { age: { gte: 18, lt: 65 } }    all of these: eq ne gt gte lt lte in notIn like notLike startsWith endsWith contains
 *   { or: [{ … }, { … }] }          any of these; an empty list is none
 *   { and: [{ … }, { … }] }         all of these
 *   { not: { … } }                  not this
 *   { and: [["or", 7]] }            a pair inside of these three is a column and its condition, whatever it is called
 *
 * What stands side by side must all hold. Every value is a parameter, every column is quoted by the dialect, and whatever is
 * not in the grammar is refused. NULL is neither equal nor unequal to anything, as in SQL: `ne`, `notIn` and `not` do not
 * find it unless they name it.
 *
 * Nothing that is empty means "all rows" by accident: an empty map, `and`, `notIn`, an empty list inside `not`, and an empty
 * text that everything starts with, ends with or contains are refused.
 */
import { ConnectorError } from "../../core/errors.ts";
import { unknownName } from "../../core/issues.ts";
import { isPlainObject } from "../../core/plain-object.ts";
import type { Dialect } from "./dialect.ts";

type Where = Readonly<Record<string, unknown>>;

/** Where the conditions' values go. */
export interface Parameters {
  readonly dialect: Pick<Dialect, "quote" | "likeEscape">;
  /** The placeholder of a new parameter. */
  parameter(value: unknown): string;
}

/** Nothing that somebody wrote is nested deeper. */
const DEEPEST = 20;
/** Parts of a group that stand side by side. */
const LONGEST_CHAIN = 100;

/** The condition in SQL; undefined for an empty map. Throws `input_invalid`; no value is in its message. */
export function compileWhere(where: Where, parameters: Parameters): string | undefined {
  return conjunction(where, { dialect: parameters.dialect, parameter: (value) => parameters.parameter(value) }, 0);
}

/** Where a condition stands: inside a `not`, what finds nothing would find everything. */
interface Place extends Parameters {
  readonly isNegated?: boolean;
}

function conjunction(where: Where, place: Place, depth: number): string | undefined {
  if (depth > DEEPEST) throw invalid(`The condition is nested deeper than ${DEEPEST} levels`);
  const parts = entriesOf(where).map(([name, value]) => {
    if (name === "or" || name === "and") return group(name, value, place, depth);
    if (name === "not") return `NOT (${inner(name, value, { ...place, isNegated: true }, depth)})`;
    return condition(name, value, place);
  });
  return parts.length === 0 ? undefined : parts.join(" AND ");
}

/** Operators of other libraries are symbols, which would silently mean nothing here. */
function entriesOf(map: Where): [name: string, value: unknown][] {
  if (Object.getOwnPropertySymbols(map).length > 0)
    throw invalid("A condition has a symbol for a name", "Write operators as text: { age: { gte: 18 } }, or: [ … ].");
  return Object.entries(map);
}

function group(name: "or" | "and", value: unknown, place: Place, depth: number): string {
  if (!Array.isArray(value)) throw invalid(`"${name}" takes a list of conditions`);
  if (value.length === 0 && name === "or") return none(place);
  if (value.length === 0) throw invalid('"and" takes at least one condition');
  const parts = Array.from(value, (each: unknown) => `(${inner(name, each, place, depth)})`);
  return joined(parts, ` ${name.toUpperCase()} `);
}

/** Databases count how deep an expression is, and a long chain is as deep as it is long. */
function joined(parts: readonly string[], word: string): string {
  if (parts.length <= LONGEST_CHAIN) return `(${parts.join(word)})`;
  const chains = Array.from({ length: Math.ceil(parts.length / LONGEST_CHAIN) }, (_, at) =>
    joined(parts.slice(at * LONGEST_CHAIN, (at + 1) * LONGEST_CHAIN), word),
  );
  return joined(chains, word);
}

function inner(name: string, value: unknown, place: Place, depth: number): string {
  if (isPair(value)) return condition(value[0], value[1], place);
  const sql = isPlainObject(value) ? conjunction(value, place, depth + 1) : undefined;
  if (sql !== undefined) return sql;
  throw invalid(`"${name}" holds something that is no condition, or an empty one`);
}

/** How a column is named that is called as a group is; the names of groups cannot be taken from columns otherwise. */
function isPair(value: unknown): value is readonly [column: string, condition: unknown] {
  return Array.isArray(value) && value.length === 2 && typeof value[0] === "string";
}

function condition(column: string, value: unknown, parameters: Place): string {
  const name = parameters.dialect.quote(column);
  if (value === undefined)
    throw invalid(`The condition on column "${column}" is undefined`, "Leave the column out, or say null.");
  if (Array.isArray(value)) return OPERATORS.in(name, value, parameters, column);
  if (value === null || isScalar(value)) return OPERATORS.eq(name, value, parameters, column);
  if (!isPlainObject(value))
    throw invalid(
      `The condition on column "${column}" is not understood`,
      "A condition is a value, null, a list of values, or a map of operators such as { gte: 18 }.",
    );
  const tests = entriesOf(value);
  if (tests.length === 0) throw invalid(`The condition on column "${column}" is empty`);
  return tests.map(([operator, operand]) => operate(operator, name, operand, parameters, column)).join(" AND ");
}

type Compile = (name: string, operand: unknown, parameters: Place, column: string) => string;

function operate(operator: string, name: string, operand: unknown, parameters: Place, column: string): string {
  if (!isOperator(operator))
    throw invalid(`The condition on column "${column}": ${unknownName(operator, Object.keys(OPERATORS))}`);
  if (operand === undefined)
    throw invalid(`The operand of "${operator}" on column "${column}" is undefined`, "Leave it out, or say null.");
  return OPERATORS[operator](name, operand, parameters, column);
}

/** What holds for no row. */
function none({ isNegated = false }: Place): string {
  if (isNegated) throw invalid("An empty list inside `not` would mean every row", "Leave it out where it is empty.");
  return "1 = 0";
}

const compared =
  (sign: string): Compile =>
  (name, operand, parameters, column) =>
    `${name} ${sign} ${parameters.parameter(scalar(operand, column))}`;

const matched =
  (sign: string, pattern: (text: string) => string, shortest = 0): Compile =>
  (name, operand, parameters, column) => {
    if (typeof operand !== "string") throw invalid(`The pattern for column "${column}" must be text`);
    if (operand.length < shortest)
      throw invalid(`The text that column "${column}" is searched for is empty`, "Every text has it: leave it out.");
    return `${name} ${sign} ${parameters.parameter(pattern(operand))} ESCAPE ${parameters.dialect.likeEscape}`;
  };

/** The characters that mean something in a pattern, made plain. */
const plain = (text: string): string => text.replaceAll(/[\\%_]/g, "\\$&");

const OPERATORS = {
  eq: (name, operand, parameters, column) =>
    operand === null ? `${name} IS NULL` : compared("=")(name, operand, parameters, column),
  ne: (name, operand, parameters, column) =>
    operand === null ? `${name} IS NOT NULL` : compared("<>")(name, operand, parameters, column),
  gt: compared(">"),
  gte: compared(">="),
  lt: compared("<"),
  lte: compared("<="),
  in(name, operand, parameters, column) {
    const { values, hasNull } = listOf(operand, column);
    if (values.length === 0) return hasNull ? `${name} IS NULL` : none(parameters);
    const isIn = `${name} IN (${all(values, parameters)})`;
    return hasNull ? `(${isIn} OR ${name} IS NULL)` : isIn;
  },
  notIn(name, operand, parameters, column) {
    const { values, hasNull } = listOf(operand, column);
    if (values.length === 0 && !hasNull)
      throw invalid(`The list of "notIn" for column "${column}" is empty`, "It excludes nothing: leave it out.");
    const parts = [
      ...(values.length > 0 ? [`${name} NOT IN (${all(values, parameters)})`] : []),
      ...(hasNull ? [`${name} IS NOT NULL`] : []),
    ];
    return parts.join(" AND ");
  },
  like: matched("LIKE", (text) => text),
  notLike: matched("NOT LIKE", (text) => text),
  startsWith: matched("LIKE", (text) => `${plain(text)}%`, 1),
  endsWith: matched("LIKE", (text) => `%${plain(text)}`, 1),
  contains: matched("LIKE", (text) => `%${plain(text)}%`, 1),
} satisfies Record<string, Compile>;

const isOperator = (name: string): name is keyof typeof OPERATORS => Object.hasOwn(OPERATORS, name);

const all = (values: readonly unknown[], parameters: Parameters): string =>
  values.map((each) => parameters.parameter(each)).join(", ");

/** SQL's own IN never finds NULL and cannot be empty. */
function listOf(operand: unknown, column: string): { readonly values: readonly unknown[]; readonly hasNull: boolean } {
  if (!Array.isArray(operand)) throw invalid(`The condition on column "${column}" takes a list`);
  // A hole is undefined.
  const values = Array.from<unknown>(operand).filter((value) => value !== null);
  for (const value of values)
    if (!isScalar(value))
      throw invalid(`The list for column "${column}" holds something that is neither a value nor null`);
  return { values, hasNull: values.length < operand.length };
}

function scalar(operand: unknown, column: string): unknown {
  if (operand !== null && (isScalar(operand) || isPlainObject(operand))) return operand;
  throw invalid(`The condition on column "${column}" compares with something that is no value`);
}

function isScalar(value: unknown): boolean {
  if (typeof value !== "object") return ["string", "number", "bigint", "boolean"].includes(typeof value);
  return value instanceof Date || value instanceof Uint8Array;
}

function invalid(message: string, hint?: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { hint, outcome: "none" });
}
