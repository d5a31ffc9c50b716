/**
 * Where services live. Their folders must be open to the user that a server runs as, which is not root when the tests
 * are: a home directory or a TMPDIR below /root would lock it out.
 *
 * What costs time and never changes (an initialised data directory, unpacked programs) is made once per machine and
 * kept: under /var/cache for root, else in the user's cache directory. Such a folder is built under another name and
 * then renamed, which the kernel does for exactly one of several builders; the others throw theirs away.
 */
import { randomUUID } from "node:crypto";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  statfsSync,
  statSync,
} from "node:fs";
import { access, rename, rm } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { unwatch, watch } from "./watchdog.ts";

export interface Owner {
  readonly uid: number;
  readonly gid: number;
}

/** The user for servers when the tests run as root: nobody, who is in every /etc/passwd (initdb looks there). */
export function unprivilegedUser(): Owner | undefined {
  return process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : undefined;
}

function isOpenToAll(path: string): boolean {
  if ((statSync(path).mode & 0o001) === 0) return false;
  return dirname(path) === path || isOpenToAll(dirname(path));
}

export interface TemporaryFolderOptions {
  readonly owner?: Owner | undefined;
  /** Not in memory, whatever that costs. */
  readonly needsDisk?: boolean | undefined;
}

/** Makes a new folder for temporary things that belongs to `owner`. Nobody else can look into it. */
export function makeTemporaryFolder(name: string, { owner, needsDisk = false }: TemporaryFolderOptions): string {
  const usual = realpathSync(tmpdir());
  const disk = owner && !isOpenToAll(usual) ? "/tmp" : usual;
  const dir = mkdtempSync(join(!needsDisk && isMemoryRoomy() ? MEMORY : disk, `busbar-${name}-`));
  if (owner) chownSync(dir, owner.uid, owner.gid);
  return dir;
}

/**
 * A data directory is a thousand files, and ext4 passes over every inode that was freed in the last five seconds when it
 * looks for a new one: a test run that makes and removes such folders one after the other spends a second on each.
 */
const MEMORY = "/dev/shm";
const ROOMY_BYTES = 2 * 1024 ** 3;

function isMemoryRoomy(): boolean {
  if (process.platform !== "linux") return false;
  try {
    accessSync(MEMORY, constants.W_OK);
    const { bavail, bsize } = statfsSync(MEMORY);
    return bavail * bsize > ROOMY_BYTES; // a container has 64 MB there unless told otherwise
  } catch {
    return false;
  }
}

function cacheRoot(): string {
  const uid = process.getuid?.();
  const temporary = join(tmpdir(), `busbar-cache-${uid}`);
  const usual = uid === 0 ? "/var/cache" : (process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache"));
  for (const root of [join(usual, "busbar-testkit"), temporary]) {
    try {
      mkdirSync(root, { recursive: true });
      if (uid === 0) chmodSync(root, 0o755);
      if (lstatSync(root).uid === uid) return root; // under /tmp somebody else may have put one there for us
    } catch {
      // read-only, or a home that does not exist: the next one
    }
  }
  throw new Error(`No folder to keep prepared test services in: neither ${usual} nor ${tmpdir()} can be written`);
}

/** The folder `name` of the cache, built by `build` if it is not there yet. `owner` owns it while it is built. */
export async function cachedFolder(
  name: string,
  owner: Owner | undefined,
  build: (folder: string) => Promise<void>,
): Promise<string> {
  const root = cacheRoot();
  const folder = join(root, name);
  const exists = (): Promise<boolean> =>
    access(folder).then(
      () => true,
      () => false,
    );
  if (await exists()) return folder;
  const id = randomUUID();
  const draft = join(root, `.${name}-${id}`);
  watch({ id, dir: draft });
  try {
    mkdirSync(draft);
    if (owner) chownSync(draft, owner.uid, owner.gid);
    await build(draft);
    await rename(draft, folder);
  } catch (error) {
    if (!(await exists())) throw error;
  } finally {
    await rm(draft, { recursive: true, force: true });
    unwatch(id);
  }
  return folder;
}
