import { expect, test } from "vitest";
import { parse } from "yaml";
import { z } from "zod";
import { duration, pool, secret } from "../config/fields.ts";
import type { Definition } from "../core/definition.ts";
import { read, stream } from "../core/operation.ts";
import { renderConnectorPage } from "./connector-page.ts";
import { renderYamlExample } from "./yaml-example.ts";

const definition: Definition = {
  provider: "toy",
  type: "custom",
  title: "Toy",
  summary: "Plays.",
  connection: z.strictObject({
    baseURL: z.url().meta({ description: "Where it is.", examples: ["https://toy.example.com"] }),
    apiKey: secret("Key."),
    realm: z.string().meta({ description: "Realm." }),
    port: z.int().default(80).meta({ description: "TCP port. Any one." }),
    nested: z.strictObject({ a: z.int().default(1), b: z.string().optional() }).optional(),
  }),
  options: z.strictObject({ ...pool, wait: duration("How long.").default(200) }),
  operations: {
    find: read(
      "Finds.",
      z.strictObject({ id: z.int().meta({ description: "Which." }) }),
      z.object({ name: z.string() }),
      {
        examples: [{ title: "The first", input: { id: 1 } }],
      },
    ),
    list: stream("Lists.", z.strictObject({}), z.object({ "x-y": z.string() }), {
      examples: [{ title: "All | of them", input: {} }],
    }),
  },
  open: () => Promise.reject(new Error("never opened")),
  classify: () => undefined,
};

test("an example says what must be said, and has the rest as comments", () => {
  const text = renderYamlExample([definition]);
  expect(parse(text)).toEqual({
    connectors: [
      {
        name: "toy",
        type: "custom",
        provider: "toy",
        connection: { baseURL: "https://toy.example.com", apiKey: "${TOY_API_KEY}", realm: "${TOY_REALM}" },
      },
    ],
  });
  expect(text).toContain("# yaml-language-server: $schema=");
  expect(text).toContain("      # port: 80 # TCP port.\n");
  expect(text).toContain("      # nested: { a: 1 }\n");
  expect(text).toContain("    # options:\n      # maxConnections: 10 # ");
  expect(text).toContain("      # rateLimit: { requests: 100, window: 1m } # ");
  expect(text).not.toContain("poolSize");
  expect(text).toContain("      # retryAttempts: 3 # ");
});

test("an example of a whole schema says which fields a newcomer needs; its credentials are variables all the same", () => {
  const connection = definition.connection
    .partial()
    .meta({ examples: [{ baseURL: "http://here", apiKey: "…", port: 8080 }] });
  const text = renderYamlExample([{ ...definition, connection }], { optional: false });
  expect(parse(text).connectors[0].connection).toEqual({
    baseURL: "http://here",
    apiKey: "${TOY_API_KEY}",
    port: 8080,
  });
});

test("every comment is a setting that works when it is uncommented", () => {
  const text = renderYamlExample([definition]).replaceAll(/^( {4,})# (?=\w+:( |$))/gm, "$1");
  expect(parse(text).connectors[0]).toMatchObject({
    connection: { port: 80, nested: { a: 1 } },
    options: { wait: 200, timeout: 30_000, retry: { delay: 200, maxDelay: 10_000 } },
  });
});

test("a connector's page has its prose, settings, operations and what their effects mean", () => {
  const page = renderConnectorPage({ definition, className: "ToyConnector", notes: "Prose.\n" });
  expect(page).toContain("\n\nPlays.\n\nProse.\n\n");
  expect(page).toContain("new ToyConnector({\n");
  expect(page).toContain('  apiKey: process.env.TOY_API_KEY ?? "",\n');
  expect(page).toContain("| `port` | integer | `80` | TCP port. Any one. |");
  expect(page).toContain("| `apiKey` | secret | required | Key. |");
  expect(page).toContain("| [`find`](#find) | Finds. | `read` |");
  expect(page).toContain("- `read`: Changes nothing");
  expect(page).toContain("| `id` | integer | required | Which. |");
  expect(page).toContain("await connector.find({ id: 1 });");
  expect(page).toContain("for await (const item of connector.list()) console.log(item);");
  expect(page).toContain("| `timeout` |");
});
