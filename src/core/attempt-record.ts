/** What happened in one try of a call; made only while somebody listens. */
import { ConnectorError, type Kind } from "./errors.ts";
import type { CallRecord } from "./record.ts";

/** Runs `work` and answers with what it answers. */
export type Around = <T>(work: () => T) => T;

/** What is known of one try; published on `busbar:attempt:start` when it begins and on `busbar:attempt` when it is over. */
export class AttemptRecord {
  readonly call: CallRecord;
  /** From 1. */
  readonly number: number;
  /** On the connector's clock, as `startedAt` of the call. */
  readonly startedAt: number;
  durationMs = 0;
  /** `ok`, or the kind of the failure; set when the try is over. */
  result: "ok" | Kind | undefined;
  /** HTTP status of the answer or the failure. */
  status: number | undefined;
  /** The system's own code of a failure: SQLSTATE, errno, … */
  code: string | undefined;
  #around: Around | undefined;

  constructor(call: CallRecord, number: number, startedAt: number) {
    this.call = call;
    this.number = number;
    this.startedAt = startedAt;
  }

  /**
   * Lets the try run inside `around`, so that what drivers do belongs to a context (`AsyncLocalStorage`) of the
   * subscriber's. Counts only while `busbar:attempt:start` is being published; the last one to ask is outermost.
   */
  runInside(around: Around): void {
    const inner = this.#around;
    this.#around = inner === undefined ? around : (work) => around(() => inner(work));
  }

  /** Runs the try. */
  run<T>(work: () => T): T {
    return this.#around === undefined ? work() : this.#around(work);
  }

  /** Marks the try as over, with what it failed of; only the first time counts. Answers whether it did. */
  settle(at: number, failure?: unknown): boolean {
    if (this.result !== undefined) return false;
    this.durationMs = at - this.startedAt;
    const error = failure instanceof ConnectorError ? failure : undefined;
    this.result = failure === undefined ? "ok" : (error?.kind ?? "internal");
    this.status = failure === undefined ? this.call.status : error?.status;
    this.code = error?.code;
    return true;
  }
}
