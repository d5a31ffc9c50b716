import { execFile } from "node:child_process";
import { existsSync } from "node:fs";

/** Longer than any of these programs takes on a busy machine. */
const LIMIT_MS = 120_000;

export interface ExecuteOptions {
  readonly cwd: string;
}

/** What a program printed; throws with all of its output when it fails. */
export function execute(file: string, args: readonly string[], { cwd }: ExecuteOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { cwd, timeout: LIMIT_MS, killSignal: "SIGKILL", maxBuffer: 50_000_000 } as const;
    const child = execFile(file, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else reject(new Error(`${file} ${args.join(" ")} failed (${error.code})\n${stdout}${stderr}`));
    });
    child.stdin?.end();
  });
}

/** Runs a program of Node's. */
export function node(args: readonly string[], options: ExecuteOptions): Promise<string> {
  return execute(process.execPath, args, options);
}

/** npm as the one that runs this, else the one in PATH. */
export function npm(args: readonly string[], options: ExecuteOptions): Promise<string> {
  const program = process.env["npm_execpath"];
  if (program?.endsWith("npm-cli.js") && existsSync(program)) return node([program, ...args], options);
  return execute("npm", args, options);
}
