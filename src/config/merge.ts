/**
 * Several files as one: connectors are the same where their names are, and the later file wins.
 *
 * Maps are merged name by name; texts, numbers and lists are replaced whole; nothing (`timeout:` or `timeout: null`) takes a
 * setting back, so that the default holds again, as in RFC 7396. Every value keeps the place where it was written.
 */
import { formatOrigin } from "./origin.ts";
import { nodeAt, type Fault, type MapEntry, type MapNode, type Node } from "./tree.ts";

/** The connectors of several files as one list, in the order in which they are first named. */
export function mergeConnectors(
  lists: readonly (readonly Node[])[],
  refuse: (fault: Fault, connector: string) => void,
): Node[] {
  const merged: Node[] = [];
  const places = new Map<string, number>();
  for (const list of lists) {
    const inThisFile = new Map<string, Node>();
    for (const node of list) {
      const at = nodeAt(node, ["name"]);
      const name = at?.kind === "scalar" && typeof at.value === "string" ? at.value : undefined;
      const twin = name === undefined ? undefined : inThisFile.get(name);
      if (name !== undefined && twin !== undefined) {
        const message = `the name "${name}" is taken already, at ${formatOrigin(twin.origin)}`;
        refuse({ origin: at!.origin, message }, name);
        // Kept, so that whatever else is wrong with it is told in the same go.
        merged.push(node);
        continue;
      }
      if (name !== undefined) inThisFile.set(name, at!);
      const place = name === undefined ? undefined : places.get(name);
      if (place !== undefined) merged[place] = mergeNodes(merged[place]!, node);
      else {
        if (name !== undefined) places.set(name, merged.length);
        merged.push(node);
      }
    }
  }
  return merged;
}

/** `later` over `base`. */
export function mergeNodes(base: Node, later: Node): Node {
  if (base.kind !== "map" || later.kind !== "map") return later;
  return mergeMaps(base, later);
}

function mergeMaps(base: MapNode, later: MapNode): MapNode {
  const entries = new Map<string, MapEntry>(base.entries);
  for (const [name, entry] of later.entries) {
    const before = entries.get(name);
    const isTakenBack = entry.node.kind === "scalar" && entry.node.value === null;
    if (before === undefined) entries.set(name, entry);
    else if (isTakenBack) entries.delete(name);
    else entries.set(name, { keyOrigin: entry.keyOrigin, node: mergeNodes(before.node, entry.node) });
  }
  return { ...base, entries };
}
