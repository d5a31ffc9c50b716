/** Rules (eslint) and layout (prettier). */
import { runNode } from "./child.mjs";
import { ensureDependencies } from "./setup.mjs";
import { runSteps } from "./steps.mjs";

const LIMIT_MS = 5 * 60_000;

/** Steps that check, or with `fix` mend first what can be mended. */
export function lintSteps({ fix = false } = {}) {
  const eslint = ["node_modules/eslint/bin/eslint.js", ".", "--max-warnings", "0", ...(fix ? ["--fix"] : [])];
  const prettier = ["node_modules/prettier/bin/prettier.cjs", ".", fix ? "--write" : "--check", "--log-level", "warn"];
  const cache = ["--cache", "--cache-location", ".cache/prettier"];
  return [
    { name: "lint", run: () => runNode(eslint, { limitMs: LIMIT_MS }) },
    // Both may write the same file.
    { name: "format", needs: fix ? ["lint"] : [], run: () => runNode([...prettier, ...cache], { limitMs: LIMIT_MS }) },
  ];
}

export async function runLint(args) {
  if (!(await ensureDependencies())) return 1;
  const outcomes = await runSteps(lintSteps({ fix: args.includes("--fix") }));
  return [...outcomes.values()].every(({ ok }) => ok) ? 0 : 1;
}
