/**
 * Steps that need each other, several at a time, one line each when it ends.
 *
 * A step that writes to the terminal itself (`live`) runs alone. A failed step keeps those that need it from running;
 * all others still run, so that one run tells everything that is wrong.
 */
import { stripVTControlCharacters } from "node:util";

/** Steps at a time: compilers and linters use one core each. */
const LANES = 2;

/**
 * @typedef {object} Outcome
 * @property {boolean} ok
 * @property {string} [note]    Said in the step's line.
 * @property {string} [output]  Printed when it failed.
 * @property {string} [error]   Why it failed.
 *
 * @typedef {object} Step
 * @property {string} name
 * @property {readonly string[]} [needs]  Names of steps that must have passed.
 * @property {boolean} [live]
 * @property {() => Promise<Outcome>} run
 */

/**
 * @param {readonly Step[]} steps
 * @returns {Promise<Map<string, Outcome>>} what became of each
 */
export async function runSteps(steps) {
  const outcomes = new Map();
  const running = new Map();
  const waiting = [...steps];
  const isReady = (step) => (step.needs ?? []).every((name) => outcomes.has(name));
  while (waiting.length > 0 || running.size > 0) {
    const before = waiting.length;
    for (const step of [...waiting]) {
      if (!isReady(step)) continue;
      const isBusy = running.size >= LANES || [...running.keys()].some((other) => other.live);
      if (isBusy || (step.live && running.size > 0)) break;
      waiting.splice(waiting.indexOf(step), 1);
      const broken = (step.needs ?? []).find((name) => !outcomes.get(name).ok);
      if (broken !== undefined) {
        outcomes.set(step.name, tell(step.name, { ok: false, error: `not run: ${broken} failed` }));
        continue;
      }
      running.set(
        step,
        timed(step).then((outcome) => {
          outcomes.set(step.name, outcome);
          running.delete(step);
        }),
      );
    }
    if (running.size > 0) await Promise.race(running.values());
    else if (waiting.length === before)
      throw new Error(`Steps need each other: ${waiting.map(({ name }) => name).join(", ")}`);
  }
  return outcomes;
}

/** Runs one step and prints its line. */
export async function timed({ name, run }) {
  const startedAt = performance.now();
  let outcome;
  try {
    outcome = await run();
  } catch (thrown) {
    outcome = { ok: false, error: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown) };
  }
  return tell(name, outcome, performance.now() - startedAt);
}

function tell(name, outcome, ms) {
  const time = ms === undefined ? "" : `${(ms / 1000).toFixed(1)} s`;
  const remark = outcome.ok ? outcome.note : outcome.error;
  const line = `${outcome.ok ? "✓" : "✗"} ${name.padEnd(12)}${time.padStart(8)}${remark ? `  ${remark}` : ""}`;
  console.log(outcome.ok || !process.stdout.isTTY ? line : `\x1b[31m${line}\x1b[39m`);
  const output = outcome.output?.trimEnd();
  if (!outcome.ok && output) console.log(indent(process.stdout.isTTY ? output : stripVTControlCharacters(output)));
  return outcome;
}

const indent = (text) => text.replaceAll(/^(?=.)/gm, "    ");
