/**
 * Everything in the repository that is written from something else, in one go.
 *
 * `npm run sync` writes it and CI fails where it differs, so that a fact stands once: in a schema, a table or a module's
 * essay, and the pages follow.
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { isConnectorClass } from "../connectors/define.ts";
import { registry, type RegisteredProvider } from "../connectors/registry.ts";
import { POLICIES } from "../policies/order.ts";
import { renderConnectorPage, type DocumentedConnector } from "./connector-page.ts";
import { renderErrorsPage } from "./errors-page.ts";
import { connectorsSchema } from "./json-schema.ts";
import { fillMarkers, generatedFrom, page } from "./markdown.ts";
import { renderPolicyIndex, renderPolicyPage } from "./policy-page.ts";
import { renderProvidersTable } from "./providers-table.ts";

/** Folders in which every file is generated: what is not written any more is stale. */
export const GENERATED_FOLDERS: readonly string[] = ["schema", "docs/connectors", "docs/policies"];

/** The texts of all generated files, by their paths from the repository's root. */
export async function renderAll(root: string): Promise<ReadonlyMap<string, string>> {
  const read = (path: string): Promise<string> => readFile(join(root, path), "utf8");
  const connectors = await Promise.all(registry.map((provider) => documented(root, provider)));
  const definitions = connectors.map(({ definition }) => definition);
  const described = connectors.map(({ definition }, at) => ({
    definition,
    isDefault: registry[at]?.isDefault === true,
  }));
  const files = new Map([
    ["schema/connectors.schema.json", `${JSON.stringify(connectorsSchema(described), null, 2)}\n`],
    ["docs/errors.md", renderErrorsPage()],
    ["docs/policies/README.md", renderPolicyIndex()],
    ["docs/connectors/README.md", connectorIndex(renderProvidersTable(definitions, ""))],
    [
      "README.md",
      fillMarkers(await read("README.md"), "providers", renderProvidersTable(definitions, "docs/connectors/")),
    ],
  ]);
  for (const connector of connectors)
    files.set(`docs/connectors/${connector.definition.provider}.md`, renderConnectorPage(connector));
  for (const policy of POLICIES)
    files.set(
      `docs/policies/${policy.name}.md`,
      renderPolicyPage(policy, await read(`src/policies/${policy.name}.ts`)),
    );
  return files;
}

function connectorIndex(providers: string): string {
  const custom = "Anything else: [a connector of your own](../guides/custom-connector.md).";
  return page(generatedFrom("src/connectors/registry.ts"), "# Connectors", providers, custom);
}

async function documented(root: string, { provider, load }: RegisteredProvider): Promise<DocumentedConnector> {
  const module = await load();
  const made = module.default;
  if (!isConnectorClass(made)) throw new Error(`The default export of connector ${provider} is not a connector class`);
  const className = Object.entries(module).find(([name, value]) => name !== "default" && value === made)?.[0];
  if (className === undefined) throw new Error(`Connector ${provider} does not export its class by name`);
  const notes = join(root, "src/connectors", provider, "notes.md");
  return { definition: made.definition, className, notes: existsSync(notes) ? await readFile(notes, "utf8") : "" };
}
