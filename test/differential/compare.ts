/** Finds the first difference between systems, and the shortest program that still shows it. */
import { renderProgram, type Program, type Step } from "./program.ts";
import { LEFT_OUT, runProgram, type System } from "./run-program.ts";

export interface Difference {
  /** The outcomes of a step, one for each system. */
  readonly outcomes: readonly string[];
}

/** Runs it on all systems; undefined where they agree. */
export async function differenceOf(program: Program, systems: readonly System[]): Promise<Difference | undefined> {
  const all = await Promise.all(systems.map((system) => runProgram(program, system)));
  const [first = [], ...others] = all;
  const at = first.findIndex((_, step) => others.some((other) => !isSame(first[step]!, other[step]!)));
  if (at < 0) return undefined;
  return { outcomes: all.map((outcomes) => outcomes[at]!) };
}

/** What one of them could not take is no difference. */
function isSame(a: string, b: string): boolean {
  if (a === b) return true;
  const [lines, others] = [a.split("\n"), b.split("\n")];
  return (
    lines.length === others.length &&
    lines.every((line, at) => line === others[at] || [line.trim(), others[at]!.trim()].includes(LEFT_OUT))
  );
}

/** Takes away step after step, inside of transactions too, as long as `isStill` says that it still shows. */
export async function shrink(program: Program, isStill: (smaller: Program) => Promise<boolean>): Promise<Program> {
  let smallest = program;
  for (let hasShrunk = true; hasShrunk;) {
    hasShrunk = false;
    for (const steps of smallerOnes(smallest.steps)) {
      const candidate = { ...smallest, steps };
      if (!(await isStill(candidate))) continue;
      smallest = candidate;
      hasShrunk = true;
      break;
    }
  }
  return smallest;
}

/** The larger pieces first; a transaction may also give way to its steps. */
function* smallerOnes(steps: readonly Step[]): Generator<readonly Step[]> {
  for (let size = steps.length >> 1; size >= 1; size >>= 1)
    for (let from = steps.length - size; from >= 0; from -= size)
      yield [...steps.slice(0, from), ...steps.slice(from + size)];
  for (const [at, step] of steps.entries()) {
    if (step.do !== "transaction") continue;
    const replaced = (...by: readonly Step[]): Step[] => steps.toSpliced(at, 1, ...by);
    yield replaced(...step.steps);
    for (const inner of smallerOnes(step.steps)) yield replaced({ ...step, steps: inner });
  }
}

/** A difference in words, with the shortest program that shows it. */
export async function explainDifference(program: Program, systems: readonly System[]): Promise<string> {
  const isStill = async (smaller: Program): Promise<boolean> => (await differenceOf(smaller, systems)) !== undefined;
  const smallest = await shrink(program, isStill);
  const { outcomes = [] } = (await differenceOf(smallest, systems)) ?? {};
  const told = systems.map(({ name }, at) => `${name}:\n  ${outcomes[at] ?? "no difference any more"}`);
  return [renderProgram(smallest), ...told].join("\n");
}
