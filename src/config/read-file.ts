/** One file of a configuration: read once, expanded as often as what its `${…}` stand for may have changed. */
import { describeValue, unknownName } from "../core/issues.ts";
import { configSchema } from "./entry.ts";
import { environmentOf, type Variables } from "./environment.ts";
import { expandTree } from "./expand.ts";
import type { Origin } from "./origin.ts";
import type { ConfigProblem } from "./problem.ts";
import { readText, type ReadText } from "./read-text.ts";
import { plainOf, type Fault, type MapNode, type Node } from "./tree.ts";
import { readYaml } from "./yaml.ts";

/** What came of a file, or of an object in its place. */
export interface LoadedPart {
  /** One node a connector. */
  readonly connectors: readonly Node[];
  readonly problems: readonly ConfigProblem[];
  /** Whether something could not be read at all, so that anything found beyond it could be its consequence. */
  readonly isBroken: boolean;
}

/** A file with its values, and where those came from. */
export interface LoadedFile extends LoadedPart {
  /** Other files that values were read from; also those that are not there, such as an absent `.env`. */
  readonly valueFiles: readonly string[];
}

/** A file that has been read; `expand` looks up anew what its `${…}` stand for. */
export interface ReadFile {
  expand(variables: Variables): Promise<LoadedFile>;
}

const CONFIG_BYTES = 16 * 2 ** 20;

export const asProblem = ({ origin, message }: Fault): ConfigProblem => ({ origin, path: [], message });

/** Nothing came of it, and this is why. */
export const broken = (...faults: readonly Fault[]): LoadedPart => ({
  connectors: [],
  problems: faults.map(asProblem),
  isBroken: true,
});

/** Reads a file. What is wrong with it is told by `expand`. */
export async function readFile(file: string): Promise<ReadFile> {
  const top: Origin = { from: "file", file, line: 1, column: 1 };
  const never = (...faults: readonly Fault[]): ReadFile => ({
    expand: async () => ({ ...broken(...faults), valueFiles: [] }),
  });
  const read = await readText(file, CONFIG_BYTES);
  if ("problem" in read) return never({ origin: top, message: `the file ${read.problem}` });
  const { tree, faults } = await readYaml(read.text, file);
  if (tree === undefined && faults.length > 0) return never(...faults);
  if (tree === undefined) return never({ origin: top, message: "the file is empty; it begins with `connectors:`" });
  const pipes = new Map<string, ReadText>();
  return {
    async expand(variables) {
      const environment = await environmentOf(file, variables, pipes);
      if ("problem" in environment) {
        const origin = { ...top, file: environment.file };
        return { ...broken({ origin, message: `the file ${environment.problem}` }), valueFiles: [environment.file] };
      }
      const found = connectorsOf(await expandTree(tree, environment), top);
      const problems = [...faults.map(asProblem), ...found.problems];
      return { ...found, problems, valueFiles: [...environment.files] };
    },
  };
}

/** The list under `connectors`, and what is wrong around it. */
export function connectorsOf(root: Node, top: Origin): LoadedPart {
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
