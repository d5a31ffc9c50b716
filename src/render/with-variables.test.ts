import { Ajv2020 } from "ajv/dist/2020.js";
import { expect, test } from "vitest";
import { VARIABLE, withVariables } from "./with-variables.ts";

const schema = withVariables({
  type: "object",
  properties: {
    host: { type: "string" },
    port: { type: "integer", minimum: 1, default: 5432, description: "TCP port." },
    mode: { type: "string", enum: ["a", "b"] },
    wait: { anyOf: [{ type: "number" }, { type: "string", pattern: "^\\d+ms$" }] },
    tls: { anyOf: [{ type: "boolean" }, { type: "object", properties: { verify: { type: "boolean" } } }] },
    headers: { type: "object", additionalProperties: { type: "integer" } },
    list: { type: "array", items: { type: "integer" } },
    auth: {
      oneOf: [
        { type: "object", properties: { scheme: { type: "string", const: "x" }, n: { type: "integer" } } },
        { type: "object", properties: { scheme: { type: "string", const: "y" } } },
      ],
    },
  },
  additionalProperties: false,
});
const accepts = new Ajv2020({ strict: false }).compile({ ...schema, $defs: { variable: VARIABLE } });

test.each([
  { port: "${PORT}" },
  { port: "${PORT:-5432}" },
  { mode: "${MODE:?say it}" },
  { wait: "${file:/run/secrets/wait}" },
  { tls: "${TLS}" },
  { tls: { verify: "${VERIFY}" } },
  { headers: { "x-count": "${N}" } },
  { list: [1, "${N}"] },
  { auth: { scheme: "x", n: "${N}" } },
  { port: 1, mode: "a", wait: 1, tls: true },
])("a variable may stand for a scalar: %j", (value) => {
  expect(accepts(value)).toBe(true);
});

test.each([
  { port: "5432" },
  { port: "$PORT" },
  { mode: "c" },
  { wait: "soon" },
  { tls: "yes" },
  { headers: { a: "b" } },
  { auth: "${AUTH}" },
  { prot: 1 },
])("what is no variable is checked as before: %j", (value) => {
  expect(accepts(value)).toBe(false);
});

test("annotations stay where editors look for them", () => {
  expect(schema.properties!["port"]).toEqual({
    description: "TCP port.",
    default: 5432,
    anyOf: [{ type: "integer", minimum: 1 }, { $ref: "#/$defs/variable" }],
  });
});
