/** What `${…}` in one file can see: the process's environment first, then the `.env` beside the file; and files. */
import { dirname, join, resolve } from "node:path";
import { parseEnv } from "node:util";
import type { Lookup } from "./interpolate.ts";
import { readText, type ReadText } from "./read-text.ts";

export type Variables = Readonly<Record<string, string | undefined>>;

const DOTENV_BYTES = 2 ** 20;
const SECRET_BYTES = 2 ** 20;

export interface FileEnvironment extends Lookup {
  /** The files that values were looked for in so far, as full paths. */
  readonly files: ReadonlySet<string>;
  /** Every name that is set. */
  names(): Iterable<string>;
}

/**
 * The environment of a file, or what is wrong with the `.env` beside it. Paths are relative to the file's folder.
 *
 * @param pipes what was read from pipes: they bring it once only, so it is kept for the next time.
 */
export async function environmentOf(
  file: string,
  variables: Variables,
  pipes = new Map<string, ReadText>(),
): Promise<FileEnvironment | { readonly file: string; readonly problem: string }> {
  const dotenv = join(dirname(file), ".env");
  const read = await readText(dotenv, DOTENV_BYTES);
  // A folder named `.env` is a virtual environment of Python, not ours.
  const isAbsent = "code" in read && (read.code === "ENOENT" || read.code === "ENOTDIR" || read.code === "EISDIR");
  if ("problem" in read && !isAbsent) return { file: dotenv, problem: read.problem };
  const beside: Variables = "text" in read ? parseEnv(read.text) : {};
  const files = new Set([resolve(dotenv)]);
  return {
    files,
    variable: (name) => own(variables, name) ?? own(beside, name),
    async file(path) {
      const at = resolve(dirname(file), path);
      const kept = pipes.get(at);
      if (kept !== undefined) return kept;
      const found = await readText(at, SECRET_BYTES);
      if ("isPipe" in found && found.isPipe) pipes.set(at, found);
      else files.add(at);
      return found;
    },
    names: () => [...Object.keys(variables), ...Object.keys(beside)],
  };
}

const own = (variables: Variables, name: string): string | undefined =>
  Object.hasOwn(variables, name) ? variables[name] : undefined;
