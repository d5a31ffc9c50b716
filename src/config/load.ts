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
    return { files: [], connectors: [], problems: [asProblem({ origin, message })], isBroken: true };
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

async function loadFile(file: string, variables: Variables): Promise<LoadedFile> {
  const top: Origin = { from: "file", file, line: 1, column: 1 };
  const broken = (origin: Origin, message: string): LoadedFile => ({
    connectors: [],
    problems: [asProblem({ origin, message })],
    isBroken: true,
  });
  const read = await readText(file, CONFIG_BYTES);
  if ("problem" in read) return broken(top, `the file ${read.problem}`);
  const { tree, faults } = await readYaml(read.text, file);
  if (tree === undefined && faults.length > 0)
    return { connectors: [], problems: faults.map(asProblem), isBroken: true };
  if (tree === undefined) return broken(top, "the file is empty; it begins with `connectors:`");
  const environment = await environmentOf(file, variables);
  if ("problem" in environment) {
    const origin: Origin = { from: "file", file: environment.file, line: 1, column: 1 };
    return broken(origin, `the file ${environment.problem}`);
  }
  const found = connectorsOf(await expandTree(tree, environment), top);
  return { ...found, problems: [...faults.map(asProblem), ...found.problems] };
}

/** The list under `connectors`, and what is wrong around it. */
function connectorsOf(root: Node, top: Origin): LoadedFile {
  const allowed = Object.keys(configSchema.shape);
  const broken = (origin: Origin, message: string): LoadedFile => ({
    connectors: [],
    problems: [asProblem({ origin, message })],
    isBroken: true,
  });
  if (root.kind !== "map") {
    const found = describeValue(plainOf(root));
    return broken(root.origin, `expected a map that begins with \`connectors:\`, found ${found}`);
  }
  const problems = unknownNames(root, allowed);
  const entry = root.entries.get("connectors");
  if (entry === undefined) {
    const missing = asProblem({ origin: top, message: "connectors: is missing; expected a list of connectors" });
    return { connectors: [], problems: [...problems, missing], isBroken: true };
  }
  const { node, keyOrigin } = entry;
  if (node.kind !== "list") {
    const found = describeValue(plainOf(node));
    const message = `connectors: expected a list, each item of which begins with \`- name:\`, found ${found}`;
    return { connectors: [], problems: [...problems, asProblem({ origin: keyOrigin, message })], isBroken: true };
  }
  if (node.items.length === 0)
    problems.push(asProblem({ origin: keyOrigin, message: "connectors: must have at least 1 item" }));
  return { connectors: node.items, problems, isBroken: false };
}

function unknownNames(root: MapNode, allowed: readonly string[]): ConfigProblem[] {
  return [...root.entries]
    .filter(([name]) => !allowed.includes(name))
    .map(([name, { keyOrigin }]) => asProblem({ origin: keyOrigin, message: unknownName(name, allowed) }));
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
