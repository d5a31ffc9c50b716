import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";
import { afterAll, beforeAll, expect, it, onTestFinished } from "vitest";
import { describeService } from "./describe-service.ts";
import { postgresql } from "./postgresql.ts";
import { findProcesses, thisSystem } from "./sweep.ts";
import { becomesTrue } from "./wait.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
let compiled: string;

/** Node 20 runs no TypeScript, so the process to be killed gets the sources without their types. */
beforeAll(() => {
  compiled = mkdtempSync(join(tmpdir(), "busbar-watchdog-test-"));
  writeFileSync(join(compiled, "package.json"), `{ "type": "module" }`);
  const compilerOptions = {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.ESNext,
    rewriteRelativeImportExtensions: true,
  };
  for (const folder of ["core", "testkit", "testkit/services"]) {
    for (const name of readdirSync(join(root, "src", folder))) {
      if (!name.endsWith(".ts") || name.endsWith(".test.ts")) continue;
      const source = readFileSync(join(root, "src", folder, name), "utf8");
      const target = join(compiled, folder, name.replace(/ts$/, "js"));
      mkdirSync(dirname(target), { recursive: true });
      writeFileSync(target, ts.transpileModule(source, { compilerOptions }).outputText);
    }
  }
});
afterAll(() => rmSync(compiled, { recursive: true }));

interface Left {
  readonly dir: string;
  readonly port: number;
  readonly proxyPort: number;
}

async function runTestProcess(then: string): Promise<{ child: ChildProcess; left: Left }> {
  const program = `
    import { startService } from "./testkit/services/service.js";
    import { postgresql } from "./testkit/services/postgresql.js";
    const service = await startService(postgresql({ source: "embedded" }));
    const proxy = await service.proxied();
    const { dir, port } = service;
    process.stdout.write(JSON.stringify({ dir, port, proxyPort: proxy.port }) + "\\n");
    ${then}
  `;
  const file = join(compiled, `${Math.random()}.js`);
  writeFileSync(file, program);
  const child = spawn(process.execPath, [file], { cwd: root, stdio: ["ignore", "pipe", "ignore"] });
  const [line] = (await once(child.stdout, "data", { signal: AbortSignal.timeout(10_000) })) as [Buffer];
  return { child, left: JSON.parse(line.toString()) as Left };
}

const lockOf = (port: number): string => join(tmpdir(), `busbar-ports-${process.getuid?.() ?? "user"}`, `${port}.lock`);

const whatIsLeft = ({ dir, port, proxyPort }: Left): unknown[] => [
  ...findProcesses(thisSystem, { id: "", dir }),
  ...[dir, lockOf(port), lockOf(proxyPort)].filter((path) => existsSync(path)),
];

await describeService("a test process", postgresql({ source: "embedded" }), () => {
  const stayAlive = "setInterval(() => {}, 1000);";

  it.for([
    ["is killed", stayAlive, "SIGKILL"],
    ["is killed while its service is frozen", `${stayAlive} await service.pause();`, "SIGKILL"],
    ["is asked to end", stayAlive, "SIGTERM"],
    ["exits", "process.exit(0);", undefined],
    ["throws", "throw new Error('uncaught');", undefined],
    ["has nothing more to do", "", undefined],
  ] as const)("that %s leaves no process, no folder and no lock", async ([, then, signal]) => {
    const { child, left } = await runTestProcess(then);
    onTestFinished(() => void child.kill("SIGKILL"));
    if (signal) {
      expect(whatIsLeft(left).length).toBeGreaterThan(5);
      child.kill(signal);
    }
    if (child.exitCode === null) await once(child, "exit", { signal: AbortSignal.timeout(5000) });
    await becomesTrue(() => whatIsLeft(left).length === 0, { timeoutMs: 5000 });
    expect(whatIsLeft(left)).toEqual([]);
  });
});
