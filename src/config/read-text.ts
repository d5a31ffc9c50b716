/** Reads a text file that people wrote: bounded, UTF-8, and told plainly where it cannot be. */
import { constants } from "node:fs";
import { open, type FileHandle } from "node:fs/promises";
import { systemClock, type Clock } from "../core/clock.ts";

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
  EAGAIN: "is a pipe that brings nothing",
};

/** Longest wait for a pipe that nobody writes to, and for one that somebody may still write to: a person types a PIN. */
const PIPE_MS = { unused: 5_000, inUse: 60_000 } as const;
const LOOK_MS = 10;

/** A blocking open of a pipe would hold a thread of Node's few until somebody writes, even while the process exits. */
const FLAGS = constants.O_RDONLY | ((constants.O_NONBLOCK as number | undefined) ?? 0);

/** The text of a file of at most `limitBytes`; a pipe works as well, a device does not. A byte order mark is left out. */
export async function readText(path: string, limitBytes: number, clock = systemClock): Promise<ReadText> {
  try {
    await using file = await open(path, FLAGS);
    const stats = await file.stat();
    if (stats.isDirectory()) return { problem: REASONS["EISDIR"]!, code: "EISDIR" };
    if (!stats.isFile() && !stats.isFIFO()) return { problem: "is not a file" };
    const chunks: Uint8Array[] = [];
    for (let size = 0; ;) {
      const chunk = stats.isFIFO() ? await chunkOfPipe(file, { isFirst: size === 0, clock }) : await chunkOf(file);
      if (chunk.length === 0) break;
      size += chunk.length;
      if (size > limitBytes) return { problem: `is larger than ${limitBytes / 2 ** 20} MiB` };
      chunks.push(chunk);
    }
    return decode(Buffer.concat(chunks), stats.isFIFO());
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return { problem: REASONS[code ?? ""] ?? `cannot be read (${code ?? "unknown reason"})`, code };
  }
}

async function chunkOf(file: FileHandle): Promise<Uint8Array> {
  const { bytesRead, buffer } = await file.read(new Uint8Array(64 * 1024));
  return buffer.subarray(0, bytesRead);
}

interface PipeState {
  /** Nothing has come yet: a pipe that seems to be at its end may have no writer yet. */
  readonly isFirst: boolean;
  readonly clock: Clock;
}

async function chunkOfPipe(file: FileHandle, { isFirst, clock }: PipeState): Promise<Uint8Array> {
  const startedAt = clock.now();
  for (;;) {
    let limitMs: number = PIPE_MS.unused;
    try {
      const chunk = await chunkOf(file);
      if (chunk.length > 0 || !isFirst) return chunk;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") throw error;
      limitMs = PIPE_MS.inUse;
    }
    if (clock.now() - startedAt >= limitMs) throw Object.assign(new Error("nothing came"), { code: "EAGAIN" });
    await new Promise<void>((resolve) => void clock.after(LOOK_MS, resolve));
  }
}

function decode(bytes: Uint8Array, isPipe: boolean): ReadText {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), isPipe };
  } catch {
    return { problem: "is not UTF-8 text" };
  }
}
