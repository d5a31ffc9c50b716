/**
 * No more calls than agreed.
 *
 * The generic cell rate algorithm (ITU-T I.371, "virtual scheduling"; Turner 1986): one number, the theoretical arrival
 * time, says when the next call conforms. Calls leave one by one, `window / requests` apart, after an initial burst; in no
 * window do more than `requests + burst` leave. Calls that must wait do so in order of arrival, and an aborted one leaves
 * the queue at once without costing a permit. A wait that cannot end before the call's deadline is refused at once.
 *
 * What the system says itself wins: a refusal with `Retry-After` holds back every call, those already queued too.
 */
import { z } from "zod";
import { duration } from "../config/fields.ts";
import type { Call } from "../core/call.ts";
import type { Clock, Timer } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Policy } from "../core/policy.ts";

export const rateLimitSetting = z
  .strictObject({
    requests: z.int().min(1).meta({ description: "Calls per window." }),
    window: duration("The window."),
    burst: z.int().min(1).optional().meta({
      description: "Calls that may leave at once after a pause; 1 spaces all evenly. Default: as many as `requests`.",
    }),
  })
  .meta({ description: "Limits how many tries reach the system.", examples: [{ requests: 100, window: "1m" }] });

export interface RateLimitSettings {
  readonly requests: number;
  readonly window: number;
  readonly burst?: number | undefined;
}

interface Waiter {
  readonly call: Call;
  readonly admit: () => void;
}

export function rateLimit(settings: RateLimitSettings | undefined, clock: Clock): Policy | undefined {
  if (settings === undefined) return undefined;
  const gate = new Gate(settings, clock);
  return (next) => async (call) => {
    if (!gate.isOpen()) await gate.wait(call);
    try {
      return await next(call);
    } catch (error) {
      if (error instanceof ConnectorError && error.kind === "rate_limited" && error.retryAfterMs !== undefined)
        gate.hold(error.retryAfterMs);
      throw error;
    }
  };
}

class Gate {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #toleranceMs: number;
  readonly #queue: Waiter[] = [];
  #arrivalAt = -Infinity;
  #heldUntil = -Infinity;
  #timer: Timer | undefined;

  constructor(settings: RateLimitSettings, clock: Clock) {
    this.#clock = clock;
    this.#intervalMs = settings.window / settings.requests;
    this.#toleranceMs = ((settings.burst ?? settings.requests) - 1) * this.#intervalMs;
  }

  /** Takes a permit if one is free and nobody waits for it. */
  isOpen(): boolean {
    return this.#queue.length === 0 && this.#take();
  }

  /** Nobody leaves for so long: the system said so. */
  hold(ms: number): void {
    this.#heldUntil = Math.max(this.#heldUntil, this.#clock.now() + ms);
    this.#rearm();
  }

  wait(call: Call): Promise<void> {
    const now = this.#clock.now();
    const waitMs = this.#nextAt() + this.#queue.length * this.#intervalMs - now;
    if (now + waitMs >= call.deadlineAt) return Promise.reject(refusal(waitMs));
    call.record.stage = "waiting for the rate limit";
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        stopListening();
        call.record.waitMs += this.#clock.now() - now;
      };
      const waiter: Waiter = {
        call,
        admit: () => {
          leave();
          resolve();
        },
      };
      this.#queue.push(waiter);
      const stopListening = call.onCancel((reason) => {
        const at = this.#queue.indexOf(waiter);
        if (at >= 0) this.#queue.splice(at, 1);
        call.record.waitMs += this.#clock.now() - now;
        if (at === 0) this.#rearm();
        reject(reason);
      });
      if (this.#timer === undefined) this.#rearm();
    });
  }

  /** The earliest instant at which the next call may leave. */
  #nextAt(): number {
    return Math.max(this.#arrivalAt - this.#toleranceMs, this.#heldUntil);
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
    if (this.#queue.length === 0) return;
    const waitMs = Math.max(0, this.#nextAt() - this.#clock.now());
    this.#timer = this.#clock.after(waitMs, () => {
      this.#timer = undefined;
      while (this.#queue.length > 0 && this.#take()) this.#queue.shift()!.admit();
      this.#rearm();
    });
  }
}

function refusal(waitMs: number): ConnectorError {
  return new ConnectorError(
    "rate_limited",
    `The rate limit asks for a wait of ${Math.ceil(waitMs)} ms, which would outlast the call's timeout`,
    {
      by: "rate limit",
      outcome: "none",
      retryAfterMs: waitMs,
      hint: "Send fewer calls, raise the rate limit or give the call more time.",
    },
  );
}
