/** `npm run bench -- [NAME…] [--check] [--quick | --smoke]` */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { BENCHES } from "./benches.ts";
import { type Effort, measure } from "./harness.ts";
import { judge, rowsOf } from "./results.ts";
import { renderRows, renderVerdicts } from "./table.ts";

/** Many short rounds: what else the machine does then hits all sides of a round alike. */
const USUAL: Effort = { rounds: 21, roundMs: 240, warmUpMs: 1200 };
/** To look at while working; too little to quote. */
const QUICK: Effort = { rounds: 5, roundMs: 200, warmUpMs: 800 };
/** Shows that every side does its work, and nothing else. */
const SMOKE: Effort = { rounds: 1, roundMs: 20, warmUpMs: 20 };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
  },
});
const unknown = positionals.filter((name) => !Object.hasOwn(BENCHES, name));
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}. There are: ${Object.keys(BENCHES).join(", ")}.`);
  process.exit(2);
}
if (values.check && (values.quick || values.smoke)) {
  console.error("--check needs the full rounds: leave out --quick and --smoke.");
  process.exit(2);
}

const effort = values.smoke ? SMOKE : values.quick ? QUICK : USUAL;
const names = positionals.length > 0 ? positionals : Object.keys(BENCHES);
const [cpu] = cpus();
let broken = 0;

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpu?.model.trim() ?? "unknown CPU"}`);
if (!values.smoke)
  console.log(`${effort.rounds} interleaved rounds of ${effort.roundMs} ms a side, medians; CPU of the client only`);
for (const name of names) {
  const { bench } = await BENCHES[name]!();
  const startedAt = performance.now();
  const measured = await measure(name, bench, effort);
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(0);
  if (values.smoke) {
    console.log(`${name}: all ${measured.length} sides work`);
    continue;
  }
  const verdicts = judge(bench.pledges, measured);
  broken += verdicts.filter(({ isKept }) => !isKept).length;
  console.log(`\n${name}: ${bench.title} (${seconds} s)\n`);
  console.log(`${renderRows(rowsOf(measured))}\n\n${renderVerdicts(verdicts)}`);
}
if (values.check) {
  console.log(broken === 0 ? "\nEvery promise is kept." : `\nBroken promises: ${broken}`);
  process.exitCode = broken === 0 ? 0 : 1;
}
