/**
 * Values to start from: what a newcomer must say about a connector, with something that works in its place.
 *
 * Said is what the first of the whole schema's `examples` says, or else every required field; a value is the example's, or
 * a variable where only the user can know one. Credentials are variables, never text.
 */
import type { z } from "zod";
import { otherNames } from "../config/fields.ts";
import type { Definition } from "../core/definition.ts";
import { inputSchema, isOnlyFromCode, type JsonSchema } from "./input-schema.ts";
import { literal } from "./literal.ts";

export interface StartingField {
  readonly name: string;
  readonly value: unknown;
  /** Whether a working configuration says it; else it has a default or may be left out. */
  readonly isSaid: boolean;
  readonly description: string;
}

/** The fields of `connection` or `options`, in the order of the schema. */
export function startingFields(schema: z.ZodObject | undefined, provider: string): StartingField[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [], examples } = inputSchema(schema);
  const example = examples?.[0] as Readonly<Record<string, unknown>> | undefined;
  return Object.entries(properties)
    .filter(([name, field]) => !isOnlyFromCode(field) && !otherNames.has(schema.shape[name] as z.ZodType))
    .map(([name, field]) => ({
      name,
      value:
        field.writeOnly === true ? variable([provider, name]) : (example?.[name] ?? exampleOf(field, [provider, name])),
      isSaid: example === undefined ? required.includes(name) : name in example,
      description: field.description ?? "",
    }));
}

/** What a constructor is given at the least, as TypeScript. */
export function constructorArgument({ connection, options, provider }: Definition): string {
  const said = [...startingFields(connection, provider), ...startingFields(options, provider)].filter(
    ({ isSaid }) => isSaid,
  );
  const text = literal(Object.fromEntries(said.map(({ name, value }) => [name, value])), 50);
  return text.replaceAll(/"\$\{(\w+)\}"/g, 'process.env.$1 ?? ""');
}

/** A value that the field takes; a variable where only the user can know one. */
function exampleOf(field: JsonSchema, path: readonly string[]): unknown {
  if (field.examples !== undefined) return field.examples[0];
  if (field.default !== undefined) return field.default;
  if ("const" in field) return field["const"];
  if (Array.isArray(field["enum"])) return (field["enum"] as unknown[])[0];
  if (field.properties !== undefined) return exampleObject(field, field.properties, path);
  const choice = (field.anyOf ?? field.oneOf)?.[0];
  if (choice !== undefined) return exampleOf(choice, path);
  if (field.type === "boolean") return false;
  if (field.type === "array") return [];
  if (field.type === "object") return {};
  return variable(path);
}

function exampleObject(
  { required = [] }: JsonSchema,
  properties: Readonly<Record<string, JsonSchema>>,
  path: readonly string[],
): unknown {
  const said = Object.entries(properties).filter(
    ([name, property]) => required.includes(name) || property.default !== undefined,
  );
  return Object.fromEntries(said.map(([name, property]) => [name, exampleOf(property, [...path, name])]));
}

/** `${POSTGRESQL_PASSWORD}`. */
function variable(path: readonly string[]): string {
  const words = path.join("_").replaceAll(/(?<=[a-z0-9])(?=[A-Z])/g, "_");
  return `\${${words.replaceAll("-", "_").toUpperCase()}}`;
}
