/** A connector whose configuration is right: what is known of it before it is made, and how to make it. */
import type { ParsedEntry } from "../config/entry.ts";
import { parseDuration } from "../config/fields.ts";
import { DEFAULT, type Origin } from "../config/origin.ts";
import { parseTree, type Parsed, type PlacedProblem } from "../config/parse-tree.ts";
import { nameOrigin, nodeAt, plainOf, type Node } from "../config/tree.ts";
import type { ConnectorEnvironment } from "../connectors/connector-environment.ts";
import { DefinedConnector } from "../connectors/defined.ts";
import { parseSettings, type Settings } from "../connectors/settings.ts";
import type { ConnectorType, Definition } from "../core/definition.ts";
import { ConnectorError } from "../core/errors.ts";
import { keysOfPolicies } from "../policies/pipeline.ts";
import { constructByHand, definitionByHand, type Connectable } from "./adopt.ts";
import { concealed } from "./conceal.ts";
import { explainSettings, type ExplainedSetting } from "./explain.ts";
import { extendDefinition } from "./named-operations/extend.ts";
import type { AnyConnectorClass, DefinedClass } from "./resolve.ts";

/** A connector as the hub holds it. */
export interface MadeConnector {
  readonly connector: DefinedConnector;
  /** What was written by hand, underneath the connector that takes its calls. */
  readonly byHand?: Connectable;
}

/** One connector of a configuration, checked, and not made yet. */
export interface LoadedConnector {
  readonly name: string;
  readonly type: ConnectorType;
  /** As written, or the type's default; for a class, its own provider or name. */
  readonly provider: string;
  /** What code asks for by class: made by `defineConnector`, or written by hand. */
  readonly class: AnyConnectorClass | DefinedClass;
  readonly definition: Definition;
  /** As parsed, with defaults; secrets are `Secret`. */
  readonly settings: Settings;
  readonly required: boolean;
  /** `undefined`: as the hub says. */
  readonly connect: "lazy" | "eager" | undefined;
  /** Where a setting (`["options", "timeout"]`), an entry's own field (`["required"]`) or the entry (`[]`) was written. */
  origin(path: readonly string[]): Origin;
  /** Every setting in force, defaults too, in the order of the schemas: connection, the connector's options, policies. */
  explain(): readonly ExplainedSetting[];
  /** Makes the connector, without connecting it. Throws `config_invalid` where its class refuses. */
  make(environment: ConnectorEnvironment): MadeConnector;
}

/** What the entry says beside its settings. */
export interface EntryFacts {
  readonly name: string;
  readonly type: ConnectorType;
  /** `undefined` where something is wrong with it. */
  readonly entry: ParsedEntry | undefined;
}

interface Loaded {
  readonly connector: LoadedConnector | undefined;
  readonly problems: readonly PlacedProblem[];
}

interface Halves {
  readonly connection?: Readonly<Record<string, unknown>> | null | undefined;
  readonly options?: Readonly<Record<string, unknown>> | null | undefined;
}

// The caller has made sure that both are maps, empty or absent.
const halvesOf = (tree: Node): Halves => plainOf(tree) as Halves;
const flat = ({ connection, options }: Halves): Record<string, unknown> => ({ ...connection, ...options });

/** A connector of a class made by `defineConnector`. */
export function loadedDefined(
  node: Node,
  { provider, defined }: { readonly provider: string; readonly defined: DefinedClass },
  facts: EntryFacts,
): Loaded {
  const { definition, wrong } = extended(defined.definition, facts, node);
  const parsed = parseTree(node, (value) => parse(definition, value as Halves));
  const { value: settings, tree } = parsed;
  const problems = [...parsed.problems, ...wrong];
  if (settings === undefined || facts.entry === undefined || wrong.length > 0)
    return { connector: undefined, problems };
  const make = (environment: ConnectorEnvironment): MadeConnector => {
    const connector = new defined(flat(halvesOf(tree)), { ...environment, definition });
    if (connector.name === environment.name) return { connector };
    const message = `the constructor of ${defined.name} must pass its second argument on to super()`;
    throw new ConnectorError("config_invalid", message, { outcome: "none" });
  };
  return {
    connector: loaded(tree, { provider, class: defined, definition, settings, make }, facts, facts.entry),
    problems,
  };
}

/** With the operations that the entry adds; where something is wrong with them, without, and what it is. */
function extended(
  definition: Definition,
  { entry }: EntryFacts,
  tree: Node,
): { readonly definition: Definition; readonly wrong: readonly PlacedProblem[] } {
  const result = extendDefinition(definition, entry?.operations);
  if ("definition" in result) return { definition: result.definition, wrong: [] };
  const wrong = result.problems.map((problem) => ({
    ...problem,
    origin: nodeAt(tree, problem.path)?.origin ?? nameOrigin(tree, problem.path),
  }));
  return { definition, wrong };
}

/** A connector of a class written by hand. */
export function loadedByHand(
  node: Node,
  { provider, byHand }: { readonly provider: string; readonly byHand: AnyConnectorClass },
  facts: EntryFacts,
): Loaded {
  const written = halvesOf(node);
  const connection = Object.keys(written.connection ?? {});
  const options = Object.keys(written.options ?? {});
  const twice = options.filter((key) => connection.includes(key));
  if (twice.length > 0) return { connector: undefined, problems: twice.map((key) => saidTwice(node, key)) };
  const own = options.filter((key) => !keysOfPolicies.includes(key));
  const title = byHand.name === "" ? provider : byHand.name;
  const define = (declared: unknown, instance: () => Connectable): Definition =>
    definitionByHand({ provider, title, type: facts.type, connection, options: own }, declared, instance);
  const { operations } = byHand as { readonly operations?: unknown };
  const notMade = (): never => {
    throw new ConnectorError("internal", "This connector has not been made");
  };
  const { definition, wrong } = extended(define(operations, notMade), facts, node);
  // What came out of a variable is told by the tree; a policy's setting is none of the class's secrets.
  const hide = (halves: Halves): Halves => concealHalves(halves, node);
  const parsed = parseTree(node, (value) => parse(definition, hide(value as Halves)));
  const { value: settings, tree } = parsed;
  const problems = [...parsed.problems, ...wrong];
  if (settings === undefined || facts.entry === undefined || wrong.length > 0)
    return { connector: undefined, problems };
  const make = (environment: ConnectorEnvironment): MadeConnector => {
    const instance = constructByHand(byHand, flat(halvesOf(tree)));
    const declared = (instance as { readonly operations?: unknown }).operations ?? operations;
    const { definition: taken } = extended(
      define(declared, () => instance),
      facts,
      node,
    );
    return { connector: new DefinedConnector(taken, flat(hide(halvesOf(tree))), environment), byHand: instance };
  };
  return {
    connector: loaded(tree, { provider, class: byHand, definition, settings, make }, facts, facts.entry),
    problems,
  };
}

function parse(definition: Definition, { connection, options }: Halves): Parsed<Settings> {
  const result = parseSettings(definition, { connection, options });
  return "settings" in result ? { value: result.settings } : result;
}

function concealHalves({ connection, options }: Halves, tree: Node): Halves {
  const isExpanded = (half: string, path: readonly string[]): boolean => {
    const at = nodeAt(tree, [half, ...path]);
    return at?.kind === "scalar" && at.isExpanded === true;
  };
  const own = Object.entries(options ?? {}).map(([key, value]) => {
    const isPolicy = keysOfPolicies.includes(key);
    return [key, isPolicy ? value : concealed(value, (path) => isExpanded("options", path), [key])] as const;
  });
  return {
    connection: concealed(connection ?? {}, (path) => isExpanded("connection", path)) as Record<string, unknown>,
    options: Object.fromEntries(own),
  };
}

function saidTwice(tree: Node, key: string): PlacedProblem {
  const path = ["options", key];
  return { path, origin: nameOrigin(tree, path), message: "stands under connection as well; keep one" };
}

function loaded(
  tree: Node,
  known: Pick<LoadedConnector, "provider" | "class" | "definition" | "settings" | "make">,
  { name, type }: EntryFacts,
  { required, connect }: ParsedEntry,
): LoadedConnector {
  const origin = (path: readonly string[]): Origin => nodeAt(tree, path)?.origin ?? DEFAULT;
  const explain = (): ExplainedSetting[] =>
    explainSettings(known.definition, known.settings, (path, value) => originOfPart(tree, path, value));
  return { ...known, name, type, required, connect, origin, explain };
}

/** Where a setting was written, or the shorthand that says it for the map around it: `concurrency: 20`. */
function originOfPart(tree: Node, path: readonly string[], value: unknown): Origin {
  const node = nodeAt(tree, path);
  if (node !== undefined) return node.origin;
  const around = nodeAt(tree, path.slice(0, -1));
  const isShorthand = around?.kind === "scalar" && (around.value === value || parseDuration(around.value) === value);
  return isShorthand ? around.origin : DEFAULT;
}
