import { closeSync, fstatSync, openSync, readSync } from "node:fs";

const KEPT_BYTES = 64 * 1024;

/** The last 64 KB of a file; empty when there is none. */
export function readTail(path: string): string {
  let file: number | undefined;
  try {
    file = openSync(path, "r");
    const { size } = fstatSync(file);
    const bytes = Buffer.alloc(Math.min(size, KEPT_BYTES));
    const length = readSync(file, bytes, 0, bytes.length, size - bytes.length);
    return bytes.toString("utf8", 0, length);
  } catch {
    return "";
  } finally {
    if (file !== undefined) closeSync(file);
  }
}
