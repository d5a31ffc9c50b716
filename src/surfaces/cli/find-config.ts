/** Which files are the configuration. */
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { ConnectorError } from "../../core/errors.ts";

/** The name that is searched for. */
export const CONFIG_NAME = "connectors.yaml";

/**
 * The files named, or the nearest `connectors.yaml` from the working directory upwards, as a path from there. Throws
 * `config_invalid` where there is none.
 */
export function findConfig(named: readonly string[], from = process.cwd()): readonly string[] {
  if (named.length > 0) return named;
  for (let folder = from; ; folder = dirname(folder)) {
    const file = join(folder, CONFIG_NAME);
    if (existsSync(file)) return [relative(from, file)];
    if (folder === dirname(folder)) break;
  }
  throw new ConnectorError("config_invalid", `No ${CONFIG_NAME} here or in any folder above`, {
    hint: "Write one with `busbar init`, or name a file with --config.",
    outcome: "none",
  });
}
