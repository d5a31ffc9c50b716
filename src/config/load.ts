/** From files, or an object, to the connectors they describe: read, expanded, merged; not yet checked one by one. */
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describeValue, unknownName } from "../core/issues.ts";
import { configSchema } from "./entry.ts";
import { environmentOf, type Variables } from "./environment.ts";
import { expandTree } from "./expand.ts";
import { mergeConnectors } from "./merge.ts";
import type { Origin } from "./origin.ts";
import type { ConfigProblem } from "./problem.ts";
import { readText } from "./read-text.ts";
import { plainOf, treeOf, type Fault, type MapNode, type Node } from "./tree.ts";
import { readYaml } from "./yaml.ts";

export interface LoadedTree {
  /** As they were named. */
  readonly files: readonly string[];
  /** One node a connector. */
  readonly connectors: readonly Node[];
  readonly problems: readonly ConfigProblem[];
  /** Whether something could not be read at all, so that anything found beyond it could be its consequence. */
  readonly isBroken: boolean;
}

const CONFIG_BYTES = 16 * 2 ** 20;

const asProblem = ({ origin, message }: Fault): ConfigProblem => ({ origin, path: [], message });

/** Reads files; of several, the later win. */
export async function loadFiles(sources: readonly (string | URL)[], variables: Variables): Promise<LoadedTree> {
  const nameless = sources.findIndex((source) => !isFile(source));
  if (sources.length === 0 || nameless >= 0) {
    const origin: Origin = { from: "code", path: nameless > 0 ? `[${nameless}]` : "configuration" };
    const message = "expected the path of a file, a file: URL, or an object with connectors";
    return { files: [], ...broken({ origin, message }) };
  }
  const files = sources.map(nameOf);
  const trees = await Promise.all(files.map((file) => loadFile(file, variables)));
  const problems = trees.flatMap((tree) => tree.problems);
  const refuse = (fault: Fault, connector: string): void => void problems.push({ ...asProblem(fault), connector });
  const connectors = mergeConnectors(
    trees.map((tree) => tree.connectors),
    refuse,
  );
  return { files, connectors, problems, isBroken: trees.some((tree) => tree.isBroken) };
}

/** Takes an object from code. Nothing in it is expanded: code reads variables itself, and its values are what they are. */
export function loadObject(config: unknown): LoadedTree {
  const originOf = (path: readonly PropertyKey[]): Origin => ({ from: "code", path: inCode(path) });
  const found = connectorsOf(treeOf(config, originOf), originOf([]));
  const problems = [...found.problems];
  const refuse = (fault: Fault, connector: string): void => void problems.push({ ...asProblem(fault), connector });
  return { ...found, connectors: mergeConnectors([found.connectors], refuse), problems, files: [] };
}

type LoadedFile = Omit<LoadedTree, "files">;

/** Nothing came of it, and this is why. */
const broken = (...faults: readonly Fault[]): LoadedFile => ({
  connectors: [],
  problems: faults.map(asProblem),
  isBroken: true,
});

async function loadFile(file: string, variables: Variables): Promise<LoadedFile> {
  const top: Origin = { from: "file", file, line: 1, column: 1 };
  const read = await readText(file, CONFIG_BYTES);
  if ("problem" in read) return broken({ origin: top, message: `the file ${read.problem}` });
  const { tree, faults } = await readYaml(read.text, file);
  if (tree === undefined && faults.length > 0) return broken(...faults);
  if (tree === undefined) return broken({ origin: top, message: "the file is empty; it begins with `connectors:`" });
  const environment = await environmentOf(file, variables);
  if ("problem" in environment)
    return broken({ origin: { ...top, file: environment.file }, message: `the file ${environment.problem}` });
  const found = connectorsOf(await expandTree(tree, environment), top);
  return { ...found, problems: [...faults.map(asProblem), ...found.problems] };
}

/** The list under `connectors`, and what is wrong around it. */
function connectorsOf(root: Node, top: Origin): LoadedFile {
  if (root.kind !== "map") {
    const message = `expected a map that begins with \`connectors:\`, found ${describeValue(plainOf(root))}`;
    return broken({ origin: root.origin, message });
  }
  const faults = unknownNames(root);
  const entry = root.entries.get("connectors");
  if (entry === undefined)
    return broken(...faults, { origin: top, message: "connectors: is missing; expected a list of connectors" });
  const { node, keyOrigin } = entry;
  if (node.kind !== "list") {
    const found = describeValue(plainOf(node));
    const message = `connectors: expected a list, each item of which begins with \`- name:\`, found ${found}`;
    return broken(...faults, { origin: keyOrigin, message });
  }
  if (node.items.length === 0) faults.push({ origin: keyOrigin, message: "connectors: must have at least 1 item" });
  return { connectors: node.items, problems: faults.map(asProblem), isBroken: false };
}

function unknownNames(root: MapNode): Fault[] {
  const allowed = Object.keys(configSchema.shape);
  return [...root.entries]
    .filter(([name]) => !allowed.includes(name))
    .map(([name, { keyOrigin }]) => ({ origin: keyOrigin, message: unknownName(name, allowed) }));
}

const isFile = (source: unknown): boolean =>
  source instanceof URL ? source.protocol === "file:" : typeof source === "string" && source !== "";

/** How messages name a file: as the user did; a URL by its path, from here where it is below. */
function nameOf(source: string | URL): string {
  if (typeof source === "string") return source;
  const path = fileURLToPath(source);
  const fromHere = relative(process.cwd(), path);
  return fromHere.startsWith("..") || isAbsolute(fromHere) ? path : fromHere;
}

function inCode(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? String(key) : `${text}.${String(key)}`;
  }, "");
}
