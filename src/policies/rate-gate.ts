/**
 * When the next call may leave.
 *
 * The generic cell rate algorithm (ITU-T I.371, "virtual scheduling"; Turner 1986): one number, the theoretical arrival
 * time, says when the next call conforms, so nothing is counted and nothing grows. Calls that must wait do so in order of
 * arrival, and an aborted one leaves the queue at once without costing a permit.
 */
import type { Call } from "../core/call.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";

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
  readonly admit: () => void;
  readonly refuse: (error: ConnectorError) => void;
}

export class RateGate {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  /** In order of arrival. */
  readonly #queue = new Set<Waiter>();
  #arrivalAt = -Infinity;
  #heldUntil = -Infinity;
  #timer: Timer | undefined;

  constructor({ requests, window, burst = requests }: Rate, clock: Clock) {
    this.#clock = clock;
    this.#intervalMs = window / requests;
    this.#toleranceMs = (burst - 1) * this.#intervalMs;
  }

  /** Takes a permit if one is free and nobody waits for it. */
  isOpen(): boolean {
    return this.#queue.size === 0 && this.#take();
  }

  /** Nobody leaves for so long: the system said so. */
  hold(ms: number): void {
    const now = this.#clock.now();
    if (now + ms <= this.#heldUntil) return;
    this.#heldUntil = now + ms;
    let place = 0;
    for (const { call, refuse } of this.#queue) {
      const leavesAt = this.#leavesAt(place);
      if (leavesAt >= call.deadlineAt) refuse(refusal(leavesAt - now));
      else place++;
    }
    this.#rearm();
  }

  wait(call: Call): Promise<void> {
    const since = this.#clock.now();
    const leavesAt = this.#leavesAt(this.#queue.size);
    if (leavesAt >= call.deadlineAt) return Promise.reject(refusal(leavesAt - since));
    call.record.stage = "waiting for the rate limit";
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#queue.delete(waiter);
        call.record.waitMs += this.#clock.now() - since;
        stopListening();
      };
      const refuse = (error: ConnectorError): void => {
        leave();
        reject(error);
        if (this.#queue.size === 0) this.#rearm();
      };
      const admit = (): void => {
        leave();
        resolve();
      };
      const waiter: Waiter = { call, admit, refuse };
      this.#queue.add(waiter);
      let stopListening = (): void => {};
      stopListening = call.onCancel(refuse);
      if (this.#timer === undefined) this.#rearm();
    });
  }

  /** The earliest instant at which the next call may leave. */
  #nextAt(): number {
    return Math.max(this.#arrivalAt - this.#toleranceMs, this.#heldUntil);
  }

  /** When the call leaves that has `place` others before it. */
  #leavesAt(place: number): number {
    const first = this.#nextAt();
    return Math.max(first, Math.max(first, this.#arrivalAt) + place * this.#intervalMs - this.#toleranceMs);
  }

  #take(): boolean {
    const now = this.#clock.now();
    if (this.#nextAt() > now) return false;
    this.#arrivalAt = Math.max(this.#arrivalAt, now) + this.#intervalMs;
    return true;
  }

  #rearm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    if (this.#queue.size === 0) return;
    const waitMs = Math.max(0, this.#nextAt() - this.#clock.now());
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      for (const { admit } of this.#queue) {
        if (!this.#take()) break;
        admit();
      }
      this.#rearm();
    });
  }
}

function refusal(waitMs: number): ConnectorError {
  const wait = Math.ceil(waitMs);
  return new ConnectorError(
    "rate_limited",
    `The rate limit asks for a wait of ${wait} ms, which would outlast the call's timeout`,
    {
      by: "rate limit",
      outcome: "none",
      retryAfterMs: wait,
      hint: "Send fewer calls, raise the rate limit or give the call more time.",
    },
  );
}
