/** What happened to one call: written by policies and handlers on the way, published when the call has settled. */
import type { Clock } from "./clock.ts";
import type { ConnectorType } from "./connector-type.ts";
import type { Effect } from "./operation.ts";
import type { ConnectorError, Kind, Outcome } from "./errors.ts";
import type { Stage } from "./stage.ts";
import type { TraceParent } from "./trace-parent.ts";

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
  /** True where the system had carried out the call before, under the same idempotency key, and gave that answer again. */
  replayed?: true;
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

/** Milliseconds spent waiting, by the stage in which the call waited. */
export type Waits = Readonly<Partial<Record<Stage, number>>>;

const NO_WAITS: Waits = Object.freeze({});

/** Where a system is, as traces and metrics name it. Never with a credential. */
export interface Server {
  /** Host name, IP address, or the path of a Unix socket. */
  readonly address: string;
  readonly port?: number | undefined;
  /** What of it is meant: the name of a database, a queue's virtual host. */
  readonly namespace?: string | undefined;
}

/** Whose call it is and what it asks for. */
export interface CallPlace {
  readonly connector: string;
  readonly provider: string;
  readonly type: ConnectorType;
  readonly operation: string;
  readonly effect: Effect;
  /** `undefined` where the connector does not say. */
  readonly server?: Server | undefined;
}

type Listener = () => void;

/** What is known of one call; published on `busbar:call` when it has settled. */
export class CallRecord {
  // Declared only, as in `Call`.
  declare readonly connector: string;
  declare readonly provider: string;
  declare readonly type: ConnectorType;
  declare readonly operation: string;
  declare readonly effect: Effect;
  declare readonly server: Server | undefined;
  declare readonly startedAt: number;
  stage: Stage = "queued";
  attempts = 0;
  waitMs = 0;
  durationMs = 0;
  /** An earlier try may have been carried out: no later refusal can make the outcome certain again. */
  inDoubt = false;
  /** Whether the session can run this operation so that the system refuses writes. */
  provable = false;
  /** `startedAt` was the time when the call began its way through the policies. */
  hasJustBegun = false;
  /** `ok`, or the kind of the failure; set when the call settles. */
  result: "ok" | Kind | undefined;
  outcome: Outcome | undefined;
  /** The failure as the caller gets it, free of the connector's secrets. */
  error: ConnectorError | undefined;
  /** What the cache did, where the operation is cached. */
  cache: CacheState | undefined;
  /** The span of the try that was begun last, where a tracer makes spans; what the system is told of the trace. */
  span: TraceParent | undefined;
  #answer: AnswerMeta | undefined;
  #waits: Partial<Record<Stage, number>> | undefined;
  #traceId: string | undefined;
  #parent: TraceParent | undefined;
  #settled: Listener | Listener[] | undefined;
  #isSettled = false;

  constructor(where: CallPlace, startedAt: number) {
    this.connector = where.connector;
    this.provider = where.provider;
    this.type = where.type;
    this.operation = where.operation;
    this.effect = where.effect;
    this.server = where.server;
    this.startedAt = startedAt;
  }

  /** The time. A call that has not waited for anything yet is still in the instant in which it began: no need to look. */
  now(clock: Clock): number {
    return this.hasJustBegun && this.attempts === 0 && this.waitMs === 0 ? this.startedAt : clock.now();
  }

  /** Facts of the answer; a handler writes them. */
  get answer(): AnswerMeta {
    return (this.#answer ??= {});
  }

  /** Headers of the answer, where a handler wrote some. */
  get headers(): AnswerMeta["headers"] {
    return this.#answer?.headers;
  }

  /** Whether the answer is that of an earlier call under the same idempotency key. */
  get replayed(): boolean {
    return this.#answer?.replayed === true;
  }

  /** HTTP status of the answer, where a handler wrote one. */
  get status(): number | undefined {
    return this.#answer?.status;
  }

  /** The parts of `waitMs`. */
  get waits(): Waits {
    return this.#waits ?? NO_WAITS;
  }

  /** Counts time that the call spent waiting. */
  addWait(stage: Stage, ms: number): void {
    this.waitMs += ms;
    const waits = (this.#waits ??= {});
    waits[stage] = (waits[stage] ?? 0) + ms;
  }

  /** 32 hexadecimal digits (W3C Trace Context): the caller's, a tracer's, or made on first use. */
  get traceId(): string {
    return (this.#traceId ??= crypto.randomUUID().replaceAll("-", ""));
  }

  /** A tracer names the trace that it puts the call into; to be done while the call starts. */
  set traceId(id: string) {
    this.#traceId = id;
  }

  /** The span that the caller named as the call's parent. */
  get parent(): TraceParent | undefined {
    return this.#parent;
  }

  set parent(parent: TraceParent | undefined) {
    this.#parent = parent;
    this.#traceId = parent?.traceId;
  }

  meta(): CallMeta {
    const { attempts, waitMs, durationMs, traceId, cache } = this;
    return { ...this.#answer, attempts, waitMs, durationMs, traceId, ...(cache === undefined ? {} : { cache }) };
  }

  /**
   * Runs `listener` when the call is over, at once if it is; for a stream that is when it has been read out, broken off
   * or failed.
   */
  onSettled(listener: Listener): void {
    const listeners = this.#settled;
    if (this.#isSettled) listener();
    else if (listeners === undefined) this.#settled = listener;
    else if (Array.isArray(listeners)) listeners.push(listener);
    else this.#settled = [listeners, listener];
  }

  /** Marks the call as over; only the first time counts. */
  settle(result: "ok" | Kind, at: number): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.result = result;
    this.durationMs = at - this.startedAt;
    const listeners = this.#settled;
    this.#settled = undefined;
    if (Array.isArray(listeners)) for (const listener of listeners) listener();
    else listeners?.();
  }
}
