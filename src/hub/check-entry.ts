/** One connector of a configuration: its provider found, its settings checked, every problem with its place. */
import { dirname, resolve } from "node:path";
import { entrySchema, type ParsedEntry } from "../config/entry.ts";
import { mergeNodes } from "../config/merge.ts";
import type { Origin } from "../config/origin.ts";
import { parseTree, type Parsed } from "../config/parse-tree.ts";
import type { ConfigProblem } from "../config/problem.ts";
import { eachScalar, nameOrigin, nodeAt, plainOf, replaceAt, type MapNode, type Node } from "../config/tree.ts";
import { registry } from "../connectors/registry.ts";
import { connectionKeys } from "../connectors/settings.ts";
import { CONNECTOR_TYPES, type ConnectorType } from "../core/definition.ts";
import { describeValue, problemsIn } from "../core/issues.ts";
import { nearest } from "../core/nearest.ts";
import { loadedByHand, loadedDefined, type LoadedConnector } from "./loaded-connector.ts";
import { loadPicker } from "./named-operations/answer.ts";
import { resolveProvider, type ResolvedProvider } from "./resolve.ts";

export interface CheckedEntry {
  /** `undefined` where there are problems. */
  readonly connector: LoadedConnector | undefined;
  readonly problems: readonly ConfigProblem[];
}

/** Checks one entry; `overrides` are the settings that code adds for connectors by name, as a tree. */
export async function checkEntry(node: Node, overrides: Node): Promise<CheckedEntry> {
  const problems: ConfigProblem[] = [];
  if (node.kind !== "map") {
    const message = `expected a map that begins with \`name:\`, found ${describeValue(plainOf(node))}`;
    return { connector: undefined, problems: [{ origin: node.origin, path: [], message }] };
  }
  const writtenName = textAt(node, "name");
  const tell = (origin: Origin, path: readonly PropertyKey[], message: string): void =>
    void problems.push({ origin, connector: writtenName, path, message });
  eachScalar(node, ({ faults }, path) => faults?.forEach(({ origin, message }) => tell(origin, path, message)));

  const entry = parseTree(withNamedProvider(node), parseEntry);
  for (const { origin, path, message } of entry.problems) tell(origin, path, message);

  const resolved = await provided(node, tell);
  if (resolved === undefined) return { connector: undefined, problems };
  const type = CONNECTOR_TYPES.find((each) => each === textAt(node, "type"));
  checkType(type, resolved, (message) => tell(nodeAt(node, ["type"])!.origin, ["type"], message));
  if (!isHalf(node, "connection") || !isHalf(node, "options")) return { connector: undefined, problems };

  const override = writtenName === undefined ? undefined : nodeAt(overrides, [writtenName]);
  const tree = override?.kind === "map" ? mergeNodes(node, halvesOf(override, node, resolved)) : node;
  await loadPicker(entry.value?.operations);
  const facts = { name: writtenName ?? "", type: type ?? "custom", entry: entry.value };
  const { connector, problems: wrong } =
    "defined" in resolved ? loadedDefined(tree, resolved, facts) : loadedByHand(tree, resolved, facts);
  for (const { origin, path, message } of wrong) tell(origin, path, message);
  return { connector: problems.length === 0 ? connector : undefined, problems };
}

type Tell = (origin: Origin, path: readonly PropertyKey[], message: string) => void;

async function provided(node: MapNode, tell: Tell): Promise<ResolvedProvider | undefined> {
  const at = nodeAt(node, ["provider"]);
  const written = textAt(node, "type") ?? "";
  // With a misspelt type the one that was meant tells what else is wrong.
  const type = CONNECTOR_TYPES.find((each) => each === written) ?? nearest(written, CONNECTOR_TYPES);
  const provider = at?.kind === "scalar" && at.faults === undefined ? at.value : undefined;
  // What is no provider, and a missing one without a usable type, is complained of by the entry's schema.
  if (at === undefined ? type === undefined : !isProvider(provider)) return undefined;
  const origin = at?.origin ?? nameOrigin(node, ["name"]);
  const folder = origin.from === "file" ? dirname(resolve(origin.file)) : process.cwd();
  const found = await resolveProvider({ provider, type: type ?? "custom", folder });
  if (!("refusal" in found)) return found;
  tell(origin, ["provider"], found.refusal);
  return undefined;
}

const isProvider = (value: unknown): boolean =>
  typeof value === "function" || (typeof value === "string" && value !== "");

/** A provider of ours has one type; a connector from elsewhere may be called `custom` as well. */
function checkType(
  type: ConnectorType | undefined,
  resolved: ResolvedProvider,
  refuse: (message: string) => void,
): void {
  const own = ownType(resolved);
  if (type === undefined || own === undefined || own === type) return;
  const isOurs = registry.some(({ provider }) => provider === resolved.provider);
  if (type === "custom" && !isOurs) return;
  const allowed = isOurs || own === "custom" ? `"${own}"` : `"${own}" or "custom"`;
  refuse(`"${type}" does not fit provider "${resolved.provider}"; expected ${allowed}`);
}

/** `undefined` for a class written by hand that does not say. */
function ownType(resolved: ResolvedProvider): ConnectorType | undefined {
  if ("defined" in resolved) return resolved.defined.definition.type;
  const { type } = resolved.byHand as { readonly type?: unknown };
  return CONNECTOR_TYPES.find((each) => each === type);
}

/** Flat overrides in the halves that YAML has. */
function halvesOf(override: MapNode, node: MapNode, resolved: ResolvedProvider): MapNode {
  const written = nodeAt(node, ["connection"]);
  const names =
    "defined" in resolved
      ? connectionKeys(resolved.defined.definition)
      : [...(written?.kind === "map" ? written.entries.keys() : [])];
  const entries = [...override.entries];
  const half = (isIn: boolean): MapNode => ({
    kind: "map",
    origin: override.origin,
    entries: new Map(entries.filter(([key]) => names.includes(key) === isIn)),
  });
  const halves = { connection: half(true), options: half(false) };
  return {
    kind: "map",
    origin: override.origin,
    entries: new Map(
      Object.entries(halves)
        .filter(([, { entries: inside }]) => inside.size > 0)
        .map(([key, inside]) => [key, { keyOrigin: override.origin, node: inside }]),
    ),
  };
}

const isHalf = (node: MapNode, name: string): boolean => {
  const at = nodeAt(node, [name]);
  return at === undefined || at.kind === "map" || (at.kind === "scalar" && at.value === null);
};

function textAt(node: Node, name: string): string | undefined {
  const at = nodeAt(node, [name]);
  return at?.kind === "scalar" && typeof at.value === "string" ? at.value : undefined;
}

/** The entry as YAML could write it: a class by its name. */
function withNamedProvider(node: MapNode): Node {
  const at = nodeAt(node, ["provider"]);
  if (at?.kind !== "scalar" || typeof at.value !== "function") return node;
  return replaceAt(node, ["provider"], { kind: "scalar", origin: at.origin, value: at.value.name || "custom" });
}

function parseEntry(value: unknown): Parsed<ParsedEntry> {
  // `connection:` with nothing behind it is an empty map; other names must say something.
  const { connection, options, ...rest } = value as Record<string, unknown>;
  const given = { ...rest, ...(connection !== null && { connection }), ...(options !== null && { options }) };
  const parsed = entrySchema.safeParse(given, { reportInput: false });
  if (parsed.success) return { value: parsed.data };
  return { problems: problemsIn(parsed.error, entrySchema, given) };
}
