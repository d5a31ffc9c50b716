/**
 * Finding and ending every process of a test service.
 *
 * A process group is not enough: PostgreSQL's backends and Erlang's helpers start sessions of their own, and daemons
 * leave their parent. So a process belongs to a service when any of these holds: it is the one that was started (same
 * pid *and* same start time, because pids are used again), it descends from it, it carries the marker
 * `TEST_SERVICE_ID=<id>` in its environment, or it works inside the service's folder. The last one is for PostgreSQL,
 * whose backends overwrite the memory in which the environment stood.
 *
 * Off Linux there is no /proc: `ps` gives the descent, the other signs are missing.
 *
 * Both functions are also sent, by their source text, to the watchdog process (see watchdog.ts), which must run without
 * a build step or a loader. They therefore use nothing but their arguments and the language itself.
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";

export interface ServiceTrace {
  /** Also the value of the environment marker. */
  readonly id: string;
  readonly pid?: number | undefined;
  /** From `startTimeOf`; empty where the system does not tell. */
  readonly startTime?: string | undefined;
  /** Asks the first process to end in good order. */
  readonly stopSignal?: NodeJS.Signals | undefined;
  /** The service's own folder; removed by `sweep`. */
  readonly dir?: string | undefined;
  /** Further files that `sweep` removes. */
  readonly files?: readonly string[] | undefined;
}

export interface FoundProcess {
  readonly pid: number;
  readonly isStopped: boolean;
}

export interface System {
  readonly platform: string;
  readonly readdirSync: (path: string) => string[];
  readonly readFileSync: (path: string, encoding: "utf8") => string;
  readonly readlinkSync: (path: string) => string;
  readonly rmSync: typeof rmSync;
  readonly execFileSync: (file: string, args: readonly string[], options: { encoding: "utf8" }) => string;
  readonly kill: (pid: number, signal: NodeJS.Signals) => boolean;
}

/** This machine, as `findProcesses` and `sweep` see it. */
export const thisSystem: System = {
  platform: process.platform,
  readdirSync: (path) => readdirSync(path),
  readFileSync: (path, encoding) => readFileSync(path, encoding),
  readlinkSync: (path) => readlinkSync(path),
  rmSync,
  execFileSync: (file, args, options) => execFileSync(file, args, options),
  kill: (pid, signal) => process.kill(pid, signal),
};

/** The living processes of a service. A zombie is not living: it waits for its parent to look at it, nothing more. */
export function findProcesses(system: System, trace: ServiceTrace): FoundProcess[] {
  const attempt = (read: () => string): string => {
    try {
      return read();
    } catch {
      return ""; // the process has just ended, or belongs to somebody else
    }
  };
  const all: { pid: number; parent: number; isStopped: boolean; isOurs: boolean }[] = [];
  if (system.platform === "linux") {
    for (const name of system.readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid)) continue;
      const stat = attempt(() => system.readFileSync(`/proc/${pid}/stat`, "utf8"));
      // The command's name stands in parentheses and may itself hold blanks and parentheses.
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      const state = fields[0] ?? "";
      if (stat === "" || state === "Z" || state === "X") continue;
      const isRoot = pid === trace.pid && (!trace.startTime || fields[19] === trace.startTime);
      const hasMarker = (): boolean =>
        attempt(() => system.readFileSync(`/proc/${pid}/environ`, "utf8"))
          .split("\0")
          .includes(`TEST_SERVICE_ID=${trace.id}`);
      const worksInside = (): boolean =>
        Boolean(trace.dir) && `${attempt(() => system.readlinkSync(`/proc/${pid}/cwd`))}/`.startsWith(`${trace.dir}/`);
      const isOurs = isRoot || worksInside() || hasMarker();
      all.push({ pid, parent: Number(fields[1]), isStopped: state === "T" || state === "t", isOurs });
    }
  } else {
    const table = attempt(() => system.execFileSync("ps", ["-A", "-o", "pid=,ppid=,stat="], { encoding: "utf8" }));
    for (const line of table.split("\n")) {
      const [pid, parent, state] = line.trim().split(/\s+/);
      if (!pid || !parent || !state || state.startsWith("Z")) continue;
      const isOurs = Number(pid) === trace.pid;
      all.push({ pid: Number(pid), parent: Number(parent), isStopped: state.startsWith("T"), isOurs });
    }
  }
  const ours = new Set<number>();
  for (const found of all) if (found.isOurs) ours.add(found.pid);
  for (let known = 0; known < ours.size;) {
    known = ours.size;
    for (const found of all) if (ours.has(found.parent)) ours.add(found.pid);
  }
  return all.filter((found) => ours.has(found.pid)).map(({ pid, isStopped }) => ({ pid, isStopped }));
}

/**
 * Ends a service from outside and removes what it left, without giving back the thread: at most 0.5 s in good order
 * (so that PostgreSQL gives back its shared memory), then by force, at most 5 s.
 */
export function sweep(system: System, trace: ServiceTrace, find: typeof findProcesses): void {
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const send = (pid: number, signal: NodeJS.Signals): void => {
    try {
      system.kill(pid, signal);
    } catch {
      // gone between looking and sending
    }
  };
  let living = trace.pid || trace.dir ? find(system, trace) : [];
  if (living.length > 0 && trace.stopSignal) {
    for (const { pid } of living) send(pid, "SIGCONT"); // a frozen process does not hear the next signal
    const root = living.find(({ pid }) => pid === trace.pid);
    if (root) send(root.pid, trace.stopSignal);
    for (let tries = 0; root && living.length > 0 && tries < 50; tries++) {
      Atomics.wait(cell, 0, 0, 10);
      living = find(system, trace);
    }
  }
  for (let tries = 0; living.length > 0 && tries < 500; tries++) {
    for (const { pid } of living) send(pid, "SIGKILL");
    Atomics.wait(cell, 0, 0, 10);
    living = find(system, trace);
  }
  for (const path of [...(trace.dir ? [trace.dir] : []), ...(trace.files ?? [])]) {
    try {
      system.rmSync(path, { recursive: true, force: true, maxRetries: 3 });
    } catch {
      // nobody is left to tell
    }
  }
}
