/** Signals for all processes of a service at once; which those are, sweep.ts says. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { findProcesses, type ServiceTrace, thisSystem } from "./sweep.ts";
import { becomesTrue } from "./wait.ts";

/** When a process began, in the system's own unit; empty when it is gone. Tells a pid from the same pid used again. */
export function startTimeOf(pid: number): string {
  try {
    if (process.platform !== "linux") {
      return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
    }
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "";
  } catch {
    return "";
  }
}

/** Sends a signal, and says whether the process was still there to get it. */
export function sendSignal(pid: number, signal: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, signal);
  } catch {
    return false;
  }
}

/** Kills the whole tree and waits until nothing of it lives; what a dying process still forks is killed too. Limit 10 s. */
export async function killTree(trace: ServiceTrace): Promise<void> {
  const isGone = await becomesTrue(
    () => {
      const living = findProcesses(thisSystem, trace);
      for (const { pid } of living) sendSignal(pid, "SIGKILL");
      return living.length === 0;
    },
    { timeoutMs: 10_000 },
  );
  if (!isGone) throw new Error(`Processes of the test service ${trace.id} survived SIGKILL for 10 s`);
}

/** Stops every process of the tree where it stands; looks again until a look finds all of them stopped. Limit 5 s. */
export async function freezeTree(trace: ServiceTrace): Promise<void> {
  const isFrozen = await becomesTrue(
    () => {
      const running = findProcesses(thisSystem, trace).filter((found) => !found.isStopped);
      for (const { pid } of running) sendSignal(pid, "SIGSTOP");
      return running.length === 0;
    },
    { timeoutMs: 5_000 },
  );
  if (!isFrozen) throw new Error(`Processes of the test service ${trace.id} went on after SIGSTOP for 5 s`);
}

export function thawTree(trace: ServiceTrace): void {
  for (const { pid } of findProcesses(thisSystem, trace)) sendSignal(pid, "SIGCONT");
}
