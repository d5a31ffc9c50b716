/**
 * Expands `${…}` in every text of a tree.
 *
 * What is missing stays in the tree as a fault of that value: a later file may replace the value, and then nothing is
 * wrong. Whatever faults are left after merging are told all at once.
 */
import { nearest } from "../core/nearest.ts";
import type { FileEnvironment } from "./environment.ts";
import { interpolateAround } from "./input-references.ts";
import { hasReferences, interpolate, type TextProblem } from "./interpolate.ts";
import type { Fault, MapEntry, Node, ScalarNode } from "./tree.ts";

/** Guesses of what was meant are made for so many missing variables; a thousand misspelt ones are another mistake. */
const GUESSES = 20;

/** Whether a place is in what a named operation asks, where `${input.…}` has a meaning. */
const isAsked = ([top, , field, , part]: readonly string[]): boolean =>
  top === "connectors" && field === "operations" && part === "with";

/** The tree with its references replaced by what they stand for. */
export async function expandTree(root: Node, environment: FileEnvironment): Promise<Node> {
  const names = new Set(environment.names());
  let guesses = GUESSES;

  const withGuess = (message: string): string => {
    const name = /^variable (\w+) is not set/.exec(message)?.[1];
    if (name === undefined || guesses-- <= 0) return message;
    const close = nearest(name, names);
    return close === undefined ? message : `${message}; did you mean ${close}?`;
  };

  const scalar = async (node: ScalarNode, path: readonly string[]): Promise<ScalarNode> => {
    const { value, placeOf, origin } = node;
    if (placeOf === undefined || typeof value !== "string" || !hasReferences(value)) return node;
    const expanded = await (isAsked(path) ? interpolateAround : interpolate)(value, environment);
    if ("text" in expanded) return { kind: "scalar", origin, value: expanded.text, isExpanded: true };
    const fault = ({ at, message }: TextProblem): Fault => ({ origin: placeOf(at), message: withGuess(message) });
    return { kind: "scalar", origin, value: undefined, faults: expanded.problems.map(fault) };
  };

  const expand = async (node: Node, path: readonly string[]): Promise<Node> => {
    if (node.kind === "scalar") return scalar(node, path);
    if (node.kind === "list") {
      const items: Node[] = [];
      for (const [at, item] of node.items.entries()) items.push(await expand(item, [...path, String(at)]));
      return { ...node, items };
    }
    const entries = new Map<string, MapEntry>();
    for (const [key, entry] of node.entries)
      entries.set(key, { ...entry, node: await expand(entry.node, [...path, key]) });
    return { ...node, entries };
  };

  return expand(root, []);
}
