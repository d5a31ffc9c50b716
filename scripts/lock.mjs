/** One process at a time, told by a file that holds the pid of who has it. */
import { linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const LIMIT_MS = 10 * 60_000;

/** Runs `work` while no other process holds the lock at `path`; the lock of a dead process is taken over. */
export async function withLock(path, work) {
  mkdirSync(dirname(path), { recursive: true });
  for (const since = Date.now(); !take(path); await pause(200)) {
    dropIfDead(path);
    if (Date.now() - since > LIMIT_MS) throw new Error(`Another process has held ${path} for too long`);
  }
  const release = () => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    process.removeListener("exit", release);
    release();
  }
}

/** Linking makes the file with its content in one step, or fails because there is one. */
function take(path) {
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, String(process.pid));
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  } finally {
    rmSync(draft, { force: true });
  }
}

function dropIfDead(path) {
  let holder;
  try {
    holder = readFileSync(path, "utf8");
    process.kill(Number(holder), 0);
  } catch (error) {
    if (error.code !== "ESRCH") return;
    const taken = `${path}.dead-${process.pid}`;
    try {
      renameSync(path, taken);
      // Somebody else was quicker to take over: give it back.
      if (readFileSync(taken, "utf8") !== holder) linkSync(taken, path);
    } catch {
      // released meanwhile
    }
    rmSync(taken, { force: true });
  }
}
