/** What every connector that comes with busbar owes its users. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { isConnectorClass } from "../src/connectors/define.ts";
import { registry } from "../src/connectors/registry.ts";
import type { Definition } from "../src/core/definition.ts";
import { loadConfig } from "../src/hub/configuration.ts";
import { policySettings } from "../src/policies/pipeline.ts";
import { fieldsOf } from "../src/render/fields.ts";
import { inputSchema } from "../src/render/input-schema.ts";
import { POLICIES } from "../src/policies/order.ts";
import { renderYamlExample } from "../src/render/yaml-example.ts";

const definitions = await Promise.all(
  registry.map(async ({ provider, load }): Promise<Definition> => {
    const { default: made } = await load();
    if (!isConnectorClass(made)) throw new Error(`${provider} is no connector`);
    return made.definition;
  }),
);
const schema = JSON.parse(readFileSync(new URL("../schema/connectors.schema.json", import.meta.url), "utf8"));
const ajv = new Ajv2020({ strict: true, allowUnionTypes: true });
addFormats.default(ajv);
const accepts = ajv.compile(schema);

describe.each(definitions.map((definition) => [definition.provider, definition] as const))("%s", (_, definition) => {
  const { connection, options, operations, provider } = definition;

  test("describes every setting and every input", () => {
    const schemas = { connection, ...(options && { options }), ...mapped(operations, ({ input }) => input) };
    const bare = Object.entries(schemas).flatMap(([where, each]) =>
      fieldsOf(inputSchema(each))
        .filter(({ description = "" }) => description === "")
        .map(({ path }) => `${where}: ${path}`),
    );
    expect(bare).toEqual([]);
  });

  test("has an example for every operation, which the operation's own schema accepts", () => {
    for (const [name, { examples, input }] of Object.entries(operations)) {
      expect(examples.length, name).toBeGreaterThan(0);
      for (const example of examples) expect(input.safeParse(example.input).error, name).toBeUndefined();
    }
  });

  test("is listed as what it is", () => {
    const listed = registry.find((each) => each.provider === provider);
    expect(listed).toMatchObject({ type: definition.type, title: definition.title });
  });

  describe("the configuration that init writes", () => {
    const text = renderYamlExample([definition]);
    const variables = Object.fromEntries([...text.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => [name!, "1"]));
    let folder: string;
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "busbar-example-"));
      return () => rmSync(folder, { recursive: true });
    });

    test("is accepted by the schema", () => {
      accepts(parse(text));
      expect(accepts.errors ?? []).toEqual([]);
    });

    test("loads once its variables are set, and says which are not", async () => {
      const file = join(folder, "connectors.yaml");
      writeFileSync(file, text);
      const { connectors } = await loadConfig(file, { env: variables });
      expect(connectors.map(({ name }) => name)).toEqual([provider]);
      const needed = [...JSON.stringify(parse(text)).matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!);
      const told = await loadConfig(file, { env: {} }).then(
        () => "",
        (error: Error) => error.message,
      );
      for (const name of needed) expect(told).toContain(name);
    });
  });
});

describe("policies", () => {
  test("describe every setting", () => {
    const bare = fieldsOf(inputSchema(policySettings)).filter(({ description = "" }) => description === "");
    expect(bare.map(({ path }) => path)).toEqual([]);
  });

  test("show settings that work on their pages", () => {
    for (const { example, name } of POLICIES)
      if (example !== undefined) expect(policySettings.safeParse(parse(example)).error, name).toBeUndefined();
  });

  test("document each setting on exactly one page", () => {
    const documented = POLICIES.flatMap(({ settings }) => settings);
    expect([...documented].sort()).toEqual(Object.keys(policySettings.shape).sort());
  });
});

function mapped<T, R>(table: Readonly<Record<string, T>>, of: (value: T) => R): Record<string, R> {
  return Object.fromEntries(Object.entries(table).map(([name, value]) => [name, of(value)]));
}
