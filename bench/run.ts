/** `npm run bench -- [NAME…] [--check] [--quick | --smoke | --full]`; `mysql` stands for all that begin with `mysql-`. */
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { BENCHES } from "./benches.ts";
import { type Effort, measure } from "./harness.ts";
import { judge, rowsOf } from "./results.ts";
import { renderRows, renderVerdicts } from "./table.ts";

/** Many short rounds: what else the machine does then hits all sides of a round alike. */
const USUAL: Effort = { rounds: 21, roundMs: 240, warmUpMs: 1200, size: "usual" };
/** To look at while working; too little to quote. */
const QUICK: Effort = { rounds: 5, roundMs: 200, warmUpMs: 800, size: "usual" };
/** Shows that every side does its work, and nothing else. */
const SMOKE: Effort = { rounds: 1, roundMs: 20, warmUpMs: 20, size: "smoke" };
/** As much of everything as was promised: ten million rows where they are moved. */
const FULL: Effort = { ...SMOKE, size: "full" };

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    check: { type: "boolean", default: false },
    quick: { type: "boolean", default: false },
    smoke: { type: "boolean", default: false },
    full: { type: "boolean", default: false },
  },
});
const all = Object.keys(BENCHES);
const named = (name: string): string[] => all.filter((each) => each === name || each.startsWith(`${name}-`));
const unknown = positionals.filter((name) => named(name).length === 0);
if (unknown.length > 0) {
  console.error(`There is no bench ${unknown.join(", ")}. There are: ${all.join(", ")}.`);
  process.exit(2);
}
if (values.check && (values.quick || values.smoke)) {
  console.error("--check needs the full rounds: leave out --quick and --smoke.");
  process.exit(2);
}

const effort = values.smoke ? SMOKE : values.quick ? QUICK : values.full ? FULL : USUAL;
const names = positionals.length > 0 ? [...new Set(positionals.flatMap(named))] : all;
const [cpu] = cpus();
let broken = 0;

console.log(`Node ${process.versions.node}, ${cpus().length} × ${cpu?.model.trim() ?? "unknown CPU"}`);
if (!values.smoke)
  console.log(
    `${effort.rounds} interleaved rounds of ${effort.roundMs} ms a side, or fewer of what takes longer; medians; CPU of the client only`,
  );
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
