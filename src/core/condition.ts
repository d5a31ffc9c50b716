/**
 * How a connector is, as far as can be known without asking: what its calls, its connections and its probes have shown.
 *
 * | from | to | when |
 * | --- | --- | --- |
 * | lazy | connecting | a session is being opened |
 * | connecting | ready | it is open (degraded, where the circuit breaker refuses calls) |
 * | connecting | down | it could not be opened |
 * | ready | degraded | three tries failed in a row (1), a tenth of the latest failed, a probe says so, or the circuit breaker refuses calls |
 * | ready, degraded | down | five tries failed in a row (1), or a probe failed |
 * | degraded | ready | none of the reasons holds any more |
 * | down | ready, degraded | a call is answered, a probe, or a session is open that could not be opened before |
 * | any | lazy | the session was closed, or whoever opened it gave up |
 *
 * (1) And none was answered for a second.
 *
 * Only failures of the *system* count, and what a caller does wrong changes nothing: the verdict comes from outside, the
 * same that the circuit breaker hears. A cached answer is no sign of life.
 *
 * Who is down stays down until something works, also while it connects again (gRPC, proposal A62, "sticky TRANSIENT_FAILURE"):
 * the state tells how the system is, not how busy the client is with it. Five in a row is what the circuit breaker opens at
 * and what Envoy ejects a host at (`consecutive_5xx`); the second without an answer keeps a short blip among hundreds of
 * parallel calls from looking like an outage. One failed probe is enough, where Kubernetes and HAProxy want three: it is sent
 * when nothing else vouches for the system, and has seconds to be answered. One answer brings it back (Kubernetes'
 * `successThreshold`).
 *
 * Degraded is a warning to people, nothing is refused for it. One or two tries that fail are everyday life, which repeats mend;
 * three are not (Kubernetes' `failureThreshold`), and a tenth is far below what opens a breaker. It ends at half of that, so
 * that a share near the limit does not flicker.
 *
 * An answer costs two stores and a comparison: no clock, no event, no allocation.
 */
import type { Clock } from "./clock.ts";
import type { ConditionChange, ConnectorState, ConnectorStatus, Failure, LastError } from "./connector-status.ts";
import { FailureShare } from "./failure-share.ts";
import type { CallRecord } from "./record.ts";

/** When a connector counts as degraded and as down. */
export interface ConditionSettings {
  /** Tries that failed for it to be degraded, in a row or among others. Default: 3. */
  readonly degradedAfter?: number | undefined;
  /** Tries that failed in a row for it to be down. Default: 5. */
  readonly downAfter?: number | undefined;
  /** How long no try was answered where those in a row count, in milliseconds. Default: 1,000. */
  readonly silenceMs?: number | undefined;
  /** Share of the latest tries that failed among others for it to be degraded. Default: 0.1. */
  readonly failureRate?: number | undefined;
  /** Which tries are the latest: those of so many milliseconds, up to twice as many. Default: 10,000. */
  readonly windowMs?: number | undefined;
  /** How long a probe's word that it is degraded holds against answers, in milliseconds. Default: 60,000. */
  readonly findingMs?: number | undefined;
}

const DEFAULTS = {
  degradedAfter: 3,
  downAfter: 5,
  silenceMs: 1_000,
  failureRate: 0.1,
  windowMs: 10_000,
  findingMs: 60_000,
};

/** The condition of one connector. */
export class Condition {
  readonly #clock: Clock;
  readonly #settings: typeof DEFAULTS;
  readonly #share: FailureShare;
  readonly #refusesUntil: () => number;
  readonly #listeners = new Set<(change: ConditionChange) => void>();
  #state: ConnectorState = "lazy";
  #since: string;
  #reason: string | undefined;
  /** An answer changes something: it is not just one more. */
  #isTroubled = false;
  /** The call that was answered last; its record knows when. */
  #answered: CallRecord | undefined;
  /** When an answer was noted with its time. */
  #provenAt = -Infinity;
  #inARow = 0;
  #lastError: LastError | undefined;
  /** It is down because no session could be opened. */
  #isCutOff = false;
  /** A probe said that it is degraded, and how long that holds. */
  #finding: { readonly reason: string; readonly until: number } | undefined;
  #nextAttemptAt: string | undefined;

  /** @param refusesUntil instant on the clock until which the circuit breaker refuses calls. */
  constructor(clock: Clock, settings: ConditionSettings = {}, refusesUntil: () => number = () => -Infinity) {
    this.#refusesUntil = refusesUntil;
    const given = Object.entries(settings).filter(([, value]) => value !== undefined);
    this.#clock = clock;
    this.#settings = { ...DEFAULTS, ...Object.fromEntries(given) };
    this.#share = new FailureShare(this.#settings.windowMs, clock.now());
    this.#since = this.#timestamp();
  }

  get state(): ConnectorState {
    return this.#state;
  }

  /** Whether it does not work because the system refuses the credentials. */
  get isRefused(): boolean {
    return this.#inARow > 0 && this.#lastError?.kind === "unauthenticated";
  }

  /** When the system last answered, on the clock's monotonic time; -Infinity where it never did. */
  get answeredAt(): number {
    const record = this.#answered;
    if (record === undefined) return this.#provenAt;
    const { startedAt, durationMs, result } = record;
    // A stream that failed later had been answered before.
    const isOver = result === "ok";
    return Math.max(this.#provenAt, isOver ? startedAt + durationMs : startedAt);
  }

  get status(): ConnectorStatus {
    const { answeredAt } = this;
    return {
      state: this.#state,
      since: this.#since,
      reason: this.#reason,
      lastError: this.#lastError,
      lastSuccessAt: answeredAt === -Infinity ? undefined : this.#timestamp(answeredAt - this.#clock.now()),
      nextAttemptAt: this.#nextAttemptAt,
      consecutiveFailures: this.#inARow,
    };
  }

  /** Calls `listener` with every change from now on. Returns how to stop. */
  onChange(listener: (change: ConditionChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** The system answered a try of this call. */
  succeeded(record: CallRecord): void {
    this.#answered = record;
    this.#share.answered++;
    if (this.#isTroubled) this.#prove();
  }

  /** A try failed, and it was the system that failed. */
  failed(failure: Failure): void {
    const now = this.#noteFailure(failure);
    this.#share.fail(now);
    if (this.#state !== "ready" && this.#state !== "degraded") return;
    if (this.#hasFailed(this.#settings.downAfter, now)) this.#enter("down", failure.message, failure);
    else this.weigh(failure);
  }

  /** A probe was answered; `degraded` is what the system said against itself. */
  probed(degraded?: string): void {
    this.#share.answered++;
    const until = this.#clock.now() + this.#settings.findingMs;
    this.#finding = degraded === undefined ? undefined : { reason: degraded, until };
    this.#prove();
  }

  /** A probe that began at `startedAt` failed. */
  probeFailed(failure: Failure, startedAt: number): void {
    if (this.#state === "lazy" || this.#state === "connecting") return;
    const now = this.#noteFailure(failure);
    if (this.#state === "down") return;
    // Calls get through, or the system says itself that it is only too much.
    const works = this.answeredAt > startedAt || failure.kind === "rate_limited";
    if (!works) return this.#enter("down", failure.message, failure);
    this.#finding = { reason: failure.message, until: now + this.#settings.findingMs };
    this.weigh(failure);
  }

  /** A session is being opened. */
  connecting(): void {
    if (this.#state === "lazy") this.#enter("connecting");
  }

  /** A session is open. */
  connected(): void {
    if (this.#state !== "connecting" && !this.#isCutOff) return;
    this.#inARow = 0;
    this.#share.clear(this.#clock.now());
    this.#enter(...this.#verdict());
  }

  /** A session could not be opened. */
  notConnected(failure: Failure): void {
    this.#lastError = { ...failure, at: this.#timestamp() };
    // Beside a session that works, another one was refused.
    if (this.#state !== "connecting" && this.#state !== "down") return;
    this.#inARow = Math.max(1, this.#inARow);
    this.#enter("down", failure.message, failure);
    this.#isCutOff = true;
  }

  /** The session is closed, and nobody is opening one. */
  disconnected(): void {
    this.#enter("lazy");
  }

  /** Looks whether it is still as it was: after an answer or a failure, or a change of the circuit breaker. */
  weigh(failure?: Failure): void {
    if (this.#state !== "ready" && this.#state !== "degraded") return;
    const [state, reason] = this.#verdict();
    if (state !== this.#state) this.#enter(state, reason, failure);
    else this.#reason = reason;
  }

  /** The monitor asks again at that time. */
  asksAgainAt(instant: number | undefined): void {
    this.#nextAttemptAt = instant === undefined ? undefined : this.#timestamp(instant - this.#clock.now());
  }

  #noteFailure(failure: Failure): number {
    this.#inARow++;
    this.#isTroubled = true;
    this.#lastError = { kind: failure.kind, message: failure.message, at: this.#timestamp() };
    return this.#clock.now();
  }

  /** Notes an answer that may change something. */
  #prove(): void {
    this.#provenAt = this.#clock.now();
    this.#inARow = 0;
    this.#isTroubled = this.#state === "degraded" || this.#state === "down";
    if (this.#state === "down") {
      // What failed while it was down has been told.
      this.#share.clear(this.#provenAt);
      this.#enter(...this.#verdict());
    } else this.weigh();
  }

  #verdict(): ["ready" | "degraded", string?] {
    const now = this.#clock.now();
    if (now < this.#refusesUntil()) return ["degraded", "The circuit breaker refuses calls"];
    if (this.#finding !== undefined && now >= this.#finding.until) this.#finding = undefined;
    if (this.#finding !== undefined) return ["degraded", this.#finding.reason];
    const { degradedAfter, failureRate } = this.#settings;
    if (this.#hasFailed(degradedAfter, now)) return ["degraded", `${this.#inARow} tries failed in a row`];
    const share = this.#share.at(now, degradedAfter);
    const limit = this.#state === "degraded" ? failureRate / 2 : failureRate;
    return share > 0 && share >= limit
      ? ["degraded", `${Math.round(share * 100)} % of the latest tries failed`]
      : ["ready"];
  }

  /** Whether so many tries failed in a row, and that is no blip among parallel ones. */
  #hasFailed(times: number, now: number): boolean {
    return this.#inARow >= times && now - this.answeredAt >= this.#settings.silenceMs;
  }

  #enter(state: ConnectorState, reason?: string, error?: Failure): void {
    const from = this.#state;
    this.#reason = reason;
    if (state === from) return;
    this.#state = state;
    this.#since = this.#timestamp();
    this.#isTroubled = state === "degraded" || state === "down" || (state === "ready" && this.#inARow > 0);
    this.#isCutOff = false;
    if (state === "lazy") {
      this.#inARow = 0;
      this.#finding = undefined;
      this.#share.clear(this.#clock.now());
    }
    if (state === "lazy" || state === "ready") this.#nextAttemptAt = undefined;
    for (const listener of this.#listeners) listener({ from, state, reason, error });
  }

  /** The time in so many milliseconds. */
  #timestamp(inMs = 0): string {
    return new Date(this.#clock.wall() + inMs).toISOString();
  }
}
