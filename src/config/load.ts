/** From files, or an object, to the connectors they describe: read, expanded, merged; not yet checked one by one. */
import { isAbsolute, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Variables } from "./environment.ts";
import { mergeConnectors } from "./merge.ts";
import type { Origin } from "./origin.ts";
import { asProblem, broken, connectorsOf, readFile, type LoadedPart, type ReadFile } from "./read-file.ts";
import { treeOf, type Fault } from "./tree.ts";

export interface LoadedTree extends LoadedPart {
  /** As they were named. */
  readonly files: readonly string[];
  /** Other files that values came from: `.env`, `${file:…}`. */
  readonly valueFiles: readonly string[];
  /** The same text with the values that its `${…}` have now. */
  refresh(): Promise<LoadedTree>;
}

/** Reads files; of several, the later win. */
export async function loadFiles(sources: readonly (string | URL)[], variables: Variables): Promise<LoadedTree> {
  const nameless = sources.findIndex((source) => !isFile(source));
  if (sources.length === 0 || nameless >= 0) {
    const origin: Origin = { from: "code", path: nameless > 0 ? `[${nameless}]` : "configuration" };
    const message = "expected the path of a file, a file: URL, or an object with connectors";
    return fixed(broken({ origin, message }));
  }
  const files = sources.map(nameOf);
  return expandAll(files, await Promise.all(files.map(readFile)), variables);
}

/** Takes an object from code. Nothing in it is expanded: code reads variables itself, and its values are what they are. */
export function loadObject(config: unknown): LoadedTree {
  const originOf = (path: readonly PropertyKey[]): Origin => ({ from: "code", path: inCode(path) });
  const found = connectorsOf(treeOf(config, originOf), originOf([]));
  return fixed(merged([found]));
}

async function expandAll(
  files: readonly string[],
  read: readonly ReadFile[],
  variables: Variables,
): Promise<LoadedTree> {
  const parts = await Promise.all(read.map((each) => each.expand(variables)));
  return {
    ...merged(parts),
    files,
    valueFiles: [...new Set(parts.flatMap((part) => part.valueFiles))],
    refresh: () => expandAll(files, read, variables),
  };
}

function merged(parts: readonly LoadedPart[]): LoadedPart {
  const problems = parts.flatMap((part) => part.problems);
  const refuse = (fault: Fault, connector: string): void => void problems.push({ ...asProblem(fault), connector });
  const connectors = mergeConnectors(
    parts.map((part) => part.connectors),
    refuse,
  );
  return { connectors, problems, isBroken: parts.some((part) => part.isBroken) };
}

/** What does not change by itself. */
function fixed(part: LoadedPart): LoadedTree {
  const tree: LoadedTree = { ...part, files: [], valueFiles: [], refresh: async () => tree };
  return tree;
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
