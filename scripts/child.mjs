/**
 * Child processes that end: each has a limit, and on expiry or Ctrl-C its whole process group is told to stop and then
 * killed. Each is the leader of its own group, because that is the only handle on what it starts in turn.
 */
import { spawn } from "node:child_process";

const GRACE_MS = 5_000;
const OUTPUT_LIMIT = 1_000_000;

/** With the time each gets between being told to stop and being killed. */
const running = new Map();

/** Some programs colour what they print in CI, where nobody sees colours. */
const PLAIN = process.stdout.isTTY || "FORCE_COLOR" in process.env ? {} : { NO_COLOR: "1" };
let isInterrupted = false;

for (const [signal, number] of [
  ["SIGINT", 2],
  ["SIGTERM", 15],
  ["SIGHUP", 1],
]) {
  process.on(signal, async () => {
    if (isInterrupted) return;
    isInterrupted = true;
    await Promise.all([...running.keys()].map((child) => stop(child, signal)));
    process.exit(128 + number);
  });
}

/**
 * Runs a program to its end. `live` lets it write to the terminal; otherwise its output is returned, the last million
 * characters of it. Never rejects.
 *
 * @param {{ file: string, args?: readonly string[], env?: Record<string, string>, cwd?: string, limitMs: number, graceMs?: number, live?: boolean }} options
 * @returns {Promise<{ ok: boolean, code: number, output: string, error: string | undefined }>}
 */
export function runChild({ file, args = [], env = {}, cwd, limitMs, graceMs = GRACE_MS, live = false }) {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      cwd,
      env: { ...PLAIN, ...process.env, ...env },
      detached: true,
      stdio: ["ignore", live ? "inherit" : "pipe", live ? "inherit" : "pipe"],
    });
    running.set(child, graceMs);
    let output = "";
    let error;
    const keep = (text) => {
      output = (output + text).slice(-OUTPUT_LIMIT);
    };
    child.stdout?.setEncoding("utf8").on("data", keep);
    child.stderr?.setEncoding("utf8").on("data", keep);
    const timer = setTimeout(() => {
      error = `took longer than ${limitMs / 1000} s`;
      void stop(child, "SIGTERM");
    }, limitMs);
    const finish = (code) => {
      clearTimeout(timer);
      running.delete(child);
      // Whatever the program left behind in its group would outlive the limit.
      signalGroup(child, "SIGKILL");
      // An interrupted run prints nothing more: the handler above ends it.
      if (!isInterrupted) resolve({ ok: code === 0 && error === undefined, code, output, error });
    };
    child.once("error", (failure) => {
      error = failure.message;
      finish(1);
    });
    child.once("close", (code, signal) => {
      error ??= signal === null ? undefined : `ended by ${signal}`;
      finish(code ?? 1);
    });
  });
}

/** As `runChild`, for a program of Node's. */
export function runNode(args, options) {
  return runChild({ file: process.execPath, args, ...options });
}

async function stop(child, signal) {
  const gone = new Promise((resolve) => child.once("exit", resolve));
  signalGroup(child, signal);
  const timer = setTimeout(() => signalGroup(child, "SIGKILL"), running.get(child));
  if (child.exitCode === null && child.signalCode === null) await gone;
  clearTimeout(timer);
  signalGroup(child, "SIGKILL");
}

function signalGroup(child, signal) {
  if (child.pid === undefined) return;
  try {
    process.kill(-child.pid, signal);
  } catch {
    // nobody left in it
  }
}
