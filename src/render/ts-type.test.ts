import { expect, test } from "vitest";
import { keyOf, tsType } from "./ts-type.ts";
import type { JsonSchema } from "./input-schema.ts";

test.each<[JsonSchema, string]>([
  [{ type: "string", format: "email" }, "string"],
  [{ type: "integer" }, "number"],
  [{ type: ["string", "null"] }, "string | null"],
  [{ enum: ["a", 1, null] }, '"a" | 1 | null'],
  [{ const: "it's" }, `"it's"`],
  [{ type: "array", items: { type: "string" } }, "readonly string[]"],
  [{ type: "array", items: { anyOf: [{ type: "string" }, { type: "number" }] } }, "readonly (string | number)[]"],
  [{ type: "array", items: { type: "array", items: { type: "boolean" } } }, "readonly (readonly boolean[])[]"],
  [{ type: "array", prefixItems: [{ type: "string" }, { type: "number" }] }, "readonly [string, number]"],
  [
    { type: "object", properties: { a: { type: "string" }, "b-c": {} }, required: ["a"] },
    '{ readonly a: string; readonly "b-c"?: unknown }',
  ],
  [{ type: "object", properties: {}, additionalProperties: false }, "{}"],
  [{ type: "object", additionalProperties: { type: "number" } }, "Readonly<Record<string, number>>"],
  [{ allOf: [{ type: "object", properties: { a: { type: "null" } } }, {}] }, "{ readonly a?: null | undefined }"],
  [{ $ref: "#/$defs/x~1y", $defs: { "x/y": { type: "boolean" } } }, "boolean"],
  [{ $ref: "elsewhere.json" }, "unknown"],
  [{ anyOf: [{}, { type: "string" }] }, "unknown"],
  [{ not: {} }, "unknown"],
])("%j is %s", (schema, type) => {
  expect(tsType(schema)).toBe(type);
});

test("a schema that holds itself comes to an end", () => {
  const list: JsonSchema = {
    $ref: "#/$defs/node",
    $defs: { node: { type: "object", properties: { next: { $ref: "#/$defs/node" } } } },
  };
  expect(tsType(list)).toMatch(/^(\{ readonly next\?: )+unknown/);
});

test("names that are no identifiers stand in quotes", () => {
  expect(["a", "$b_1", "find-it", "1a", 'x"y'].map(keyOf)).toEqual(["a", "$b_1", '"find-it"', '"1a"', '"x\\"y"']);
});
