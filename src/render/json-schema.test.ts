import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { duration, pool, secret, tls } from "../config/fields.ts";
import type { Definition } from "../core/definition.ts";
import { connectorsSchema } from "./json-schema.ts";

const rest = {
  operations: {},
  open: () => Promise.reject(new Error("never opened")),
  classify: () => undefined,
};
const database: Definition = {
  ...rest,
  provider: "toydb",
  type: "database",
  title: "ToyDB",
  summary: "A database.",
  connection: z.strictObject({
    host: z.string(),
    port: z.int().default(1),
    password: secret("P."),
    tls: tls.optional(),
  }),
  options: z.strictObject({ ...pool, mode: z.enum(["fast", "safe"]).default("safe") }),
};
const api: Definition = {
  ...rest,
  provider: "toyapi",
  type: "rest-api",
  title: "Toy API",
  summary: "An API.",
  connection: z.strictObject({ baseURL: z.url(), wait: duration("Wait.").default(1) }),
};
const schema = connectorsSchema([
  { definition: database, isDefault: false },
  { definition: api, isDefault: true },
]);
const accepts = new Ajv2020({ strict: true, allowUnionTypes: true, formats: { uri: /^https?:/ } }).compile(schema);

const db = "type: database, provider: toydb, connection: { host: h, password: p }";
const here = "connection: { baseURL: 'https://x' }";

describe("the schema accepts", () => {
  test.each([
    `name: a, ${db}`,
    `name: a, ${db}, options: { maxConnections: 20, connectionTimeout: 5s, timeout: 30000, retryAttempts: 3 }`,
    `name: a, ${db}, options: { mode: fast, rateLimit: { requests: 100, window: 60000 }, retry: { delay: 1s } }`,
    `name: a, type: database, provider: toydb, connection: { host: "\${H}", port: "\${P:-1}", password: "\${file:/x}", tls: "\${T}" }`,
    `name: a, ${db}, options: { mode: "\${MODE}", maxConnections: "\${N}", timeout: "\${T}" }, required: "\${R}"`,
    `name: a, type: rest-api, ${here}`,
    `name: a, type: rest-api, provider: toyapi, ${here}, required: false, connect: eager`,
    `name: a, type: custom, provider: ./geo.js, connection: { anything: [1] }, options: { else: true }`,
    `name: a, type: custom, provider: "@acme/erp"`,
    `name: a, type: custom, provider: "\${P}"`,
  ])("{ %s }", (entry) => {
    const isAccepted = accepts(parse(`connectors: [{ ${entry} }]`));
    expect(accepts.errors ?? []).toEqual([]);
    expect(isAccepted).toBe(true);
  });
});

describe("the schema refuses", () => {
  test.each([
    ["an unknown name at the top", `name: a, ${db}, conection: {}`],
    ["a missing name", db],
    ["a name with a space", `name: "a b", ${db}`],
    ["a wrong type", `name: a, type: databse, provider: toydb`],
    ["a provider of another type", `name: a, type: custom, provider: toydb, connection: { host: h, password: p }`],
    ["an unknown provider", `name: a, type: database, provider: toydbb`],
    ["no provider where the type has no default", `name: a, type: database, connection: {}`],
    ["a missing connection", `name: a, type: database, provider: toydb`],
    ["a missing field", `name: a, type: database, provider: toydb, connection: { host: h }`],
    ["a misspelt field", `name: a, ${db.replace("host", "hots")}`],
    ["a misspelt option", `name: a, ${db}, options: { maxConections: 1 }`],
    ["an option of another provider", `name: a, type: rest-api, ${here}, options: { mode: fast }`],
    ["text for a number", `name: a, ${db.replace("h,", "h, port: five,")}`],
    ["a duration without unit", `name: a, ${db}, options: { timeout: soon }`],
    ["a wrong choice", `name: a, ${db}, options: { mode: slow }`],
    ["a wrong policy setting", `name: a, ${db}, options: { rateLimit: { request: 1, window: 1 } }`],
    ["no URL", `name: a, type: rest-api, connection: { baseURL: here }`],
  ])("%s", (_, entry) => {
    expect(accepts(parse(`connectors: [{ ${entry} }]`))).toBe(false);
  });

  test("anything beside connectors", () => {
    expect(accepts({ connectors: [{ name: "a", type: "custom", provider: "./x" }], more: 1 })).toBe(false);
    expect(accepts({})).toBe(false);
  });
});

test("an editor is told of one branch only, so that it names the one field that is wrong", () => {
  const strict = new Ajv2020({ allErrors: true, formats: { uri: true } }).compile(schema);
  strict(parse(`connectors: [{ name: a, ${db}, options: { maxConections: 1 } }]`));
  const told = strict.errors!.filter(({ keyword }) => keyword !== "if");
  expect(told).toEqual([
    expect.objectContaining({
      instancePath: "/connectors/0/options",
      params: { additionalProperty: "maxConections" },
    }),
  ]);
});

test("descriptions and defaults stand where editors look for them", () => {
  expect(schema["$defs"]).toMatchObject({
    "provider-toydb": {
      title: "ToyDB",
      description: "A database.",
      properties: {
        connection: { properties: { password: { writeOnly: true, description: "P." } } },
        options: {
          properties: { connectionTimeout: { description: expect.stringContaining("connection"), default: 5000 } },
        },
      },
    },
  });
});
