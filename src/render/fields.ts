/** The fields of a schema as rows, for tables, help and examples: nested ones by their path, variants by their condition. */
import { isOnlyFromCode, type JsonSchema } from "./input-schema.ts";

export interface Field {
  /** `host`, `retry.delay`, `statements[].sql`, `cache.operations.*.ttl`. */
  readonly path: string;
  /** `string`, `integer`, `"a" or "b"`, `string[]`. */
  readonly type: string;
  readonly isRequired: boolean;
  readonly default: unknown;
  readonly description: string | undefined;
  /** The variant of a choice to which the field belongs: `scheme: basic`. */
  readonly variant: string | undefined;
  readonly schema: JsonSchema;
}

/** Every field that can be written down, in the order of the schema. */
export function fieldsOf(schema: JsonSchema, prefix = "", variant?: string): Field[] {
  const required = new Set(schema.required);
  const own = Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    if (isOnlyFromCode(property)) return [];
    const path = `${prefix}${name}`;
    const { default: standard, description } = property;
    const isRequired = required.has(name);
    const type = typeText(property);
    const field: Field = { path, type, isRequired, default: standard, description, variant, schema: property };
    const below: readonly (readonly [string, unknown])[] = [
      [`${path}.`, property],
      [`${path}[].`, property["items"]],
      [`${path}.*.`, property["additionalProperties"]],
    ];
    return [field, ...below.flatMap(([inside, each]) => fieldsOf((each ?? {}) as JsonSchema, inside, variant))];
  });
  const choices = (schema.anyOf ?? schema.oneOf ?? []).filter(({ properties }) => properties !== undefined);
  return [...own, ...choices.flatMap((choice) => fieldsOf(choice, prefix, conditionOf(choice) ?? variant))];
}

/** What tells one variant of a choice from the others: its constant fields. */
function conditionOf(choice: JsonSchema): string | undefined {
  const constants = Object.entries(choice.properties ?? {}).filter(([, property]) => "const" in property);
  if (constants.length === 0) return undefined;
  return constants.map(([name, property]) => `${name}: ${String(property["const"])}`).join(", ");
}

/** The type in a few words. */
export function typeText(schema: JsonSchema): string {
  if (schema.writeOnly === true) return "secret";
  if (isOnlyFromCode(schema)) return "only from code";
  if ("const" in schema) return JSON.stringify(schema["const"]);
  if (Array.isArray(schema["enum"])) return alternatives(schema["enum"].map((value) => JSON.stringify(value)));
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices !== undefined) return alternatives(choices.map(typeText));
  if (schema.type === undefined) return "any";
  return alternatives([schema.type].flat().map((type) => namedType(type, schema)));
}

function namedType(type: string, schema: JsonSchema): string {
  if (type === "array") {
    const item = schema["items"] === undefined ? "any" : typeText(schema["items"] as JsonSchema);
    return item.includes(" ") ? `(${item})[]` : `${item}[]`;
  }
  if (type === "object") {
    const rest = schema["additionalProperties"];
    return typeof rest === "object" && rest !== null ? `map of ${typeText(rest as JsonSchema)}` : "map";
  }
  return type === "string" && schema["format"] === "uri" ? "URL" : type;
}

/** The type in a few words, with the fields of an object: `{ count: integer, rows?: map[] }`. */
export function shapeText(schema: JsonSchema): string {
  if (schema.type === "array" && schema["items"] !== undefined) return `${shapeText(schema["items"] as JsonSchema)}[]`;
  if (schema.properties === undefined) return typeText(schema);
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(
    ([name, property]) => `${name}${required.has(name) ? "" : "?"}: ${typeText(property)}`,
  );
  return `{ ${fields.join(", ")} }`;
}

function alternatives(names: readonly string[]): string {
  return [...new Set(names)].join(" or ");
}
