import { spawn } from "node:child_process";
import { systemClock } from "../../core/clock.ts";
import { sendSignal } from "./process-tree.ts";
import type { Command, RunOptions } from "./service-spec.ts";

export interface RunProgramOptions extends RunOptions {
  readonly cwd?: string;
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

const OUTPUT_LIMIT = 64 * 1024;

/** The only variables that a program of the testkit sees besides its own: nothing of `PG*` or `MYSQL*` leaks in. */
export function cleanEnvironment(dir: string): Record<string, string> {
  return { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: dir, TMPDIR: dir, LANG: "C.UTF-8", TZ: "UTC" };
}

/** Runs a program to its end and returns what it printed; throws with the last of it when it fails or takes too long. */
export function runProgram(command: Command, options: RunProgramOptions = {}): Promise<string> {
  const { cwd = "/", owner, input, timeoutMs = 60_000 } = options;
  return new Promise((resolve, reject) => {
    const env = { ...cleanEnvironment(cwd), ...command.env };
    const child = spawn(command.file, command.args, { cwd, env, stdio: "pipe", detached: true, ...owner });
    let output = "";
    const keep = (text: string): void => {
      output = (output + text).slice(-OUTPUT_LIMIT);
    };
    const fail = (why: string, cause?: Error): void => {
      reject(new Error(`${command.file} ${why}\n${output.slice(-2000)}`, cause && { cause }));
    };
    const timer = systemClock.after(timeoutMs, () => {
      fail(`took longer than ${timeoutMs} ms`);
      if (child.pid) sendSignal(-child.pid, "SIGKILL"); // the whole group: programs start programs
    });
    child.stdout.setEncoding("utf8").on("data", keep);
    child.stderr.setEncoding("utf8").on("data", keep);
    child.once("error", (error) => {
      timer.cancel();
      fail(error.message, error);
    });
    child.once("close", (code, signal) => {
      timer.cancel();
      if (code === 0) resolve(output);
      else fail(`ended with ${signal ?? `code ${code}`}`);
    });
    child.stdin.on("error", () => {}); // a program that does not read its input may close it early
    child.stdin.end(input);
  });
}
