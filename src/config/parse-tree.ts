/**
 * Checks a tree with a schema.
 *
 * What `${…}` brings is text. Where a schema wants a number or a boolean and refuses that text, the text is read as one and
 * the tree is checked again; a text that is taken as text, such as a password of digits, stays text. Text that somebody
 * wrote in quotes is never converted.
 */
import type { ValueProblem } from "../core/issues.ts";
import type { Origin } from "./origin.ts";
import { eachScalar, nameOrigin, nodeAt, plainOf, replaceAt, type Node } from "./tree.ts";

export type Parsed<T> = { readonly value: T } | { readonly problems: readonly ValueProblem[] };

/** A problem with its place in a file. */
export interface PlacedProblem extends ValueProblem {
  readonly origin: Origin;
}

export interface ParsedTree<T> {
  /** `undefined` where there are problems. */
  readonly value: T | undefined;
  /** With what has been converted. */
  readonly tree: Node;
  readonly problems: readonly PlacedProblem[];
}

/** Parses the tree's value; what a fault of the tree explains is not told a second time. */
export function parseTree<T>(root: Node, parse: (value: unknown) => Parsed<T>): ParsedTree<T> {
  let tree = root;
  for (;;) {
    const result = parse(plainOf(tree));
    if ("value" in result) return { value: result.value, tree, problems: [] };
    const converted = result.problems.reduce(convert, tree);
    if (converted === tree) return { value: undefined, tree, problems: place(result.problems, tree) };
    tree = converted;
  }
}

function convert(tree: Node, { path, wants }: ValueProblem): Node {
  const node = nodeAt(tree, path);
  if (wants === undefined || node?.kind !== "scalar" || node.isExpanded !== true) return tree;
  const value = readAs(String(node.value), wants);
  return value === undefined ? tree : replaceAt(tree, path, { kind: "scalar", origin: node.origin, value });
}

function readAs(text: string, wants: readonly ("number" | "boolean")[]): number | boolean | undefined {
  const trimmed = text.trim();
  if (wants.includes("boolean") && (trimmed === "true" || trimmed === "false")) return trimmed === "true";
  const isNumber = /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(trimmed);
  return wants.includes("number") && isNumber ? Number(trimmed) : undefined;
}

function place(problems: readonly ValueProblem[], tree: Node): PlacedProblem[] {
  const faulty: (readonly PropertyKey[])[] = [];
  eachScalar(tree, ({ faults }, path) => {
    if (faults !== undefined) faulty.push(path);
  });
  const isExplained = ({ path, allowed, isRule }: ValueProblem): boolean =>
    allowed === undefined &&
    faulty.some((fault) => isRule === true || path.every((step, at) => String(step) === String(fault[at])));
  return problems
    .filter((problem) => !isExplained(problem))
    .map((problem) => ({ ...problem, origin: originOf(problem, tree) }));
}

/** A wrong name is shown where the name stands, a wrong value where the value does. */
function originOf({ path, allowed }: ValueProblem, tree: Node): Origin {
  const node = allowed === undefined ? nodeAt(tree, path) : undefined;
  return node?.kind === "scalar" ? node.origin : nameOrigin(tree, path);
}
