/** What a chaos scenario consists of. Adding one is a file that exports one of these, and its line in `scenarios.ts`. */
import type { Random } from "./random.ts";

/** One thing that must hold, and whether it did. */
export interface Expectation {
  /** A sentence's end: "no row is there twice". */
  readonly what: string;
  readonly isMet: boolean;
  /** What was found instead. */
  readonly found?: string | undefined;
}

/** How one part of a scenario came out. */
export interface Outcome {
  /** What was counted and measured, in the order in which it is shown. */
  readonly facts: Readonly<Record<string, string | number>>;
  readonly expectations: readonly Expectation[];
}

/** What a part gets from whoever runs it. */
export interface Trial {
  /** The same decisions for the same seed; when they meet which call is up to the machine. */
  readonly random: Random;
}

/** One way through the scenario, with servers of its own. */
export interface Part {
  readonly name: string;
  run(this: void, trial: Trial): Promise<Outcome>;
}

/** `quick` shows that everything works; what is quoted comes from `full`. */
export type Effort = "full" | "quick";

/** Some trouble for servers and networks, and what must be true in spite of it. */
export interface Scenario {
  readonly title: string;
  /** Longest time for all parts, on a busy machine. */
  readonly limitMs: number;
  /** Parts that leave each other enough of a machine of two cores. Default: 1. */
  readonly partsAtATime?: number;
  parts(this: void, effort: Effort): readonly Part[];
}

/** At most `most` of them: `found` tells how many. */
export function expectAtMost(what: string, value: number, most: number, unit = ""): Expectation {
  return { what: `${what} ≤ ${most}${unit}`, isMet: value <= most, found: `${round(value)}${unit}` };
}

/** None of them; the first few are named. */
export function expectNone(what: string, found: readonly string[]): Expectation {
  const named = found.slice(0, 5).join(", ");
  return { what, isMet: found.length === 0, found: `${found.length}: ${named}${found.length > 5 ? ", …" : ""}` };
}

const round = (value: number): number => Math.round(value * 100) / 100;
