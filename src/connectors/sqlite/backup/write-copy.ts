/**
 * A copy of a database in a file of its own. Synchronous; it runs where the statement does.
 *
 * SQLite writes it under another name first, so that under its own it is whole or not there; then it is forced to the disk,
 * which VACUUM INTO does not see to, and gets its name, which must be free. A process that dies meanwhile leaves a file
 * behind whose name ends in `.partial`.
 */
import { randomUUID } from "node:crypto";
import { closeSync, existsSync, fsyncSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { ConnectorError, type Kind } from "../../../core/errors.ts";

/** What is to be written, and how. */
export interface CopyOrder {
  /** The path of the copy. */
  readonly file: string;
  /** The database's own path, whose permissions the copy has; undefined in memory. */
  readonly source: string | undefined;
}

/** @param vacuum writes the database to an empty file. */
export function writeCopy({ file, source }: CopyOrder, vacuum: (path: string) => void): number {
  const partial = `${file}.${randomUUID().slice(0, 8)}.partial`;
  return told(() => {
    if (existsSync(file)) throw taken();
    const mode = source === undefined ? 0o600 : statSync(source).mode & 0o777;
    closeSync(openSync(partial, "wx", mode));
    try {
      vacuum(partial);
      sync(partial);
      const bytes = statSync(partial).size;
      giveName(partial, file);
      return bytes;
    } finally {
      rmSync(partial, { force: true });
    }
  });
}

function giveName(partial: string, file: string): void {
  try {
    linkSync(partial, file);
  } catch (error) {
    // Some file systems have no links; there another process could take the name at the same moment.
    if (!["EPERM", "ENOSYS", "ENOTSUP", "EOPNOTSUPP"].includes(codeOf(error) ?? "")) throw error;
    if (existsSync(file)) throw taken();
    renameSync(partial, file);
  }
  sync(dirname(file));
}

function sync(path: string): void {
  const opened = openSync(path, "r");
  try {
    fsyncSync(opened);
  } finally {
    closeSync(opened);
  }
}

const KINDS: Readonly<Record<string, readonly [Kind, string]>> = {
  EEXIST: ["conflict", "There is a file of that name"],
  ENOENT: ["not_found", "The folder for backups is not there"],
  ENOTDIR: ["not_found", "The folder for backups is not there"],
  EACCES: ["permission_denied", "The folder for backups cannot be written"],
  EPERM: ["permission_denied", "The folder for backups cannot be written"],
  EROFS: ["permission_denied", "The folder for backups cannot be written"],
  ENOSPC: ["unavailable", "The disk of the backups is full"],
  EDQUOT: ["unavailable", "The disk of the backups is full"],
};

/** Errors of the file system in words; those of SQLite as they are. */
function told<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined || error instanceof ConnectorError || !/^E[A-Z]+$/.test(code)) throw error;
    const [kind, message] = KINDS[code] ?? ["unavailable", `The backup cannot be written (${code})`];
    throw new ConnectorError(kind, message, { outcome: "none", cause: error });
  }
}

function taken(): ConnectorError {
  return new ConnectorError("conflict", "There is a file of that name", {
    outcome: "none",
    hint: "A backup never replaces a file. Take another name, with the date in it for instance.",
  });
}

const codeOf = (error: unknown): string | undefined => {
  const { code } = error as { readonly code?: unknown };
  return typeof code === "string" ? code : undefined;
};
