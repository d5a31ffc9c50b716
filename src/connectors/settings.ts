/**
 * From what a user wrote to what a connector gets.
 *
 * Code passes one flat object; YAML splits it into `connection` and `options`. Both end here, as the connector's own
 * connection and options plus the settings of the policies, checked against the schemas in one go.
 */
import type { z } from "zod";
import type { Definition } from "../core/definition.ts";
import { ConnectorError } from "../core/errors.ts";
import { describeValue, problemsIn, unknownName, type ValueProblem } from "../core/issues.ts";
import { nearest } from "../core/nearest.ts";
import { namedOperationProblems } from "../policies/named-operations.ts";
import { policySettings, type PolicySettings } from "../policies/pipeline.ts";

export interface Settings {
  readonly connection: Readonly<Record<string, unknown>>;
  readonly options: Readonly<Record<string, unknown>>;
  readonly policies: PolicySettings;
}

/** The two halves as YAML writes them. */
export interface RawSettings {
  readonly connection: unknown;
  readonly options: unknown;
}

type Shape = Readonly<Record<string, unknown>>;

const keysOf = (shape: Shape | undefined): readonly string[] => Object.keys(shape ?? {});

/** Names that `connection` takes. */
export const connectionKeys = (definition: Definition): readonly string[] => keysOf(definition.connection.shape);
/** Names that `options` takes: the connector's own and the policies'. */
export const optionKeys = (definition: Definition): readonly string[] => [
  ...keysOf(definition.options?.shape),
  ...keysOf(policySettings.shape),
];

/** Splits the flat object of a constructor; unknown names stay in `options`, where they are reported. */
export function splitFlat(definition: Definition, flat: Shape): RawSettings {
  const isConnection = new Set(connectionKeys(definition));
  const entries = Object.entries(flat).filter(([, value]) => value !== undefined);
  return {
    connection: Object.fromEntries(entries.filter(([key]) => isConnection.has(key))),
    options: Object.fromEntries(entries.filter(([key]) => !isConnection.has(key))),
  };
}

/** Parses both halves; all problems at once. */
export function parseSettings(
  definition: Definition,
  raw: RawSettings,
): { readonly settings: Settings } | { readonly problems: readonly ValueProblem[] } {
  const problems: ValueProblem[] = [];
  const connection = check(definition.connection, raw.connection ?? {}, "connection", problems);
  const given = raw.options ?? {};
  let own: unknown = {};
  let policies: unknown;
  if (typeof given !== "object" || Array.isArray(given))
    problems.push({ path: ["options"], message: `expected a map, found ${describeValue(given)}` });
  else {
    const isPolicy = new Set(keysOf(policySettings.shape));
    const isOwn = new Set(keysOf(definition.options?.shape));
    const entries = Object.entries(given);
    const allowed = optionKeys(definition);
    for (const [key] of entries)
      if (!isPolicy.has(key) && !isOwn.has(key))
        problems.push({ path: ["options", key], message: unknownName(key, allowed), allowed });
    policies = check(
      policySettings,
      Object.fromEntries(entries.filter(([key]) => isPolicy.has(key))),
      "options",
      problems,
    );
    if (policies !== undefined)
      // What the schema let through has its type.
      for (const { path, ...problem } of namedOperationProblems(policies as PolicySettings, definition.operations))
        problems.push({ path: ["options", ...path], ...problem });
    if (definition.options !== undefined)
      own = check(
        definition.options,
        Object.fromEntries(entries.filter(([key]) => isOwn.has(key))),
        "options",
        problems,
      );
  }
  if (problems.length > 0) return { problems: problems.map((problem) => orMisplaced(problem, definition)) };
  const settings = { connection, options: own, policies };
  for (const half of Object.values(settings)) Object.freeze(half);
  // Each half has been parsed by the schema that gives these types.
  return { settings: Object.freeze(settings) as Settings };
}

/** Parses the flat object of a constructor or throws one error that names everything wrong with it. */
export function settingsOf(definition: Definition, flat: Shape): Settings {
  if (typeof flat !== "object" || Array.isArray(flat))
    throw refusal(definition, [`expected a map, found ${describeValue(flat)}`]);
  const result = parseSettings(definition, splitFlat(definition, flat));
  if ("settings" in result) return result.settings;
  const all = [...connectionKeys(definition), ...optionKeys(definition)];
  const lines = result.problems.map(({ path: [, ...path], message, allowed }) => {
    const isUnknown = allowed !== undefined && path.length === 1;
    const said = isUnknown ? unknownName(String(path[0]), all) : message;
    // A rule about the whole has no place.
    return path.length === 0 ? said : `${path.join(".")}: ${said}`;
  });
  throw refusal(definition, lines);
}

function refusal({ title, provider }: Definition, lines: readonly string[]): ConnectorError {
  const message = `Invalid configuration of ${title}: ${lines.join("; ")}`;
  return new ConnectorError("config_invalid", message, { connector: provider, outcome: "none" });
}

function check(schema: z.ZodObject, value: unknown, half: string, problems: ValueProblem[]): unknown {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  for (const problem of problemsIn(result.error, schema, value))
    problems.push({ ...problem, path: [half, ...problem.path] });
  return undefined;
}

/** Says so where a name, or the one that was meant, stands in the other half. */
function orMisplaced(problem: ValueProblem, definition: Definition): ValueProblem {
  const [half, key, ...deeper] = problem.path;
  if (problem.allowed === undefined || deeper.length > 0) return problem;
  const name = String(key);
  const [other, names] =
    half === "connection" ? ["options", optionKeys(definition)] : ["connection", connectionKeys(definition)];
  if (names.includes(name)) return { ...problem, message: `belongs under "${other}", not under "${String(half)}"` };
  const close = nearest(name, problem.allowed) === undefined ? nearest(name, names) : undefined;
  if (close === undefined) return problem;
  return { ...problem, message: `unknown name "${name}"; did you mean "${close}", under "${other}"?` };
}
