/** `npm run chaos -- [NAME…] [--quick] [--seed N]` */
import { parseArgs } from "node:util";
import { runScenario } from "./run-scenario.ts";
import { brokenIn, renderExpectations, renderTable } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";

const { values, positionals } = readArguments();
const unknown = positionals.filter((name) => !Object.hasOwn(SCENARIOS, name));
if (unknown.length > 0) refuse(`There is no scenario ${unknown.join(", ")}.`);
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isSafeInteger(seed)) refuse("--seed needs a whole number.");

const names = positionals.length > 0 ? positionals : Object.keys(SCENARIOS);
let broken = 0;
console.log(`Node ${process.versions.node}, seed ${seed}; the same again: --seed ${seed}`);
for (const name of names) {
  const { scenario } = await SCENARIOS[name]!();
  const startedAt = performance.now();
  const results = await runScenario(scenario, { effort: values.quick ? "quick" : "full", seed });
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(0);
  broken += brokenIn(results);
  console.log(`\n${name}: ${scenario.title} (${seconds} s)\n`);
  console.log(`${renderTable(results)}\n\n${renderExpectations(results)}`);
}
console.log(broken === 0 ? "\nEverything held." : `\nBroken expectations: ${broken} (seed ${seed})`);
// What a scenario that ran out of time has left must not keep the process; servers end with it.
process.exit(broken === 0 ? 0 : 1);

function readArguments() {
  try {
    return parseArgs({
      allowPositionals: true,
      options: { quick: { type: "boolean", default: false }, seed: { type: "string" } },
    });
  } catch (error) {
    return refuse(`${(error instanceof Error ? error.message : String(error)).split(". ")[0]}.`);
  }
}

function refuse(why: string): never {
  console.error(`${why} Usage: npm run chaos -- [${Object.keys(SCENARIOS).join(" | ")}]… [--quick] [--seed N]`);
  process.exit(2);
}
