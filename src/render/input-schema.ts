/**
 * What a user may write, as JSON Schema: the form from which docs, editors and examples are rendered.
 *
 * A zod schema says what the program gets; this is its other end. Credentials are strings, defaults stand where they
 * apply, and what only code can pass (a class, a function) is left out of every choice.
 */
import { z } from "zod";

/** A JSON Schema object; `true` and `false` are not used as schemas here. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly anyOf?: readonly JsonSchema[];
  readonly oneOf?: readonly JsonSchema[];
  readonly writeOnly?: boolean;
}

type Keywords = Record<string, unknown>;

/** Matches nothing: the value cannot be written down, only passed by code. */
const NOTHING = { not: {} };

/** Whether no value that can be written down fits: a function, or a map that must have one. */
export function isOnlyFromCode(schema: JsonSchema): boolean {
  if ("not" in schema) return true;
  const { properties = {}, required = [] } = schema;
  return required.some((name) => properties[name] !== undefined && isOnlyFromCode(properties[name]));
}

/** JSON Schema (draft 2020-12) of what goes into `schema`, without `$schema`. */
export function inputSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, {
    io: "input",
    target: "draft-2020-12",
    unrepresentable: ({ zodSchema }) => (zodSchema._zod.def.type === "custom" ? NOTHING : "any"),
    override: ({ zodSchema, jsonSchema }) => amend(zodSchema, jsonSchema),
  });
  // Zod types the keywords one by one; here they are read as plain JSON.
  return rest as JsonSchema;
}

function amend(schema: z.core.$ZodTypes, json: Keywords): void {
  const { def } = schema._zod;
  // Zod leaves out what a transformed schema says of these; here they are always what a user writes.
  const said = z.globalRegistry.get(schema) ?? {};
  for (const key of ["examples", "default"]) if (said[key] !== undefined) json[key] = said[key];
  if (json["secret"] === true) {
    const { description } = json;
    for (const key of Object.keys(json)) delete json[key];
    Object.assign(json, { type: "string", minLength: 1, description, writeOnly: true });
  }
  delete json["codeOnly"];
  // Bounds that every number has, and names that are always text, say nothing.
  if (json["minimum"] === Number.MIN_SAFE_INTEGER) delete json["minimum"];
  if (json["maximum"] === Number.MAX_SAFE_INTEGER) delete json["maximum"];
  if (def.type === "record") delete json["propertyNames"];
  if (def.type === "default" || def.type === "prefault") setDefault(def.defaultValue, json);
  for (const key of ["anyOf", "oneOf"]) dropFromCode(json, key);
}

/** Zod leaves out the default of a field that is transformed; what a user could have written is shown all the same. */
function setDefault(value: unknown, json: Keywords): void {
  const isEmptyMap =
    typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0;
  if (isEmptyMap) delete json["default"];
  else if (["string", "number", "boolean"].includes(typeof value)) json["default"] ??= value;
}

function dropFromCode(json: Keywords, key: string): void {
  const choices = json[key] as readonly JsonSchema[] | undefined;
  const kept = choices?.filter((choice) => !isOnlyFromCode(choice));
  if (choices === undefined || kept === undefined || kept.length === choices.length) return;
  delete json[key];
  if (kept.length === 1) Object.assign(json, { ...kept[0], ...json });
  else Object.assign(json, kept.length === 0 ? NOTHING : { [key]: kept });
}
