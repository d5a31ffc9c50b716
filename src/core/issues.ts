/**
 * From zod's issues to sentences that people act on: what is missing, what was found, what is allowed, what was meant.
 *
 * Where a union refuses a value, the branch that the value most resembles tells what is wrong, so that a typo inside a map
 * is named as that typo and not as "invalid input". Found values are shown only where a fixed list of texts is allowed.
 */
import type { z } from "zod";
import { nearest } from "./nearest.ts";
import { branchesAt, objectsAt, valueAt } from "./schema-walk.ts";

/** One thing that is wrong with a value. */
export interface ValueProblem {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** The names allowed here, where the problem is a name that is not. */
  readonly allowed?: readonly string[];
  /** What would be taken here instead of the text that was found. */
  readonly wants?: readonly ("number" | "boolean")[];
  /** An author's own rule refuses it, perhaps because of what stands elsewhere. */
  readonly isRule?: true;
}

type Issue = z.core.$ZodIssue;

/** Everything that `error` says of `value`, read with the schema that refused it. */
export function problemsIn(error: z.core.$ZodError, schema: z.core.$ZodType, value: unknown): ValueProblem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, schema, value));
}

/** What a problem says of a name that is not allowed. */
export function unknownName(found: string, allowed: readonly string[]): string {
  const names = [...allowed].sort().join(", ");
  return `unknown name "${found}"${didYouMean(found, allowed)}; allowed: ${names === "" ? "none" : names}`;
}

/** `; did you mean "x"?`, or nothing where no allowed name is close. */
export function didYouMean(found: string, allowed: Iterable<string>): string {
  const close = nearest(found, allowed);
  return close === undefined ? "" : `; did you mean "${close}"?`;
}

/** What sort of thing a value is, in the words of YAML. */
export function describeValue(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "string") return value === "" ? "empty text" : "text";
  if (typeof value === "number") return Number.isNaN(value) ? "not a number" : "a number";
  if (typeof value === "boolean") return "true or false";
  if (typeof value === "function") return "a function";
  return typeof value === "object" ? "a map" : `a ${typeof value}`;
}

const EXPECTED: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  map: "a map",
  array: "a list",
  tuple: "a list",
  null: "nothing",
};

function problemsOfIssue(issue: Issue, schema: z.core.$ZodType, root: unknown): ValueProblem[] {
  const { path } = issue;
  const value = valueAt(root, path);
  if (issue.code === "unrecognized_keys") {
    const allowed = [...new Set(objectsAt(schema, path, root).flatMap(({ shape }) => Object.keys(shape)))];
    return issue.keys.map((key) => ({ path: [...path, key], message: unknownName(key, allowed), allowed }));
  }
  if (issue.code === "invalid_union" && issue.errors.length > 0) return unionProblems(issue, schema, root);
  const said = isDefault(issue) ? expectation(issue) : issue.message;
  const wants = wanted(issue);
  const message = sentence(said, value, allowedTexts(issue));
  return [{ path, message, ...(wants.length > 0 && { wants }), ...(issue.code === "custom" && { isRule: true }) }];
}

function unionProblems(
  issue: Extract<Issue, { code: "invalid_union" }>,
  schema: z.core.$ZodType,
  root: unknown,
): ValueProblem[] {
  const { path } = issue;
  const value = valueAt(root, path);
  const branches = issue.errors.map((errors, at) => ({ errors, at }));
  // A branch whose objection is not to the sort of value is the one that was meant.
  const meant = branches.filter(({ errors }) => !errors.some((each) => each.path.length === 0 && isOfSort(each)));
  if (meant.length === 1 && typeof value === "object" && value !== null) {
    const { errors, at } = meant[0]!;
    const branch = branchesAt(schema, path, root)[at] ?? schema;
    return errors
      .flatMap((each) => problemsOfIssue(each, branch, value))
      .map((problem) => ({ ...problem, path: [...path, ...problem.path] }));
  }
  const own = branches.flatMap(({ errors }) => errors.filter((each) => each.path.length === 0));
  const said = isDefault(issue) ? [...new Set(own.map((each) => bare(expectation(each))))] : [];
  const message = said.length > 0 ? `expected ${said.join(", or ")}` : issue.message;
  const wants = own.flatMap(wanted);
  return [{ path, message: sentence(message, value, own.flatMap(allowedTexts)), ...(wants.length > 0 && { wants }) }];
}

function isOfSort(issue: Issue): boolean {
  if (issue.code === "invalid_union")
    return (
      issue.errors.length > 0 &&
      issue.errors.every((errors) => errors.some((each) => each.path.length === 0 && isOfSort(each)))
    );
  return issue.code === "invalid_type" || issue.code === "invalid_value";
}
/** zod's own words begin so; an author's do not. */
const isDefault = (issue: Issue): boolean => /^(Invalid |Too |Unrecognized )/.test(issue.message);
const bare = (text: string): string => text.replace(/^expected /, "");

/** What would have been right, in our words. */
function expectation(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${EXPECTED[issue.expected] ?? issue.expected}`;
    case "invalid_value":
      return `expected ${oneOf(issue.values)}`;
    case "invalid_union":
      return isDefault(issue) ? `expected ${oneOf(allowedTexts(issue))}` : issue.message;
    case "too_small":
      return bounded("at least", issue.minimum, issue.origin);
    case "too_big":
      return bounded("at most", issue.maximum, issue.origin);
    case "invalid_format":
      return issue.format === "regex" ? `does not match ${issue.pattern}` : `expected a valid ${issue.format}`;
    default:
      return issue.message.replace(/^Invalid input: /, "");
  }
}

/** `"a", "b" or "c"`. */
function oneOf(values: readonly unknown[]): string {
  const words = values.map((each) => (typeof each === "bigint" ? String(each) : JSON.stringify(each)));
  const last = words.pop() ?? "nothing";
  return words.length === 0 ? last : `${words.join(", ")} or ${last}`;
}

function bounded(words: string, limit: number | bigint, origin: string): string {
  if (origin === "string") return limit === 1 ? "must not be empty" : `must have ${words} ${limit} characters`;
  if (origin === "array" || origin === "set") return `must have ${words} ${limit} ${limit === 1 ? "item" : "items"}`;
  return `must be ${words} ${limit}`;
}

/** The fixed list of texts that is allowed; empty where there is none. */
function allowedTexts(issue: Issue): string[] {
  if (issue.code !== "invalid_value" && issue.code !== "invalid_union") return [];
  // zod lists a discriminator's values here; its types do not say so.
  const { values, options } = issue as { readonly values?: readonly unknown[]; readonly options?: readonly unknown[] };
  return (values ?? options ?? []).filter((each) => typeof each === "string");
}

function wanted(issue: Issue): ("number" | "boolean")[] {
  const sorts = issue.code === "invalid_value" ? issue.values.map((each) => typeof each) : [];
  const expected = issue.code === "invalid_type" ? issue.expected : undefined;
  const isNumber = expected === "number" || expected === "int" || sorts.includes("number");
  const isBoolean = expected === "boolean" || sorts.includes("boolean");
  return [...(isNumber ? (["number"] as const) : []), ...(isBoolean ? (["boolean"] as const) : [])];
}

/** Completes an expectation with what was found. */
function sentence(said: string, value: unknown, texts: readonly string[]): string {
  if (!said.startsWith("expected ")) return said;
  if (value === undefined) return `is missing; ${said}`;
  // Only short words are shown: a credential that slipped into this place is none.
  if (texts.length > 0 && typeof value === "string" && /^[\w.-]{1,32}$/.test(value) && nearest(value, texts))
    return `${said}, found "${value}"${didYouMean(value, texts)}`;
  const found = `${said}, found ${describeValue(value)}`;
  if (typeof value === "string" && value !== "" && /a (whole )?number/.test(said) && Number.isFinite(Number(value)))
    return `${found}; remove the quotes`;
  const isPlain = typeof value === "number" || typeof value === "boolean";
  return isPlain && /^expected text\b/.test(said) ? `${found}; put it in quotes` : found;
}
