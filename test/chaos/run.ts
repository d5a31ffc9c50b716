/** `npm run chaos -- [NAME…] [--quick] [--seed N]` */
import { parseArgs } from "node:util";
import { runScenario } from "./run-scenario.ts";
import { brokenIn, renderExpectations, renderTable } from "./report.ts";
import { SCENARIOS } from "./scenarios.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, seed: { type: "string" } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(SCENARIOS, name));
if (unknown.length > 0) {
  console.error(`There is no scenario ${unknown.join(", ")}. There are: ${Object.keys(SCENARIOS).join(", ")}.`);
  process.exit(2);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 2 ** 31));
if (!Number.isSafeInteger(seed)) {
  console.error("--seed needs a whole number.");
  process.exit(2);
}

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
