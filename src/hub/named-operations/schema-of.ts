/** From JSON Schema, short or full, to the schema that checks a named operation's input. */
import { z } from "zod";

type JsonSchema = Readonly<Record<string, unknown>>;

/** The schema, or what is wrong. Unknown fields are refused unless a full schema says `additionalProperties`. */
export function inputSchemaOf(written: JsonSchema): { readonly schema: z.ZodObject } | { readonly refusal: string } {
  const full = isFull(written) ? { additionalProperties: false, ...written } : fromFields(written);
  if (typeof full === "string") return { refusal: full };
  const made = schemaOf(full);
  if ("refusal" in made) return made;
  if (made.schema instanceof z.ZodObject) return { schema: made.schema };
  return { refusal: "must be of type object, with its properties side by side" };
}

/** Any JSON Schema. */
export function schemaOf(written: JsonSchema): { readonly schema: z.ZodType } | { readonly refusal: string } {
  try {
    // What zod cannot check it refuses, instead of leaving it out.
    return { schema: z.fromJSONSchema(written) };
  } catch (error) {
    return { refusal: `is no JSON Schema that can be checked: ${(error as Error).message}` };
  }
}

const isFull = ({ type, properties }: JsonSchema): boolean =>
  type === "object" && typeof properties === "object" && properties !== null;

/** The short form: fields by name; a message where one is none. */
function fromFields(fields: JsonSchema): JsonSchema | string {
  const properties: Record<string, unknown> = {};
  const required: string[] = [];
  for (const [name, field] of Object.entries(fields)) {
    if (typeof field !== "object" || field === null || Array.isArray(field))
      return `${name}: expected a JSON Schema, such as { type: string }`;
    const { required: isRequired = !("default" in field), ...schema } = field as JsonSchema;
    if (typeof isRequired !== "boolean") return `${name}.required: expected true or false`;
    properties[name] = schema;
    if (isRequired) required.push(name);
  }
  return { type: "object", properties, required, additionalProperties: false };
}
