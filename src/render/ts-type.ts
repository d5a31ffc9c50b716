/** JSON Schema as a TypeScript type: what a caller may write, or what comes back. */
import type { JsonSchema } from "./input-schema.ts";

/** Deeper than this a type says nothing more: references of a schema to itself end here. */
const DEEPEST = 12;

/** The type; `unknown` for what the language cannot say. */
export function tsType(schema: JsonSchema): string {
  return new Writer(schema).type(schema, 0);
}

class Writer {
  readonly #root: JsonSchema;

  constructor(root: JsonSchema) {
    this.#root = root;
  }

  type(schema: JsonSchema | boolean, depth: number): string {
    if (typeof schema === "boolean") return schema ? "unknown" : "never";
    if (depth > DEEPEST) return "unknown";
    const { $ref, const: only, enum: values, anyOf, oneOf, allOf, type } = schema;
    if (typeof $ref === "string") return this.#referred($ref, depth);
    if ("const" in schema) return literal(only);
    if (Array.isArray(values)) return union(values.map(literal));
    const several = anyOf ?? oneOf;
    if (several !== undefined) return union(several.map((each) => this.type(each, depth + 1)));
    if (Array.isArray(allOf)) return intersection(allOf.map((each) => this.type(each as JsonSchema, depth + 1)));
    if (Array.isArray(type))
      return union(type.map((each) => this.type({ ...schema, type: each as string }, depth + 1)));
    return this.#plain(schema, depth);
  }

  #plain(schema: JsonSchema, depth: number): string {
    switch (schema.type) {
      case "string":
        return "string";
      case "number":
      case "integer":
        return "number";
      case "boolean":
        return "boolean";
      case "null":
        return "null";
      case "array":
        return this.#list(schema, depth);
      case "object":
        return this.#map(schema, depth);
      default:
        return schema.properties === undefined ? "unknown" : this.#map(schema, depth);
    }
  }

  #list({ items, prefixItems }: JsonSchema, depth: number): string {
    if (Array.isArray(prefixItems))
      return `readonly [${prefixItems.map((each) => this.type(each as JsonSchema, depth + 1)).join(", ")}]`;
    return `readonly ${grouped(this.type((items ?? true) as JsonSchema, depth + 1))}[]`;
  }

  #map({ properties = {}, required = [], additionalProperties }: JsonSchema, depth: number): string {
    const fields = Object.entries(properties).map(([name, field]) => {
      const type = this.type(field, depth + 1);
      return required.includes(name)
        ? `readonly ${keyOf(name)}: ${type}`
        : `readonly ${keyOf(name)}?: ${type === "unknown" ? type : `${type} | undefined`}`;
    });
    if (fields.length > 0) return `{ ${fields.join("; ")} }`;
    if (additionalProperties === false) return "{}";
    const values =
      typeof additionalProperties === "object" ? this.type(additionalProperties as JsonSchema, depth + 1) : "unknown";
    return `Readonly<Record<string, ${values}>>`;
  }

  #referred(reference: string, depth: number): string {
    const found = reference
      .replace(/^#\/?/, "")
      .split("/")
      .filter((key) => key !== "")
      .reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[unescaped(key)], this.#root);
    return typeof found === "object" && found !== null ? this.type(found as JsonSchema, depth + 1) : "unknown";
  }
}

const unescaped = (key: string): string => decodeURIComponent(key).replaceAll("~1", "/").replaceAll("~0", "~");

/** A name as a field: quoted where it has to be. */
export function keyOf(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : JSON.stringify(name);
}

function literal(value: unknown): string {
  return typeof value === "object" && value !== null ? "unknown" : JSON.stringify(value);
}

function union(types: readonly string[]): string {
  if (types.includes("unknown")) return "unknown";
  return [...new Set(types)].map(grouped).join(" | ") || "never";
}

function intersection(types: readonly string[]): string {
  const said = [...new Set(types)].filter((type) => type !== "unknown");
  return said.map(grouped).join(" & ") || "unknown";
}

/** In parentheses, where an operator beside it would mean another thing. */
function grouped(type: string): string {
  return / [|&] |^readonly /.test(type) && !/^\{[^{}]*\}$/.test(type) ? `(${type})` : type;
}
