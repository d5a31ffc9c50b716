/**
 * Where a command writes: answers on stdout, everything else on stderr.
 *
 * A write is over when the reader has taken it, so a slow reader slows the work at the system and nothing piles up here. A
 * reader that goes away (`| head`) is no error: `gone` aborts, which ends the work, and the command ends quietly.
 */
import type { WriteStream } from "node:tty";
import { orAborted } from "../../core/abort.ts";
import { ConnectorError } from "../../core/errors.ts";

const CODES = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 } as const;
export type Style = keyof typeof CODES;

type Paint = (style: Style, text: string) => string;

export interface Output {
  /** Whether people look at stdout. */
  readonly isTerminal: boolean;
  /** Columns of the terminal; `undefined` where there is none. */
  readonly width: number | undefined;
  /** Aborts when nobody reads stdout any more. */
  readonly gone: AbortSignal;
  /**
   * Writes to stdout; over when it has been taken. Throws the reason of `signal` when that aborts meanwhile, and `internal`
   * where nothing can be written (a full disk).
   */
  write(text: string, signal?: AbortSignal): Promise<void>;
  /** Writes to stderr. */
  tell(text: string): Promise<void>;
  /** Colours text for stdout, where colours are welcome. */
  readonly paint: Paint;
  /** The same for stderr. */
  readonly paintTold: Paint;
}

/** What is needed of `process`. */
interface Streams {
  readonly stdout: WriteStream;
  readonly stderr: WriteStream;
}

export function createOutput({ color }: { readonly color: boolean }, streams: Streams = process): Output {
  const { stdout, stderr } = streams;
  const gone = new AbortController();
  // Failures are told by the callback of the write that met them; without listeners they would end the process.
  stdout.on("error", (error: NodeJS.ErrnoException) => error.code === "EPIPE" && gone.abort());
  stderr.on("error", () => {});
  const painter = (stream: WriteStream): Paint => {
    // `hasColors` also knows NO_COLOR, FORCE_COLOR and TERM.
    const isColored = color && stream.isTTY && stream.hasColors();
    return (style, text) => (isColored ? `\u001b[${CODES[style]}m${text}\u001b[0m` : text);
  };
  return {
    isTerminal: Boolean(stdout.isTTY),
    // Some terminals say 0 when they do not know.
    width: stdout.isTTY && stdout.columns > 0 ? stdout.columns : undefined,
    gone: gone.signal,
    async write(text, signal) {
      if (gone.signal.aborted) return;
      const taken = new Promise<void>((resolve, reject) => {
        stdout.write(text, (error) => (isReal(error) ? reject(unwritable(error)) : resolve()));
      });
      await (signal === undefined ? taken : orAborted(taken, signal));
    },
    tell: (text) => new Promise((resolve) => void stderr.write(text, () => resolve())),
    paint: painter(stdout),
    paintTold: painter(stderr),
  };
}

function isReal(error: NodeJS.ErrnoException | null | undefined): error is NodeJS.ErrnoException {
  return error !== null && error !== undefined && error.code !== "EPIPE";
}

function unwritable(error: NodeJS.ErrnoException): ConnectorError {
  return new ConnectorError("internal", `The answer cannot be written: ${error.message}`, { cause: error });
}
