/** What every command is given: its options, where to write, and when to stop. */
import type { Output } from "./output.ts";

/** Options that every command takes, before or after its name. */
export interface SharedOptions {
  /** Files of the configuration, of which later ones win; none means `connectors.yaml`, searched upwards. */
  readonly config: readonly string[];
  /** For machines: JSON on stdout, errors as JSON on stderr. */
  readonly json: boolean;
  /** Tells more on stderr: how an answer came about, what caused an error. */
  readonly verbose: boolean;
}

export interface Invocation {
  readonly shared: SharedOptions;
  readonly output: Output;
  /** Aborts on Ctrl-C, on a supervisor's signal, and when nobody reads the answer any more. */
  readonly signal: AbortSignal;
}

/** A command's work; answers with the exit code where that is not 0. */
export type Command<Facts> = (facts: Facts, invocation: Invocation) => Promise<number | void>;
