/** A configuration, read, merged, checked and resolved: everything that is known before a connector is made. */
import { loadFiles, loadObject, type LoadedTree } from "../config/load.ts";
import type { Origin } from "../config/origin.ts";
import { configError, formatProblem, type ConfigProblem } from "../config/problem.ts";
import { nodeAt, plainOf, treeOf, type Node } from "../config/tree.ts";
import type { ConnectorType } from "../core/definition.ts";
import type { ConnectorError } from "../core/errors.ts";
import { didYouMean } from "../core/issues.ts";
import { auditConfiguration } from "./audit-configuration.ts";
import { checkEntry } from "./check-entry.ts";
import type { LoadedConnector } from "./loaded-connector.ts";
import type { AnyConnectorClass } from "./resolve.ts";

/** A connector as code writes it; YAML has the same names. */
export interface ConnectorEntry {
  readonly name: string;
  readonly type: ConnectorType;
  /** A provider's name, an npm package, a path (from the working directory), or a class. */
  readonly provider?: string | AnyConnectorClass | undefined;
  readonly connection?: Readonly<Record<string, unknown>> | undefined;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Whether the hub is unhealthy when this connector is. Default: true. */
  readonly required?: boolean | undefined;
  /** `lazy` connects on first use, `eager` when the hub opens. Default: the hub's, which is `lazy`. */
  readonly connect?: "lazy" | "eager" | undefined;
}

/** A configuration as code writes it; a YAML file has the same shape. */
export interface HubConfig {
  readonly connectors: readonly ConnectorEntry[];
}

/** One file or several, of which later ones win; or an object. */
export type ConfigSource = string | URL | readonly (string | URL)[] | HubConfig;

/** What a configuration is read with. */
export interface LoadOptions {
  /** Instead of `process.env`. Wins over the `.env` beside a file. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Settings by connector, in the flat names of its constructor; they win over the files. */
  readonly overrides?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/** A configuration that has been read, merged and checked. */
export interface LoadedConfig {
  /** The files read, as they were named. */
  readonly files: readonly string[];
  /** Other files that values came from, as full paths: `.env` (there or not) and each `${file:…}`. */
  readonly valueFiles: readonly string[];
  readonly connectors: readonly LoadedConnector[];
  /**
   * The same configuration with the values that its `${…}` have now; changes of its own text are not looked at. Connectors
   * whose values are missing or wrong now are as they were.
   */
  refresh(): Promise<RefreshedConfig>;
}

/** A configuration with new values, as far as they are right. */
export interface RefreshedConfig extends LoadedConfig {
  /** What is wrong with the values of which connectors. */
  readonly broken: ReadonlyMap<string, ConnectorError>;
}

/**
 * Reads and checks a configuration without opening anything. Throws one `config_invalid` that lists every problem with
 * its place; `problemsOf(error)` gives them as data.
 */
export async function loadConfig(source: ConfigSource, options: LoadOptions = {}): Promise<LoadedConfig> {
  const config = await readConfig(source, options);
  auditConfiguration("configuration loaded", config);
  return config;
}

/** As `loadConfig`, and tells no auditor: nothing of it is in force yet. */
export async function readConfig(source: ConfigSource, options: LoadOptions = {}): Promise<LoadedConfig> {
  const { env = process.env, overrides = {} } = options;
  const sources = typeof source === "string" || source instanceof URL ? [source] : source;
  return check(isList(sources) ? await loadFiles(sources, env) : loadObject(sources), overrides);
}

type Overrides = NonNullable<LoadOptions["overrides"]>;

async function check(found: LoadedTree, overrides: Overrides): Promise<LoadedConfig> {
  if (found.isBroken) throw configError(inOrder(found.problems, found.files));
  const originOf = (path: readonly PropertyKey[]): Origin => ({
    from: "override",
    path: ["overrides", ...path].map(String).join("."),
  });
  const tree = treeOf(overrides, originOf);
  const checked = await Promise.all(found.connectors.map((node) => checkEntry(node, tree)));
  const names = found.connectors.flatMap((node) => nodeAt(node, ["name"]) ?? []).map((node) => String(plainOf(node)));
  const problems = [
    ...found.problems,
    ...checked.flatMap((each) => each.problems),
    ...Object.keys(overrides)
      .filter((name) => !names.includes(name))
      .map((name) => ({
        origin: originOf([name]),
        path: [],
        message: `there is no connector "${name}"${didYouMean(name, names)}`,
      })),
  ].map((problem) => orMisnamed(problem, names, found.files));
  if (problems.length > 0) throw configError(inOrder(problems, found.files));
  return configOf(
    found,
    checked.flatMap(({ connector }) => connector ?? []),
    tree,
  );
}

function configOf(found: LoadedTree, connectors: readonly LoadedConnector[], overrides: Node): LoadedConfig {
  const { files, valueFiles } = found;
  return { files, valueFiles, connectors, refresh: async () => refresh(await found.refresh(), connectors, overrides) };
}

/** The text is the same as before, so only the values of single connectors can be wrong. */
async function refresh(
  found: LoadedTree,
  before: readonly LoadedConnector[],
  overrides: Node,
): Promise<RefreshedConfig> {
  if (found.isBroken) throw configError(inOrder(found.problems, found.files));
  const checked = await Promise.all(found.connectors.map((node) => checkEntry(node, overrides)));
  const broken = new Map<string, ConnectorError>();
  const connectors = before.map((old, at) => {
    const { connector, problems = [] } = checked[at] ?? {};
    if (connector !== undefined) return connector;
    broken.set(old.name, configError(inOrder(problems, found.files)));
    return old;
  });
  return { ...configOf(found, connectors, overrides), broken };
}

/** In a later file, an entry that is not whole is most likely meant for a connector of an earlier one. */
function orMisnamed(problem: ConfigProblem, names: readonly string[], files: readonly string[]): ConfigProblem {
  const { connector, path, message } = problem;
  if (files.length < 2 || connector === undefined || path[0] !== "type" || !message.startsWith("is missing"))
    return problem;
  const others = names.filter((name) => name !== connector);
  return { ...problem, message: `${message}, for a connector of its own${didYouMean(connector, others)}` };
}

const isList = (value: unknown): value is readonly (string | URL)[] => Array.isArray(value);

/** File by file from top to bottom, then code; each once, though an alias may have led to it twice. */
function inOrder(problems: readonly ConfigProblem[], files: readonly string[]): ConfigProblem[] {
  const once = [...new Map(problems.map((problem) => [formatProblem(problem), problem])).values()];
  const rank = ({ origin }: ConfigProblem): readonly number[] =>
    origin.from === "file" ? [files.indexOf(origin.file), origin.line, origin.column] : [files.length, 0, 0];
  return once.sort((a, b) => {
    const [left, right] = [rank(a), rank(b)];
    return left.map((value, at) => value - right[at]!).find((difference) => difference !== 0) ?? 0;
  });
}
