/**
 * Nothing of a test run outlives it, however it ends.
 *
 * A test process can vanish without running another line of its own: SIGKILL, a crash, a worker that the runner throws
 * away. So the first service starts a second process, which does nothing but read a pipe from this one. Each line there
 * tells it what to remember or forget. The kernel closes the pipe when this process is gone, and then the watchdog
 * sweeps what it still remembers. An exit that runs our code does the same sweep itself, so that everything is gone
 * *before* the process is.
 */
import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import { findProcesses, type ServiceTrace, sweep, thisSystem } from "./sweep.ts";

// `__name` is what some loaders (tsx) wrap around inner functions.
const program = `
const __name = (value) => value;
const { readdirSync, readFileSync, readlinkSync, rmSync } = require("node:fs");
const { execFileSync } = require("node:child_process");
const kill = (pid, signal) => process.kill(pid, signal);
const system = { platform: process.platform, readdirSync, readFileSync, readlinkSync, rmSync, execFileSync, kill };
const find = ${findProcesses.toString()};
const sweep = ${sweep.toString()};
const remembered = new Map();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => {});
let text = "";
process.stdin.setEncoding("utf8");
process.stdin.on("error", () => {});
process.stdin.on("data", (more) => {
  const lines = (text + more).split("\\n");
  text = lines.pop();
  for (const line of lines) {
    const { forget, trace } = JSON.parse(line);
    if (forget) remembered.delete(forget);
    else remembered.set(trace.id, trace);
  }
});
process.stdin.on("close", () => {
  for (const trace of remembered.values()) {
    try {
      sweep(system, trace, find);
    } catch {}
  }
  process.exit();
});
`;

const remembered = new Map<string, ServiceTrace>();
let watchdog: ChildProcess | undefined;

function start(): ChildProcess {
  const child = spawn(process.execPath, ["-e", program], {
    cwd: "/",
    detached: true, // Ctrl-C in a terminal goes to the whole process group
    stdio: ["pipe", "ignore", "ignore"],
  });
  const forgetIt = (): void => {
    if (watchdog === child) watchdog = undefined;
  };
  child.on("error", forgetIt);
  child.on("exit", forgetIt);
  child.stdin?.on("error", forgetIt);
  child.unref();
  (child.stdin as Socket).unref(); // a child's piped stdin is a socket; the types say only Writable
  return child;
}

function tell(message: { readonly trace: ServiceTrace } | { readonly forget: string }): void {
  watchdog?.stdin?.write(`${JSON.stringify(message)}\n`);
}

/** Has a service swept when this process ends. Telling the same id again replaces what was told before. */
export function watch(trace: ServiceTrace): void {
  if (remembered.size === 0) process.once("exit", sweepAll);
  remembered.set(trace.id, trace);
  if (watchdog) return tell({ trace });
  watchdog = start();
  for (const each of remembered.values()) tell({ trace: each });
}

/** Takes back `watch`. */
export function unwatch(id: string): void {
  if (!remembered.delete(id)) return;
  tell({ forget: id });
  if (remembered.size === 0) process.removeListener("exit", sweepAll);
}

function sweepAll(): void {
  for (const trace of remembered.values()) sweep(thisSystem, trace, findProcesses);
}
