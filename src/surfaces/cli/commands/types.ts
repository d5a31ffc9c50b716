/** `busbar types`: a file of declarations for the connectors of the configuration; opens nothing. */
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join, relative, resolve, sep } from "node:path";
import { registry } from "../../../connectors/registry.ts";
import { ConnectorError } from "../../../core/errors.ts";
import { loadConfig } from "../../../hub/configuration.ts";
import type { LoadedConnector } from "../../../hub/loaded-connector.ts";
import { connectorTypes } from "../../../render/connector-types.ts";
import { findConfig } from "../find-config.ts";
import type { Command } from "../invocation.ts";

interface TypesFacts {
  readonly out: string | undefined;
  readonly isCheck: boolean;
}

const FILE_NAME = "connectors.d.ts";

export const command: Command<TypesFacts> = async ({ out, isCheck }, { shared, output }) => {
  const files = findConfig(shared.config);
  const { connectors } = await loadConfig(files);
  const file = out ?? join(dirname(files[0]!), FILE_NAME);
  const text = connectorTypes(
    connectors.map((connector) => ({
      name: connector.name,
      module: moduleOf(connector, dirname(resolve(file))),
      operations: connector.definition.operations,
    })),
  );
  const before = await readFile(file, "utf8").catch(() => undefined);
  if (isCheck && before !== text)
    throw new ConnectorError(
      "conflict",
      `${file} is ${before === undefined ? "not there" : "not as the configuration"}`,
      {
        hint: "Run `busbar types`, and commit what it writes.",
        outcome: "none",
      },
    );
  if (before !== text) await writeFile(file, text);
  const state = before === text ? "is up to date" : "written";
  await output.write(shared.json ? `${JSON.stringify({ file, changed: before !== text })}\n` : `${file} ${state}\n`);
};

/** What to import for a connector's class, seen from a folder. */
function moduleOf(connector: LoadedConnector, folder: string): string | undefined {
  const { provider, class: type } = connector;
  if (registry.some((each) => each.provider === provider)) return `busbar/connectors/${provider}`;
  const written = connector.origin(["provider"]);
  if (written.from !== "file" || provider === type.name) return undefined;
  if (!/^[./]/.test(provider)) return provider;
  const path = relative(folder, resolve(dirname(resolve(written.file)), provider))
    .split(sep)
    .join("/");
  // TypeScript finds `.ts` behind `.js`, and refuses the name of a source.
  const importable = path.replace(/\.([cm]?)ts$/, ".$1js");
  return importable.startsWith(".") ? importable : `./${importable}`;
}
