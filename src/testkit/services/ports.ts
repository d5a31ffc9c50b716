/**
 * A free port that stays free until the server takes it.
 *
 * The usual trick, `listen(0)`, hands out a port of the ephemeral range, which any outgoing connection of the machine
 * may take before the server binds it. So ports come from 15000–32000, below that range. A lock file, made so that only
 * one process can make it, keeps other test processes away; binding once for a try shows that nobody else has it.
 */
import { randomInt } from "node:crypto";
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTimeOf } from "./process-tree.ts";
import { unwatch, watch } from "./watchdog.ts";

const LOWEST = 15_000;
const HIGHEST = 32_000;
const TRIES = 200;

/** A port that no other process of a test run takes. */
export interface ClaimedPort {
  readonly port: number;
  /** Gives the port back. Twice is fine. */
  release(): void;
}

/** Claims a free loopback port for this process, until released or until the process ends. */
export async function claimPort(): Promise<ClaimedPort> {
  const folder = join(tmpdir(), `busbar-ports-${process.getuid?.() ?? "user"}`);
  mkdirSync(folder, { recursive: true });
  for (let tries = 0; tries < TRIES; tries++) {
    const port = randomInt(LOWEST, HIGHEST);
    const lockFile = join(folder, `${port}.lock`);
    if (!takeLock(lockFile)) continue;
    const id = `port-${port}`;
    watch({ id, files: [lockFile] });
    const release = (): void => {
      rmSync(lockFile, { force: true });
      unwatch(id);
    };
    if (!(await canBind(port))) {
      release();
      continue;
    }
    let isHeld = true;
    return {
      port,
      release() {
        if (isHeld) release(); // not the lock that another process may have taken since
        isHeld = false;
      },
    };
  }
  throw new Error(`No free port in ${LOWEST}–${HIGHEST} after ${TRIES} tries (lock files in ${folder})`);
}

function takeLock(lockFile: string): boolean {
  try {
    const file = openSync(lockFile, "wx");
    writeSync(file, `${process.pid} ${startTimeOf(process.pid)}\n`);
    closeSync(file);
    return true;
  } catch {
    // A dead owner's lock is removed but its port is not taken in the same breath: two processes that clean up the same
    // lock would otherwise both take it.
    if (isStale(lockFile)) rmSync(lockFile, { force: true });
    return false;
  }
}

function isStale(lockFile: string): boolean {
  try {
    const [pid, startTime] = readFileSync(lockFile, "utf8").split(/\s(.*)/);
    return startTime !== undefined && startTimeOf(Number(pid)) !== startTime;
  } catch {
    return false;
  }
}

/** Whether nobody has that loopback port now. */
export function canBind(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
