import { describe, expect, test } from "vitest";
import { z } from "zod";
import { duration, pool, secret, tls } from "../config/fields.ts";
import { fieldsOf, shapeText, typeText } from "./fields.ts";
import { literal } from "./literal.ts";
import { inputSchema, type JsonSchema } from "./input-schema.ts";

const of = (field: z.ZodType): JsonSchema => inputSchema(z.strictObject({ field })).properties!["field"]!;

describe("what a user may write", () => {
  test("a credential is text, marked as not to be shown", () => {
    const expected = { type: "string", minLength: 1, description: "Password.", writeOnly: true };
    expect(of(secret("Password."))).toEqual(expected);
    expect(of(secret("Password.").optional())).toEqual(expected);
  });

  test("a duration keeps the default that its transformation hides", () => {
    expect(of(duration("Wait.").default(200))).toMatchObject({
      default: 200,
      anyOf: [{ type: "number" }, { type: "string" }],
    });
  });

  test("what only code can pass is left out of choices, and alone matches nothing", () => {
    const callback = z.custom<() => string>((value) => typeof value === "function");
    expect(of(z.union([z.string(), callback]).meta({ description: "D." }))).toEqual({
      type: "string",
      description: "D.",
    });
    expect(of(z.union([z.string().min(2), z.int(), callback]))["anyOf"]).toHaveLength(2);
    expect(of(callback)).toEqual({ not: {} });
    const variants = z.discriminatedUnion("by", [
      z.strictObject({ by: z.literal("text"), text: z.string() }),
      z.strictObject({ by: z.literal("code"), run: callback.meta({ description: "D.", codeOnly: true }) }),
    ]);
    expect(of(variants)).toMatchObject({ properties: { by: { const: "text" } } });
    expect(of(variants)["oneOf"]).toBeUndefined();
  });

  test("bounds and names that say nothing are left out", () => {
    expect(of(z.int())).toEqual({ type: "integer" });
    expect(of(z.record(z.string(), z.boolean()))).toEqual({
      type: "object",
      additionalProperties: { type: "boolean" },
    });
    expect(of(z.strictObject({ a: z.int().default(1) }).prefault({}))["default"]).toBeUndefined();
    expect(of(z.array(z.int()).default([]))["default"]).toEqual([]);
  });
});

describe("fields as rows", () => {
  const schema = inputSchema(
    z.strictObject({
      host: z.string().meta({ description: "Host." }),
      ...pool,
      tls: tls.optional(),
      auth: z.discriminatedUnion("scheme", [
        z.strictObject({ scheme: z.literal("basic"), username: z.string(), password: secret("P.") }),
        z.strictObject({ scheme: z.literal("none") }),
      ]),
      callback: z.custom(() => true).optional(),
    }),
  );
  const fields = fieldsOf(schema);
  const named = (path: string) => fields.find((field) => field.path === path);

  test("come in the order of the schema, the nested ones by their path", () => {
    expect(fields.map(({ path }) => path)).toEqual([
      "host",
      "maxConnections",
      "poolSize",
      "connectionTimeout",
      "idleTimeout",
      "tls",
      "tls.mode",
      "tls.ca",
      "tls.cert",
      "tls.key",
      "tls.passphrase",
      "tls.servername",
      "auth",
      "auth.scheme",
      "auth.username",
      "auth.password",
      "auth.scheme",
    ]);
  });

  test("tell type, default and whether they are required", () => {
    expect(named("host")).toMatchObject({ type: "string", isRequired: true, description: "Host." });
    expect(named("maxConnections")).toMatchObject({ type: "integer", isRequired: false, default: 10 });
    expect(named("tls")!.type).toBe('boolean or "disable" or "require" or "verify-full" or map');
    expect(named("tls.key")!.type).toBe("secret");
  });

  test("say of a variant's fields when they apply", () => {
    expect(named("auth.username")).toMatchObject({ variant: "scheme: basic", isRequired: true });
  });
});

test.each([
  [{ type: "array", items: { type: "string" } }, "string[]"],
  [{ type: "array", items: { anyOf: [{ type: "string" }, { type: "null" }] } }, "(string or null)[]"],
  [{ type: "object", additionalProperties: { type: "integer" } }, "map of integer"],
  [{ type: ["string", "null"] }, "string or null"],
  [{ type: "string", format: "uri" }, "URL"],
  [{}, "any"],
])("the type %j reads %s", (schema, text) => {
  expect(typeText(schema)).toBe(text);
});

test("the fields of a list's items and of a map's values are rows too", () => {
  const inner = z.strictObject({ sql: z.string() });
  const schema = inputSchema(z.strictObject({ list: z.array(inner), map: z.record(z.string(), inner) }));
  expect(fieldsOf(schema).map(({ path }) => path)).toEqual(["list", "list[].sql", "map", "map.*.sql"]);
});

test("a literal that is too long for a line takes several", () => {
  expect(literal({ a: [1, "b"], "c-d": { e: null } })).toBe('{ a: [1, "b"], "c-d": { e: null } }');
  expect(literal({ a: ["x".repeat(60), "y".repeat(60)] })).toBe(
    `{\n  a: [\n    "${"x".repeat(60)}",\n    "${"y".repeat(60)}",\n  ],\n}`,
  );
});

test("an answer's shape names its fields", () => {
  const rows: JsonSchema = {
    type: "array",
    items: { type: "object", properties: { id: { type: "integer" }, name: { type: "string" } }, required: ["id"] },
  };
  expect(shapeText(rows)).toBe("{ id: integer, name?: string }[]");
});
