/**
 * A configuration as a tree in which every value knows where it was written.
 *
 * Files, code and overrides become such trees; they are merged and checked as trees, so that a problem found last, by a
 * connector's own schema, still points at the line in the file that caused it.
 */
import { isPlainObject } from "../core/plain-object.ts";
import type { Origin } from "./origin.ts";

export interface ScalarNode {
  readonly kind: "scalar";
  readonly origin: Origin;
  /** Text, a number, a boolean, null; in code anything that is neither a plain object nor an array. */
  readonly value: unknown;
  /** Where a character of the value stands in its file; only of text that may hold `${…}`. */
  readonly placeOf?: (at: number) => Origin;
  /** The text came out of `${…}`: it may stand for a number or a boolean, and it is never shown. */
  readonly isExpanded?: boolean;
  /** Why there is no value; what a schema says about its absence is then beside the point. */
  readonly faults?: readonly Fault[];
}

export interface MapNode {
  readonly kind: "map";
  readonly origin: Origin;
  readonly entries: ReadonlyMap<string, MapEntry>;
}

export interface ListNode {
  readonly kind: "list";
  readonly origin: Origin;
  readonly items: readonly Node[];
}

export interface MapEntry {
  /** Where the name stands. */
  readonly keyOrigin: Origin;
  readonly node: Node;
}

export type Node = ScalarNode | MapNode | ListNode;

/** Something wrong at one place of a tree. */
export interface Fault {
  readonly origin: Origin;
  readonly message: string;
}

/** The tree's value, without its places. */
export function plainOf(node: Node): unknown {
  if (node.kind === "scalar") return node.value;
  if (node.kind === "list") return node.items.map(plainOf);
  return Object.fromEntries([...node.entries].map(([key, entry]) => [key, plainOf(entry.node)]));
}

/** What stands at `path`; `undefined` where nothing does. */
export function nodeAt(node: Node | undefined, path: readonly PropertyKey[]): Node | undefined {
  return path.reduce<Node | undefined>((at, key) => {
    if (at?.kind === "map") return at.entries.get(String(key))?.node;
    return at?.kind === "list" ? at.items[Number(key)] : undefined;
  }, node);
}

/** Where the name stands that leads to `path`, or the deepest one on the way that is there. */
export function nameOrigin(root: Node, path: readonly PropertyKey[]): Origin {
  let at: Node | undefined = root;
  let { origin } = root;
  for (const key of path) {
    const entry: MapEntry | undefined = at?.kind === "map" ? at.entries.get(String(key)) : undefined;
    const item: Node | undefined = at?.kind === "list" ? at.items[Number(key)] : entry?.node;
    if (item === undefined) break;
    origin = entry?.keyOrigin ?? item.origin;
    at = item;
  }
  return origin;
}

/** The tree with `leaf` at `path`, which must be there. */
export function replaceAt(node: Node, path: readonly PropertyKey[], leaf: Node): Node {
  const [key, ...rest] = path;
  if (key === undefined) return leaf;
  if (node.kind === "list")
    return {
      ...node,
      items: node.items.map((item, at) => (at === Number(key) ? replaceAt(item, rest, leaf) : item)),
    };
  if (node.kind === "scalar") return node;
  const entry = node.entries.get(String(key));
  if (entry === undefined) return node;
  const entries = new Map(node.entries).set(String(key), { ...entry, node: replaceAt(entry.node, rest, leaf) });
  return { ...node, entries };
}

/** Calls `visit` with every scalar and its path. */
export function eachScalar(
  node: Node,
  visit: (scalar: ScalarNode, path: readonly PropertyKey[]) => void,
  path: readonly PropertyKey[] = [],
): void {
  if (node.kind === "scalar") visit(node, path);
  else if (node.kind === "list") node.items.forEach((item, at) => eachScalar(item, visit, [...path, at]));
  else for (const [key, entry] of node.entries) eachScalar(entry.node, visit, [...path, key]);
}

/** Nothing that people configure is nested deeper. */
export const DEEPEST = 64;

/** A tree of a value from code; `originOf` names the place of a path in it. */
export function treeOf(
  value: unknown,
  originOf: (path: readonly PropertyKey[]) => Origin,
  path: readonly PropertyKey[] = [],
): Node {
  const origin = originOf(path);
  const inside = (key: PropertyKey, item: unknown): Node => treeOf(item, originOf, [...path, key]);
  if (path.length > DEEPEST)
    return {
      kind: "scalar",
      origin,
      value: undefined,
      faults: [{ origin, message: `nested deeper than ${DEEPEST} levels` }],
    };
  if (Array.isArray(value)) return { kind: "list", origin, items: value.map((item, at) => inside(at, item)) };
  if (!isPlainObject(value)) return { kind: "scalar", origin, value };
  const entries = Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([key, item]) => [key, { keyOrigin: originOf([...path, key]), node: inside(key, item) }] as const);
  return { kind: "map", origin, entries: new Map(entries) };
}
