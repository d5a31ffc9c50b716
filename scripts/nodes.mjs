/**
 * The tests under other versions of Node than the one at hand, which is what most people develop and what CI runs with.
 *
 * Node's own programs come from npm, as `node-<platform>-<arch>`: the program is in the package, no install script is
 * needed. The dependencies stay those of the lock file, which was made on the oldest version.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runChild } from "./child.mjs";
import { LIBRARY, root, runNpm, setUp } from "./setup.mjs";
import { runSteps } from "./steps.mjs";

const VERSIONS = ["22", "24"];
const INSTALL_LIMIT_MS = 5 * 60_000;
const TEST_LIMIT_MS = 15 * 60_000;

export async function runOnNodes(args) {
  if (!(await setUp(LIBRARY))) return 1;
  const versions = args.length > 0 ? args : VERSIONS;
  const steps = versions.flatMap((version) => [
    { name: `get ${version}`, run: () => get(version) },
    { name: `node ${version}`, needs: [`get ${version}`], live: true, run: () => testWith(version) },
  ]);
  const outcomes = await runSteps(steps);
  return [...outcomes.values()].every(({ ok }) => ok) ? 0 : 1;
}

const folderOf = (version) => join(root, ".cache", `node-${version}`);
const packageName = `node-${process.platform}-${process.arch}`;
const programOf = (version) => join(folderOf(version), "node_modules", packageName, "bin", "node");

async function get(version) {
  if (existsSync(programOf(version))) return { ok: true, note: "up to date" };
  const args = ["install", "--prefix", folderOf(version), "--no-save", "--ignore-scripts", "--no-audit", "--no-fund"];
  return runNpm([...args, "--loglevel=error", `${packageName}@${version}`], { limitMs: INSTALL_LIMIT_MS });
}

function testWith(version) {
  const args = ["node_modules/vitest/vitest.mjs", "run", "--reporter=dot"];
  return runChild({ file: programOf(version), args, live: true, limitMs: TEST_LIMIT_MS });
}
