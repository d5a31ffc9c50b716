/** Where a backup goes, and which connection writes it. */
import { dirname, resolve } from "node:path";
import type { Call } from "../../../core/call.ts";
import { ConnectorError } from "../../../core/errors.ts";
import { MEMORY, type Options } from "../config.ts";
import type { Backend } from "../engine/backend.ts";

/** What a session has for it. */
export interface BackupSettings {
  readonly file: string;
  readonly options: Pick<Options, "access" | "backupFolder">;
  /** A connection that may take its time; it is closed afterwards. Where the database is in memory, the one there is. */
  use<T>(this: void, call: Call, work: (backend: Backend) => Promise<T>): Promise<T>;
}

/** Writes a copy; refused where only reading is allowed, because it writes a file. */
export async function backUp(
  { name }: { readonly name: string },
  call: Call,
  { file, options: { access, backupFolder }, use }: BackupSettings,
): Promise<{ file: string; bytes: number }> {
  const isMemory = file === MEMORY;
  if (access === "read-only")
    throw refusal("permission_denied", "Backups are not written here", "`access: read-only` writes no file.");
  if (isMemory && backupFolder === undefined)
    throw refusal("unsupported", "A database in memory has no folder", "Say in `backupFolder` where backups go.");
  const copy = resolve(backupFolder ?? dirname(resolve(file)), name);
  const order = { file: copy, source: isMemory ? undefined : resolve(file) };
  return { file: copy, bytes: await use(call, (backend) => backend.copy(order, call)) };
}

function refusal(kind: "permission_denied" | "unsupported", message: string, hint: string): ConnectorError {
  return new ConnectorError(kind, message, { outcome: "none", hint });
}
