/**
 * Finds the module that a configuration names: a path beside the file, or a package as code in that folder would find it.
 *
 * Node resolves a package for a folder only by the rules of `require`, which do not see a package that offers `import`
 * alone; for those the package's own `exports` are read.
 */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Whether a provider is written as a path and not as a name. */
export const isPath = (provider: string): boolean => /^(\.{0,2}[/\\]|[A-Za-z]:[/\\]|file:)/.test(provider);

/** The file that a path names, from `folder`. */
export function fileOf(path: string, folder: string): string {
  return path.startsWith("file:") ? fileURLToPath(path) : resolve(folder, path);
}

/** The URL of a package's module, or `undefined` where it is not installed. */
export async function findPackage(name: string, folder: string): Promise<string | undefined> {
  const require = createRequire(pathToFileURL(join(folder, "connectors.yaml")));
  try {
    const found = require.resolve(name);
    // A module of Node's own is never a connector.
    return found === name || found.startsWith("node:") ? undefined : pathToFileURL(found).href;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ERR_PACKAGE_PATH_NOT_EXPORTED") return undefined;
  }
  const [, packageName, subpath] = /^((?:@[^/]+\/)?[^/]+)(\/.+)?$/.exec(name) ?? [];
  for (const place of require.resolve.paths(name) ?? []) {
    const root = join(place, packageName ?? name);
    const text = await readFile(join(root, "package.json"), "utf8").catch(() => undefined);
    if (text === undefined) continue;
    const target = importTarget((JSON.parse(text) as { exports?: unknown }).exports, `.${subpath ?? ""}`);
    return target === undefined ? undefined : pathToFileURL(join(root, target)).href;
  }
  return undefined;
}

/** What `exports` gives to `import` for a subpath. */
function importTarget(exports: unknown, subpath: string): string | undefined {
  if (typeof exports === "string") return subpath === "." ? exports : undefined;
  if (typeof exports !== "object" || exports === null) return undefined;
  const table = exports as Record<string, unknown>;
  if (Object.keys(table).some((key) => key.startsWith("."))) return conditional(table[subpath]);
  return subpath === "." ? conditional(table) : undefined;
}

function conditional(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (typeof target !== "object" || target === null) return undefined;
  for (const [condition, inner] of Object.entries(target)) {
    if (!["node", "import", "module-sync", "default"].includes(condition)) continue;
    const found = conditional(inner);
    if (found !== undefined) return found;
  }
  return undefined;
}
