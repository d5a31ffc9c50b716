/**
 * `npm test`: everything that can be checked, the cheap things first and two at a time, then the tests by themselves.
 *
 * It ends with the matrix connector × target and one line that counts: each test of vitest's is one, each other step is
 * one. A skipped test is a failure under `CI=true`: a green run must not hide that something was not tested.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { runNode } from "./child.mjs";
import { lintSteps } from "./lint.mjs";
import { buildStep, ensureDependencies, LIBRARY, root, setUp, TOOLS } from "./setup.mjs";
import { runSteps } from "./steps.mjs";

const MINUTE = 60_000;
const REPORT = ".cache/vitest.json";

const EXAMPLES = ["quickstart/demo", "custom-connector/main", "legacy-class/main"];

/** Runs all of it, or with arguments vitest alone, which gets them. */
export async function runTests(args) {
  const startedAt = performance.now();
  if (args.length > 0) return (await setUp(LIBRARY)) ? (await vitest(args)).code : 1;
  if (!(await ensureDependencies())) return 1;
  const outcomes = await runSteps(allSteps());
  const matrix = await readMatrix();
  console.log(`\n${matrix.text}`);
  outcomes.set("matrix", matrix);
  return conclude(outcomes, performance.now() - startedAt);
}

function allSteps() {
  const node = (args, limitMs) => runNode(args, { limitMs });
  return [
    buildStep(LIBRARY),
    { name: "types", run: () => node(["node_modules/typescript/bin/tsc", "-p", "tsconfig.check.json"], 5 * MINUTE) },
    buildStep(TOOLS),
    ...lintSteps(),
    { name: "generated", needs: ["build"], run: () => node(["scripts/sync.mjs", "--check"], 2 * MINUTE) },
    { name: "servers", needs: ["build"], run: () => node(["scripts/servers.mjs"], 16 * MINUTE) },
    { name: "tests", needs: ["build", "servers"], live: true, run: () => vitest([]) },
    ...EXAMPLES.map((path) => ({
      name: path.split("/")[0],
      needs: ["build", "tools"],
      run: () => node([`build/examples/${path}.js`], 2 * MINUTE),
    })),
    // Too short to measure anything; shows that every side of every bench does its work.
    { name: "bench", needs: ["build", "tools"], run: () => node(["build/bench/run.js", "--smoke"], 2 * MINUTE) },
  ];
}

async function vitest(args) {
  rmSync(REPORT, { force: true });
  const outcome = await runNode(["node_modules/vitest/vitest.mjs", "run", ...args], {
    live: true,
    limitMs: 12 * MINUTE,
  });
  const counts = countTests();
  const { passed, skipped } = counts;
  const failed = counts.failed === 0 && !outcome.ok ? 1 : counts.failed;
  const isHiding = skipped > 0 && process.env["CI"] === "true";
  const error = isHiding ? `${skipped} skipped, which CI does not accept` : outcome.error;
  return {
    ...outcome,
    ok: outcome.ok && !isHiding,
    error,
    counts: { passed, failed, skipped },
    note: `${passed} passed`,
  };
}

/** What vitest says of each test; a file that could not even be loaded counts as one failed test. */
function countTests() {
  if (!existsSync(REPORT)) return { passed: 0, failed: 0, skipped: 0 };
  const report = JSON.parse(readFileSync(REPORT, "utf8"));
  const unloaded = report.testResults.filter((file) => file.status === "failed" && file.assertionResults.length === 0);
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + unloaded.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

/** The matrix connector × target; a full run without behaviour suites, or one in CI that left some out, has failed. */
async function readMatrix() {
  if (!existsSync("dist/testkit/matrix.js")) return { ok: false, text: "No matrix: nothing was built." };
  const { matrixFolder, renderMatrix } = await import(pathToFileURL(join(root, "dist/testkit/matrix.js")).href);
  const files = existsSync(matrixFolder()) ? readdirSync(matrixFolder()).filter((name) => name.endsWith(".json")) : [];
  const results = files.map((name) => JSON.parse(readFileSync(join(matrixFolder(), name), "utf8")));
  const isCi = process.env["CI"] === "true";
  const isWhole = ({ failed, isFinished, notRun }) => failed === 0 && (notRun === undefined ? isFinished : !isCi);
  return { ok: results.length > 0 && results.every(isWhole), text: await renderMatrix() };
}

function conclude(outcomes, ms) {
  const { passed, failed, skipped } = outcomes.get("tests").counts ?? { passed: 0, failed: 1, skipped: 0 };
  const others = [...outcomes].filter(([name]) => name !== "tests");
  const broken = others.filter(([, { ok }]) => !ok).map(([name]) => name);
  const isOk = [...outcomes.values()].every(({ ok }) => ok);
  console.log(`\n${(ms / 1000).toFixed(0)} s in all`);
  if (!isOk)
    console.log(
      `Failed: ${[...outcomes]
        .filter(([, { ok }]) => !ok)
        .map(([name]) => name)
        .join(", ")}`,
    );
  const counted = `${passed + others.length - broken.length} passed, ${failed + broken.length} failed`;
  console.log(skipped > 0 ? `${counted}, ${skipped} skipped` : counted);
  return isOk ? 0 : 1;
}
