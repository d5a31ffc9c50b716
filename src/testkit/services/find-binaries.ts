import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export interface WantedBinaries {
  /** The service's name; `TEST_SERVICE_<NAME>_BIN` overrides everything else. */
  readonly name: string;
  /** Programs that must all stand in the folder. */
  readonly files: readonly string[];
  /** Where distributions put them, best first; searched before `PATH`. */
  readonly folders?: readonly string[];
}

/** The first folder that holds all the wanted programs. */
export function findBinaries({ name, files, folders = [] }: WantedBinaries): string | undefined {
  const named = process.env[`TEST_SERVICE_${name.toUpperCase().replaceAll("-", "_")}_BIN`];
  const path = (process.env["PATH"] ?? "").split(delimiter).filter((folder) => folder !== "");
  const candidates = named ? [named] : [...folders, ...path, "/usr/sbin", "/usr/local/sbin"];
  return candidates.find((folder) => files.every((file) => isProgram(join(folder, file))));
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
