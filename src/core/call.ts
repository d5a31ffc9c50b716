/**
 * One invocation on its way inward.
 *
 * A `Call` is what policies and handlers see. What the whole invocation shares (its record, its key, its deadline) lives
 * in `record` and in the outermost call; each further try is a `fork` with its own cancellation, so that a time-out of
 * one try ends that try and nothing else.
 *
 * Cancellation is a callback first and an `AbortSignal` second: making an AbortController costs microseconds, so it is
 * made when a handler reads `call.signal`, and a call that nobody can abort pays nothing.
 */
import { onAbort } from "./abort.ts";
import { ConnectorError, KINDS, type Outcome } from "./errors.ts";
import type { CallRecord } from "./record.ts";
import type { Effect, Operation } from "./operation.ts";

/** What a caller can say about one call. */
export interface CallOptions {
  /** Aborts the call; it fails with kind `cancelled`. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds (or "5s") for the whole call, instead of the connector's `timeout`; 0 means no limit. */
  readonly timeout?: number | string | undefined;
  /**
   * Names this one effect, so that a keyed operation is carried out once however often it is sent; refused where the
   * operation cannot be keyed.
   */
  readonly idempotencyKey?: string | undefined;
  /** The caller's word that this call has less effect than the operation declares. */
  readonly effect?: "read" | "idempotent" | undefined;
  /** The trace and span that the call belongs to, as W3C Trace Context writes them; a tracer makes the call its child. */
  readonly traceparent?: string | undefined;
}

type CancelListener = (reason: ConnectorError) => void;
/** A scope hears of its parent's end without a function of its own. */
type Hearer = CancelListener | Call;

/** Work that is not a declared operation: a function of the session, run under the same policies. */
export type AdHoc = (session: never, call: Call) => Promise<unknown>;

export interface CallFacts {
  readonly operation: Operation;
  readonly input: unknown;
  readonly effect: Effect;
  readonly idempotencyKey?: string | undefined;
  readonly timeoutMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly record: CallRecord;
  /** What is done instead of the operation's handler. */
  readonly work?: AdHoc | undefined;
}

/** One try of an invocation, as policies and handlers see it. */
export class Call {
  // Declared only: a field that is defined here and set by the constructor is written twice in every call.
  declare readonly operation: Operation;
  declare readonly input: unknown;
  declare readonly effect: Effect;
  /** The caller's own limit for the whole call; `undefined` leaves it to the connector. */
  declare readonly timeoutMs: number | undefined;
  declare readonly record: CallRecord;
  /** What is done instead of the operation's handler. */
  declare readonly work: AdHoc | undefined;
  /** Number of this try, from 1. */
  declare readonly attempt: number;
  /** The system itself must refuse any write of this try; only set where the session has a handler that sees to it. */
  declare readonly readOnly: boolean;
  readonly #parent: Call | undefined;
  readonly #external: AbortSignal | undefined;
  #key: string | undefined;
  #reason: ConnectorError | undefined;
  /** Mostly there is one, and a list of one costs more. */
  #hearers: Hearer | Hearer[] | undefined;
  #detach: (() => void) | undefined;
  #controller: AbortController | undefined;
  #deadlineAt = Infinity;

  constructor(facts: CallFacts, parent?: Call, readOnly = false) {
    this.operation = facts.operation;
    this.input = facts.input;
    this.effect = facts.effect;
    this.timeoutMs = facts.timeoutMs;
    this.record = facts.record;
    this.work = facts.work;
    this.#key = parent === undefined ? facts.idempotencyKey : undefined;
    this.#external = parent === undefined ? facts.signal : undefined;
    this.#parent = parent;
    this.attempt = parent === undefined ? 1 : facts.record.attempts + 1;
    this.readOnly = readOnly || (parent?.readOnly ?? false);
  }

  /** The operation's name. */
  get name(): string {
    return this.record.operation;
  }

  /** The call's own scope for one try: cancelled with this call, cancellable without it. */
  fork(options: { readonly readOnly?: boolean } = {}): Call {
    return new Call(this, this, options.readOnly ?? false);
  }

  /** Names the effect: the caller's key, or one made on first use; the same for all tries. */
  get idempotencyKey(): string {
    if (this.#parent !== undefined) return this.#parent.idempotencyKey;
    return (this.#key ??= crypto.randomUUID());
  }

  /** Instant on the connector's clock by which the call must be answered; Infinity where there is no limit. */
  get deadlineAt(): number {
    return this.#parent === undefined ? this.#deadlineAt : Math.min(this.#deadlineAt, this.#parent.deadlineAt);
  }

  set deadlineAt(instant: number) {
    this.#deadlineAt = instant;
  }

  /** Whether somebody outside can abort this call. */
  get isAbortable(): boolean {
    return this.#external !== undefined;
  }

  /** Why the call was cancelled, or `undefined`. */
  get cancelled(): ConnectorError | undefined {
    if (this.#reason === undefined && this.#external?.aborted === true) this.cancel(aborted(this));
    return this.#reason ?? this.#parent?.cancelled;
  }

  /** Throws the reason where the call was cancelled. */
  throwIfCancelled(): void {
    const reason = this.cancelled;
    if (reason !== undefined) throw reason;
  }

  /** Ends the call: tells every listener and aborts `signal`. The first reason stays. */
  cancel(reason: ConnectorError): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    const hearers = this.#hearers;
    this.#hearers = undefined;
    this.#leave();
    if (Array.isArray(hearers)) for (const hearer of hearers) tell(hearer, reason);
    else if (hearers !== undefined) tell(hearers, reason);
    this.#controller?.abort(reason);
  }

  /** Calls `listener` once when the call is cancelled, at once if it was already; for who listens to the call's end. */
  hear(listener: CancelListener): void {
    const reason = this.cancelled;
    if (reason !== undefined) tell(listener, reason);
    else this.#add(listener);
  }

  /** As `hear`. Returns how to stop listening. */
  onCancel(listener: CancelListener): () => void {
    this.hear(listener);
    return () => this.#remove(listener);
  }

  /** The same as a signal, for drivers that take one; made on first use. */
  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      const controller = (this.#controller = new AbortController());
      this.onCancel((reason) => controller.abort(reason));
    }
    return this.#controller.signal;
  }

  /** What is known of the effect if the call ended right now. */
  get outcome(): Outcome | undefined {
    if (this.effect === "read") return undefined;
    const { inDoubt, stage } = this.record;
    const isAsked = stage === "running" || stage === "reading";
    return inDoubt || (isAsked && !this.readOnly) ? "unknown" : "none";
  }

  /** Writes into error and record what is known of the effect after this try failed. */
  noteFailure(error: ConnectorError): void {
    const { record } = this;
    // A try that was given up earlier may fail much later, while another one is under way.
    const isCurrent = this.attempt === record.attempts;
    if (this.effect !== "read" && !this.readOnly) {
      error.outcome ??= isCurrent && record.stage === "running" ? KINDS[error.kind].outcome : "none";
      if (error.outcome === "unknown") record.inDoubt = true;
    }
    if (isCurrent) record.stage = "queued";
  }

  #add(hearer: Hearer): void {
    const hearers = this.#hearers;
    if (Array.isArray(hearers)) hearers.push(hearer);
    else if (hearers !== undefined) this.#hearers = [hearers, hearer];
    else {
      this.#hearers = hearer;
      this.#join();
    }
  }

  #remove(hearer: Hearer): void {
    const hearers = this.#hearers;
    if (Array.isArray(hearers)) {
      // Mostly it is the last that leaves, and that costs less.
      if (hearers.at(-1) === hearer) hearers.pop();
      else if (hearers.includes(hearer)) hearers.splice(hearers.indexOf(hearer), 1);
      if (hearers.length > 0) return;
    } else if (hearers !== hearer) return;
    this.#hearers = undefined;
    this.#leave();
  }

  /** Hears of what is outside, as soon as somebody hears of this. */
  #join(): void {
    if (this.#parent !== undefined) this.#parent.#add(this);
    else if (this.#external !== undefined) {
      this.#detach = onAbort(this.#external, () => this.cancel(aborted(this)));
      // Handlers read `signal` and never say that they are done with it; the caller's signal outlives the call.
      this.record.onSettled(() => this.#detach?.());
    }
  }

  #leave(): void {
    if (this.#parent !== undefined) this.#parent.#remove(this);
    this.#detach?.();
    this.#detach = undefined;
  }
}

/** One listener's mistake must not keep the others from hearing; it surfaces as an event listener's would. */
function tell(hearer: Hearer, reason: ConnectorError): void {
  if (hearer instanceof Call) return hearer.cancel(reason);
  try {
    hearer(reason);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

function aborted(call: Call): ConnectorError {
  return new ConnectorError("cancelled", `Cancelled by the caller while ${call.record.stage}`, {
    outcome: call.outcome,
  });
}
