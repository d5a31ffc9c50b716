/** A file as SQLite's URIs name it: the only way to say to every driver whether it may be made or written. */
import { pathToFileURL } from "node:url";
import type { OpenOptions } from "./port.ts";

export function addressOf(file: string, { isReadOnly, create }: Omit<OpenOptions, "file">): URL {
  const url = pathToFileURL(file);
  url.search = `mode=${isReadOnly ? "ro" : create ? "rwc" : "rw"}`;
  return url;
}
