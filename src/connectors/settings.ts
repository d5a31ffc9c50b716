/**
 * From what a user wrote to what a connector gets.
 *
 * Code passes one flat object; YAML splits it into `connection` and `options`. Both end here, as the connector's own
 * connection and options plus the settings of the policies, checked against the schemas in one go.
 */
import { z } from "zod";
import type { Definition } from "../core/definition.ts";
import { nearest } from "../core/nearest.ts";
import { ConnectorError } from "../core/errors.ts";
import { policySettings, type PolicySettings } from "../policies/pipeline.ts";

/** One thing that is wrong with the settings. */
export interface SettingsProblem {
  /** Where: `connection`, `host`. */
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

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
): { readonly settings: Settings } | { readonly problems: readonly SettingsProblem[] } {
  const problems: SettingsProblem[] = [];
  const connection = check(definition.connection, raw.connection ?? {}, "connection", problems);
  const given = raw.options ?? {};
  let own: unknown = {};
  let policies: unknown;
  if (typeof given !== "object" || Array.isArray(given))
    problems.push({ path: ["options"], message: `expected a map, received ${describe(given)}` });
  else {
    const isPolicy = new Set(keysOf(policySettings.shape));
    const isOwn = new Set(keysOf(definition.options?.shape));
    const entries = Object.entries(given);
    const allowed = optionKeys(definition);
    for (const [key] of entries)
      if (!isPolicy.has(key) && !isOwn.has(key))
        problems.push({ path: ["options", key], message: unknownName(key, allowed) });
    policies = check(
      policySettings,
      Object.fromEntries(entries.filter(([key]) => isPolicy.has(key))),
      "options",
      problems,
    );
    if (definition.options !== undefined)
      own = check(
        definition.options,
        Object.fromEntries(entries.filter(([key]) => isOwn.has(key))),
        "options",
        problems,
      );
  }
  if (problems.length > 0) return { problems };
  // Each half has been parsed by the schema that gives these types.
  return { settings: { connection, options: own, policies } as Settings };
}

/** Parses the flat object of a constructor or throws one error that names everything wrong with it. */
export function settingsOf(definition: Definition, flat: Shape): Settings {
  const result = parseSettings(definition, splitFlat(definition, flat));
  if ("settings" in result) return result.settings;
  const lines = result.problems.map(({ path, message }) => `${path.slice(1).join(".")}: ${message}`);
  throw new ConnectorError("config_invalid", `Invalid configuration of ${definition.title}: ${lines.join("; ")}`, {
    connector: definition.provider,
    outcome: "none",
  });
}

/** What a problem says of a name that is not allowed. */
export function unknownName(found: string, allowed: readonly string[]): string {
  const close = nearest(found, allowed);
  const guess = close === undefined ? "" : ` did you mean "${close}"?`;
  return `unknown name "${found}";${guess} Allowed: ${[...allowed].sort().join(", ")}`;
}

function check(schema: z.ZodObject, value: unknown, half: string, problems: SettingsProblem[]): unknown {
  const result = schema.safeParse(value, { reportInput: false });
  if (result.success) return result.data;
  for (const issue of result.error.issues) problems.push(...problemsOf(issue, schema, half));
  return undefined;
}

function problemsOf(issue: z.core.$ZodIssue, schema: z.ZodObject, half: string): SettingsProblem[] {
  const path = [half, ...issue.path];
  if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message.replace(/^Invalid input: /, "") }];
  const allowed = keysOf(shapeAt(schema, issue.path));
  return issue.keys.map((key) => ({ path: [...path, key], message: unknownName(key, allowed) }));
}

/** The shape of the object that stands at `path` inside a schema; empty where it cannot be told. */
function shapeAt(schema: z.ZodType, path: readonly PropertyKey[]): Shape {
  let at: unknown = schema;
  for (const step of [...path, undefined]) {
    while (at !== undefined && !(at instanceof z.ZodObject)) {
      const inner: unknown = (at as { _zod?: { def?: { innerType?: unknown } } })._zod?.def?.innerType;
      at = inner;
    }
    if (!(at instanceof z.ZodObject)) return {};
    if (step === undefined) return at.shape;
    at = (at.shape as Record<PropertyKey, unknown>)[step];
  }
  return {};
}

function describe(value: unknown): string {
  return Array.isArray(value) ? "a list" : typeof value;
}
