/** What the ways to read a statement's answer have in common. */
import type { Execution, Sink } from "../protocol/execution.ts";
import type { Prepared } from "../wire/client.ts";
import type { Answer } from "./answer.ts";

/** Runs a statement that the server has prepared. */
export type Run = (sink: Sink) => Execution;

/** Who waits for a statement's end. */
export interface Waiting {
  answered(this: void, answer: Answer): void;
  failed(this: void, error: Error): void;
  /** Ends it on the server. */
  stop(this: void): void;
}

/** Takes a statement's answer. */
export type Read = (run: Run, waiting: Waiting, prepared: Prepared) => void;
