/** `busbar init`: writes a commented configuration to start from. */
import { writeFile } from "node:fs/promises";
import { isConnectorClass } from "../../../connectors/define.ts";
import { registry } from "../../../connectors/registry.ts";
import type { Definition } from "../../../core/definition.ts";
import { ConnectorError } from "../../../core/errors.ts";
import { nearest } from "../../../core/nearest.ts";
import { renderYamlExample } from "../../../render/yaml-example.ts";
import { CONFIG_NAME } from "../find-config.ts";
import type { Command } from "../invocation.ts";
import { UsageError } from "../usage-error.ts";

interface InitFacts {
  readonly providers: readonly string[];
  /** Replaces the file that is there. */
  readonly force: boolean;
}

/** What a configuration begins with where nothing is said: a database that needs no server and no variables. */
const FIRST_PROVIDERS = ["sqlite"];

export const command: Command<InitFacts> = async ({ providers, force }, { shared, output }) => {
  const [file = CONFIG_NAME, ...others] = shared.config;
  if (others.length > 0) throw new UsageError("init writes one file: name --config once");
  const chosen = [...new Set(providers.length > 0 ? providers : FIRST_PROVIDERS)];
  const definitions = await Promise.all(chosen.map(definitionOf));
  const text = renderYamlExample(definitions);
  await save(file, text, force);
  const inForce = text.replaceAll(/^ *#.*$/gm, "");
  const variables = [...new Set([...inForce.matchAll(/\$\{(\w+)\}/g)].map(([, name]) => name!))];
  if (shared.json) return output.write(`${JSON.stringify({ file, providers: chosen, variables })}\n`);
  const next = variables.length === 0 ? "" : `set ${variables.join(", ")} (a .env beside it will do), then `;
  await output.write(`Wrote ${file}: ${chosen.join(", ")}.\nNext: ${next}\`busbar validate\` and \`busbar check\`.\n`);
};

async function definitionOf(name: string): Promise<Definition> {
  const names = registry.map(({ provider }) => provider);
  const found = registry.find(({ provider }) => provider === name);
  if (found === undefined) {
    const close = nearest(name, names);
    const guess = close === undefined ? "" : `Did you mean ${close}? `;
    throw new UsageError(`Unknown provider "${name}"`, `${guess}There are ${names.join(", ")}.`);
  }
  const { default: type } = await found.load();
  if (!isConnectorClass(type)) throw new Error(`The registered provider ${name} is no connector`);
  // Its precise types end here: the example is rendered from the schemas as values.
  return type.definition;
}

async function save(file: string, text: string, force: boolean): Promise<void> {
  try {
    await writeFile(file, text, { flag: force ? "w" : "wx" });
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "EEXIST")
      throw new ConnectorError("conflict", `${file} is there already`, {
        hint: "--force replaces it.",
        outcome: "none",
      });
    throw new ConnectorError("config_invalid", `${file} cannot be written: ${message}`, { code, cause: error });
  }
}
