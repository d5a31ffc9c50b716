/**
 * A configuration file may say `${VAR}` instead of any value, so its schema must allow that text wherever a number, a
 * choice or a pattern is expected. What it stands for is checked when the file is loaded.
 */
import { isOnlyFromCode, type JsonSchema } from "./input-schema.ts";

/** The name under `$defs` to which the schemas made here refer. */
export const VARIABLE = {
  $comment: "`${VAR}`, `${VAR:-default}`, `${VAR:?message}` or `${file:/path}`.",
  type: "string",
  pattern: "\\$\\{[^}]+\\}",
} as const;

const REFERENCE = { $ref: "#/$defs/variable" };
/** Keywords that say something about a value without restricting it; they stay where editors look for them. */
const ANNOTATIONS = ["title", "description", "default", "examples", "deprecated", "writeOnly"];

/** The same schema, which also accepts a variable for each of its scalars. */
export function withVariables(schema: JsonSchema): JsonSchema {
  if (isOnlyFromCode(schema) || "const" in schema || isFreeText(schema)) return schema;
  for (const key of ["anyOf", "oneOf"] as const) {
    const choices = schema[key];
    if (choices !== undefined) return withChoice(schema, key, choices);
  }
  if (schema.type === "object") return withinObject(schema);
  if (schema.type === "array") return { ...schema, items: withVariables((schema["items"] ?? {}) as JsonSchema) };
  if (schema.type === undefined && schema["enum"] === undefined) return schema;
  const entries = Object.entries(schema);
  const notes = entries.filter(([key]) => ANNOTATIONS.includes(key));
  const limits = entries.filter(([key]) => !ANNOTATIONS.includes(key));
  return { ...Object.fromEntries(notes), anyOf: [Object.fromEntries(limits), REFERENCE] };
}

function withChoice(schema: JsonSchema, key: "anyOf" | "oneOf", choices: readonly JsonSchema[]): JsonSchema {
  const inner = choices.map((choice) => (choice.properties === undefined ? choice : withinObject(choice)));
  const isScalar = choices.some(({ type }) => type !== "object" && type !== "array");
  // Lists and maps cannot come from a variable, which is always text.
  return { ...schema, [key]: isScalar && !choices.some(isFreeText) ? [...inner, REFERENCE] : inner };
}

function withinObject(schema: JsonSchema): JsonSchema {
  const { properties, additionalProperties: rest } = schema;
  const mapped = Object.entries(properties ?? {}).map(([name, property]) => [name, withVariables(property)]);
  return {
    ...schema,
    ...(properties === undefined ? {} : { properties: Object.fromEntries(mapped) as Record<string, JsonSchema> }),
    ...(typeof rest === "object" && rest !== null ? { additionalProperties: withVariables(rest as JsonSchema) } : {}),
  };
}

function isFreeText(schema: JsonSchema): boolean {
  const { type, pattern, format } = schema as Record<string, unknown>;
  return (
    [type].flat().includes("string") && pattern === undefined && format === undefined && schema["enum"] === undefined
  );
}
