/** The scripts behind the commands: everything they start ends, and what failed is named. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

const scripts = resolve(import.meta.dirname, "../scripts");
const LIMIT_MS = 15_000;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "busbar-scripts-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a program that may import the scripts; `interruptAt` sends SIGINT when that text has been printed. */
async function run(args: readonly string[], interruptAt?: string): Promise<Ended> {
  const child = spawn(process.execPath, args, { cwd: scripts, stdio: ["ignore", "pipe", "pipe"], timeout: LIMIT_MS });
  let output = "";
  let isInterrupted = false;
  const keep = (text: string): void => {
    output += text;
    if (interruptAt === undefined || isInterrupted || !output.includes(interruptAt)) return;
    isInterrupted = true;
    child.kill("SIGINT");
  };
  child.stdout.setEncoding("utf8").on("data", keep);
  child.stderr.setEncoding("utf8").on("data", keep);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, output };
}

const program = (text: string): string[] => ["--input-type=module", "-e", text];

/** A program that starts one like itself and never ends; both ignore polite signals. It prints the pids. */
const stubborn = `
  process.on("SIGTERM", () => {}); process.on("SIGINT", () => {});
  const inner = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
  require("node:fs").writeFileSync(process.argv[1], process.pid + " " + inner.pid);
  console.log("started"); setInterval(() => {}, 1000);`;

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.[0] !== "Z";
  } catch {
    return false;
  }
}

function pidsIn(file: string): number[] {
  return readFileSync(file, "utf8").split(" ").map(Number);
}

test("a child that outlasts its limit is killed with everything it started", async () => {
  const file = join(folder, "limit");
  const { output } = await run(
    program(`
      import { runNode } from "./child.mjs";
      const outcome = await runNode(["-e", ${JSON.stringify(stubborn)}, ${JSON.stringify(file)}], { limitMs: 700, graceMs: 50 });
      console.log(JSON.stringify([outcome.ok, outcome.error]));`),
  );
  expect(output).toContain('[false,"took longer than 0.7 s"]');
  expect(pidsIn(file).filter(isAlive)).toEqual([]);
});

test("Ctrl-C ends the whole tree and exits with 130", async () => {
  const file = join(folder, "interrupt");
  const { code } = await run(
    program(`
      import { runNode } from "./child.mjs";
      await runNode(["-e", ${JSON.stringify(stubborn)}, ${JSON.stringify(file)}], { limitMs: 60_000, graceMs: 50, live: true });
      console.log("not reached");`),
    "started",
  );
  expect(code).toBe(130);
  expect(pidsIn(file).filter(isAlive)).toEqual([]);
});

test("a failed step keeps those that need it from running, and nothing else", async () => {
  const { output } = await run(
    program(`
      import { runSteps } from "./steps.mjs";
      const ran = [];
      const step = (name, ok, needs) => ({ name, needs, run: async () => { ran.push(name); return { ok, output: "why" }; } });
      await runSteps([step("c", true, ["b"]), step("b", true, ["a"]), step("a", false), step("d", true)]);
      console.log(JSON.stringify(ran));`),
  );
  expect(output).toContain('["a","d"]');
  expect(output).toMatch(/✗ a .*\n {4}why/);
  expect(output).toContain("not run: a failed");
  expect(output).toContain("not run: b failed");
});

test("steps that need each other are refused instead of waited for", async () => {
  const { code, output } = await run(
    program(`
      import { runSteps } from "./steps.mjs";
      await runSteps([{ name: "a", needs: ["b"] }, { name: "b", needs: ["a"] }]);`),
  );
  expect(code).toBe(1);
  expect(output).toContain("Steps need each other: a, b");
});

test("a lock is held by one process at a time, and that of a dead process is taken over", async () => {
  const lock = JSON.stringify(join(folder, "lock"));
  const holder = `import { withLock } from "./lock.mjs";
    await withLock(${lock}, async () => { console.log("in"); await new Promise((go) => setTimeout(go, 20)); console.log("out"); });`;
  await run(
    program(
      `import { withLock } from "./lock.mjs"; await withLock(${lock}, () => process.kill(process.pid, "SIGKILL"));`,
    ),
  );
  const { output } = await run(
    program(`
      import { spawn } from "node:child_process";
      const args = ["--input-type=module", "-e", ${JSON.stringify(holder)}];
      for (let i = 0; i < 4; i++) spawn(process.execPath, args, { stdio: "inherit" });`),
  );
  expect(output.trim().split("\n")).toEqual(Array.from({ length: 4 }, () => ["in", "out"]).flat());
});

test("an old version of Node is told so in one line", async () => {
  const pretend = 'data:text/javascript,Object.defineProperty(process,"versions",{value:{node:"20.18.3"}})';
  const { code, output } = await run(["--import", pretend, "run.mjs", "build"]);
  expect(code).toBe(1);
  expect(output).toMatch(/^busbar needs Node 20\.19 or newer; this is 20\.18\.3 \(.*\)\.\n$/);
});

test("a command that does not exist is answered with those that do", async () => {
  const { code, output } = await run(["run.mjs", "demoo"]);
  expect(code).toBe(2);
  expect(output).toContain('There is no command "demoo"');
  expect(output).toContain("  demo ");
});
