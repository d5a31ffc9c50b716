/**
 * Tells when files change.
 *
 * It looks at them now and then instead of asking the operating system for events: those miss files on network drives,
 * files that are replaced rather than written (editors, `mv`), and the symbolic links by which Kubernetes swaps a whole
 * folder of secrets. A look at a file costs some microseconds. A file that was changed a moment before is told of once more
 * with the next look: what is written to it within the resolution of the file system's time leaves no trace (Git's "racy"
 * entries).
 */
import { stat } from "node:fs/promises";
import type { Clock, Timer } from "../core/clock.ts";

export interface FileWatchSettings {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** Asked before each look. A file that is not there is watched for coming. */
  files(this: void): readonly string[];
  /** Must not reject. The next look comes when it has ended. */
  onChange(this: void, files: readonly string[]): Promise<void>;
}

/** Finest time of change that can be relied on: Linux notes it by the tick of its clock. */
const RESOLUTION_MS = 20;

/** Looks at files until it is closed; it does not keep the process alive. */
export class FileWatch {
  readonly #settings: FileWatchSettings;
  /** What each file looked like when its content was last known. */
  #seen = new Map<string, Look>();
  #timer: Timer | undefined;
  #looking: Promise<void> | undefined;
  #isClosed = false;

  constructor(settings: FileWatchSettings) {
    this.#settings = settings;
  }

  /**
   * Notes how the files look; from now on changes are told.
   *
   * @param since when their content was read, as the wall clock says: what was changed later is told at the first look.
   */
  async start(since: number): Promise<void> {
    const looks = await this.#look();
    for (const [file, { changedAt }] of looks) if (changedAt >= since - RESOLUTION_MS) looks.set(file, NEVER_SEEN);
    this.#seen = looks;
    this.#arm();
  }

  /** Resolves when a look that is under way has ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    this.#timer?.cancel();
    await this.#looking;
  }

  #arm(): void {
    if (this.#isClosed) return;
    const { clock, intervalMs } = this.#settings;
    this.#timer = clock.background(intervalMs, () => {
      this.#looking = this.#check().finally(() => {
        this.#looking = undefined;
        this.#arm();
      });
    });
  }

  async #check(): Promise<void> {
    const wallMs = this.#settings.clock.wall();
    const now = await this.#look();
    const changed = [...now].filter(([file, look]) => (this.#seen.get(file) ?? look).text !== look.text);
    this.#seen = new Map(now);
    for (const [file, { changedAt }] of changed)
      if (Math.abs(wallMs - changedAt) <= RESOLUTION_MS) this.#seen.set(file, NEVER_SEEN);
    if (changed.length > 0 && !this.#isClosed) await this.#settings.onChange(changed.map(([file]) => file));
  }

  async #look(): Promise<Map<string, Look>> {
    const files = this.#settings.files();
    return new Map(await Promise.all(files.map(async (file) => [file, await lookOf(file)] as const)));
  }
}

interface Look {
  readonly text: string;
  /** Milliseconds since 1970; -Infinity where there is no file. */
  readonly changedAt: number;
}

const NEVER_SEEN: Look = { text: "", changedAt: -Infinity };

/** A file that was written in place keeps its inode, one that was replaced may keep its size; instants are to the nanosecond. */
async function lookOf(file: string): Promise<Look> {
  try {
    const { ino, size, mtimeNs, ctimeNs, ctimeMs } = await stat(file, { bigint: true });
    return { text: [ino, size, mtimeNs, ctimeNs].join(" "), changedAt: Number(ctimeMs) };
  } catch (error) {
    return { text: (error as NodeJS.ErrnoException).code ?? "unknown", changedAt: -Infinity };
  }
}
