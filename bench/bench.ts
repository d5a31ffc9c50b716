/** What a bench consists of. Adding one is a file that exports one of these, and its line in `benches.ts`. */

/** What the servers of a bench tell its sides: ports, passwords. Goes to other processes, so it is plain data. */
export type Facts = Readonly<Record<string, string | number>>;

/** How much of it: to see that it works, as usual, or as much as was promised. */
export type Size = "smoke" | "usual" | "full";

/** One way to do the work. Runs in a process of its own, so that neither warm code nor memory is shared. */
export interface Side {
  readonly name: string;
  /** `floor`: what cannot be beaten, as a reference. */
  readonly is: "busbar" | "peer" | "floor";
  readonly open: (facts: Facts) => Promise<Work>;
}

export interface Work {
  /** Does it once. */
  readonly once: () => Promise<unknown>;
  /** Operations in that: rows, where many are read or written at once. Default: 1. */
  readonly operations?: number;
  readonly close?: () => Promise<void>;
}

/**
 * What busbar promises of one side against another. `promised` holds on every machine today and is what `--check` checks;
 * `goal` is what it is to become, printed beside it so that neither is forgotten.
 */
export interface Pledge {
  /** In the table of performance goals. */
  readonly id: string;
  /**
   * `throughput`: ratio of operations a second, at least · `cpu`: ratio of this process's CPU an operation, at most ·
   * `cost`: CPU microseconds an operation above the other side, at most · `memory`: MiB that were ever resident, at most,
   * whatever other sides take.
   */
  readonly measure: "throughput" | "cpu" | "cost" | "memory";
  readonly side: string;
  /** Default: the side itself, for what is no comparison. */
  readonly against?: string;
  readonly promised: number;
  readonly goal: number;
}

export interface Bench {
  readonly title: string;
  /** How many do it at a time. */
  readonly callers: number;
  /** Operations between two looks at the clock; for what takes less time than that look. */
  readonly batch?: number;
  readonly sides: readonly Side[];
  readonly pledges: readonly Pledge[];
  /** Fewer rounds, where one takes seconds. */
  readonly rounds?: number;
  /** Starts the servers that all sides use. */
  readonly setUp?: (size: Size) => Promise<{ readonly facts: Facts; close(): Promise<void> }>;
}
