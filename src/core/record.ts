/** What happened to one call: written by policies and handlers on the way, published when the call has settled. */
import type { Effect } from "./operation.ts";
import type { Kind, Outcome } from "./errors.ts";
import type { Stage } from "./stage.ts";

export type { Stage } from "./stage.ts";

/** A column of a SQL answer. */
export interface Column {
  readonly name: string;
  /** The system's name of the type. */
  readonly type: string;
}

/** What only some answers have; handlers write it. */
export interface AnswerMeta {
  columns?: readonly Column[];
  /** HTTP status of the answer. */
  status?: number;
  /** HTTP headers of the answer, names in lower case. */
  headers?: Readonly<Record<string, string | readonly string[]>>;
}

/** Whether an answer was kept (`hit`), kept too long but used (`stale`), or fetched although it could have been (`miss`). */
export type CacheState = "hit" | "stale" | "miss";

/** What `call()` tells beside the answer. */
export interface CallMeta extends AnswerMeta {
  /** Tries made, the first included. */
  readonly attempts: number;
  /** Milliseconds spent waiting: for the rate limit, for a free connection, before a retry. */
  readonly waitMs: number;
  readonly durationMs: number;
  readonly traceId: string;
  /** Only where the operation is cached. */
  readonly cache?: CacheState;
}

/** What is known of one call; published on `busbar:call` when it has settled. */
export class CallRecord {
  readonly connector: string;
  readonly provider: string;
  readonly operation: string;
  readonly effect: Effect;
  readonly startedAt: number;
  stage: Stage = "queued";
  attempts = 0;
  waitMs = 0;
  durationMs = 0;
  /** An earlier try may have been carried out: no later refusal can make the outcome certain again. */
  inDoubt = false;
  /** Whether the session can run this operation so that the system refuses writes. */
  provable = false;
  /** `ok`, or the kind of the failure; set when the call settles. */
  result: "ok" | Kind | undefined;
  outcome: Outcome | undefined;
  /** What the cache did, where the operation is cached. */
  cache: CacheState | undefined;
  #answer: AnswerMeta | undefined;
  #traceId: string | undefined;
  #settled: (() => void)[] | undefined;
  #isSettled = false;

  constructor(where: { connector: string; provider: string; operation: string; effect: Effect }, startedAt: number) {
    this.connector = where.connector;
    this.provider = where.provider;
    this.operation = where.operation;
    this.effect = where.effect;
    this.startedAt = startedAt;
  }

  /** Facts of the answer; a handler writes them. */
  get answer(): AnswerMeta {
    return (this.#answer ??= {});
  }

  /** Headers of the answer, where a handler wrote some. */
  get headers(): AnswerMeta["headers"] {
    return this.#answer?.headers;
  }

  /** 32 hexadecimal digits (W3C Trace Context), made on first use. */
  get traceId(): string {
    return (this.#traceId ??= crypto.randomUUID().replaceAll("-", ""));
  }

  meta(): CallMeta {
    const { attempts, waitMs, durationMs, traceId, cache } = this;
    return { ...this.#answer, attempts, waitMs, durationMs, traceId, ...(cache === undefined ? {} : { cache }) };
  }

  /**
   * Runs `listener` when the call is over, at once if it is; for a stream that is when it has been read out, broken off
   * or failed.
   */
  onSettled(listener: () => void): void {
    if (this.#isSettled) listener();
    else (this.#settled ??= []).push(listener);
  }

  /** Marks the call as over; only the first time counts. */
  settle(result: "ok" | Kind, at: number): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.result = result;
    this.durationMs = at - this.startedAt;
    const listeners = this.#settled;
    this.#settled = undefined;
    if (listeners !== undefined) for (const listener of listeners) listener();
  }
}
