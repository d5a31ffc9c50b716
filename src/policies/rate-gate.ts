/**
 * When the next call may leave.
 *
 * The generic cell rate algorithm (ITU-T I.371, "virtual scheduling"; Turner 1986): one number, the theoretical arrival
 * time, says when the next call conforms, so nothing is counted and nothing grows. A call of weight n counts as n calls.
 * Calls that must wait do so in order of arrival, and an aborted one leaves the queue at once without costing a permit.
 */
import type { Call } from "../core/call.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { LinkedList } from "../core/linked-list.ts";

export interface Rate {
  /** Calls per window. */
  readonly requests: number;
  /** Milliseconds, more than 0. */
  readonly window: number;
  /** Calls that may leave at once after a pause; as many as `requests` where nothing is said. */
  readonly burst?: number | undefined;
}

interface Waiter {
  readonly call: Call;
  readonly weight: number;
  readonly admit: () => void;
  readonly refuse: (error: ConnectorError) => void;
}

export class RateGate {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #burst: number;
  readonly #queue = new LinkedList<Waiter>();
  /** Of all that wait. */
  #queuedWeight = 0;
  #arrivalAt = -Infinity;
  #heldUntil = -Infinity;
  #timer: Timer | undefined;

  constructor({ requests, window, burst = requests }: Rate, clock: Clock) {
    this.#clock = clock;
    this.#intervalMs = window / requests;
    this.#burst = burst;
  }

  /** Whether it is as a new one would be. */
  get isUnused(): boolean {
    return this.#queue.size === 0 && Math.max(this.#arrivalAt, this.#heldUntil) <= this.#clock.now();
  }

  /** Takes permits if enough are free and nobody waits for them. */
  take(weight: number, now = this.#clock.now()): boolean {
    return this.#queue.size === 0 && this.#takeAt(now, weight);
  }

  /** Nobody leaves for so long: the system said so. */
  hold(ms: number): void {
    const now = this.#clock.now();
    if (now + ms <= this.#heldUntil) return;
    this.#heldUntil = now + ms;
    let weightBefore = 0;
    for (const { call, weight, refuse } of this.#queue) {
      const leavesAt = this.#leavesAt(weightBefore + weight, now);
      if (leavesAt >= call.deadlineAt) refuse(tooLate(leavesAt - now));
      else weightBefore += weight;
    }
    this.#rearm();
  }

  /** What a call is told that does not wait. */
  refusal(weight: number): ConnectorError {
    const now = this.#clock.now();
    const waitMs = Math.ceil(this.#leavesAt(this.#queuedWeight + weight, now) - now);
    return refused(`The rate limit lets nothing pass for ${waitMs} ms`, waitMs);
  }

  /** Resolves when the call may leave; rejects where that would be too late, and as soon as it is cancelled. */
  wait(call: Call, weight: number): Promise<void> {
    const since = this.#clock.now();
    const leavesAt = this.#leavesAt(this.#queuedWeight + weight, since);
    if (leavesAt >= call.deadlineAt) return Promise.reject(tooLate(leavesAt - since));
    if (call.cancelled !== undefined) return Promise.reject(call.cancelled);
    call.record.stage = "waiting for the rate limit";
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.remove(link);
        this.#queuedWeight -= weight;
        call.record.addWait("waiting for the rate limit", this.#clock.now() - since);
        stopListening();
      };
      const refuse = (error: ConnectorError): void => {
        const isNext = this.#queue.first === waiter;
        leave();
        reject(error);
        if (isNext) this.#rearm();
      };
      const admit = (): void => {
        leave();
        resolve();
      };
      const waiter: Waiter = { call, weight, admit, refuse };
      const link = this.#queue.push(waiter);
      this.#queuedWeight += weight;
      const stopListening = call.onCancel(refuse);
      if (this.#timer === undefined) this.#rearm();
    });
  }

  /** When calls of so much weight have left, those that wait included. */
  #leavesAt(weight: number, now: number): number {
    const earliest = Math.max(this.#heldUntil, now);
    return Math.max(earliest, Math.max(this.#arrivalAt, earliest) + (weight - this.#burst) * this.#intervalMs);
  }

  #takeAt(now: number, weight: number): boolean {
    if (this.#leavesAt(weight, now) > now) return false;
    this.#arrivalAt = Math.max(this.#arrivalAt, now) + weight * this.#intervalMs;
    return true;
  }

  #rearm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#queue.first === undefined) return;
    const now = this.#clock.now();
    this.#timer = this.#clock.after(this.#leavesAt(this.#queue.first.weight, now) - now, () => {
      this.#timer = undefined;
      for (const { weight, admit } of this.#queue) {
        if (!this.#takeAt(this.#clock.now(), weight)) break;
        admit();
      }
      this.#rearm();
    });
  }
}

function tooLate(waitMs: number): ConnectorError {
  const wait = Math.ceil(waitMs);
  return refused(`The rate limit asks for a wait of ${wait} ms, which would outlast the call's timeout`, wait);
}

function refused(message: string, retryAfterMs: number): ConnectorError {
  const hint = "Send fewer calls, raise the rate limit or give the call more time.";
  return new ConnectorError("rate_limited", message, { by: "rate limit", outcome: "none", retryAfterMs, hint });
}
