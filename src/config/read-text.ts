/** Reads a text file that people wrote: bounded, UTF-8, and told plainly where it cannot be. */
import { open } from "node:fs/promises";

/** Text, or why there is none, in words that follow the file's name. */
export type ReadText =
  | {
      readonly text: string;
      /** It can be read this once. */
      readonly isPipe: boolean;
    }
  | { readonly problem: string; readonly code?: string | undefined };

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: "does not exist",
  ENOTDIR: "does not exist",
  EACCES: "may not be read",
  EPERM: "may not be read",
  EISDIR: "is a directory",
  ELOOP: "is a circle of links",
  ENAMETOOLONG: "has too long a name",
  ERR_INVALID_ARG_VALUE: "is not a path",
};

/** The text of a file of at most `limitBytes`; a pipe works as well, a device does not. A byte order mark is left out. */
export async function readText(path: string, limitBytes: number): Promise<ReadText> {
  try {
    await using file = await open(path);
    const stats = await file.stat();
    if (stats.isDirectory()) return { problem: REASONS["EISDIR"]!, code: "EISDIR" };
    if (!stats.isFile() && !stats.isFIFO()) return { problem: "is not a file" };
    const chunks: Uint8Array[] = [];
    for (let size = 0; ;) {
      const { bytesRead, buffer } = await file.read(new Uint8Array(64 * 1024));
      if (bytesRead === 0) break;
      size += bytesRead;
      if (size > limitBytes) return { problem: `is larger than ${limitBytes / 2 ** 20} MiB` };
      chunks.push(buffer.subarray(0, bytesRead));
    }
    return decode(Buffer.concat(chunks), stats.isFIFO());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { problem: REASONS[code ?? ""] ?? `cannot be read (${code ?? "unknown reason"})`, code };
  }
}

function decode(bytes: Uint8Array, isPipe: boolean): ReadText {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), isPipe };
  } catch {
    return { problem: "is not UTF-8 text" };
  }
}
