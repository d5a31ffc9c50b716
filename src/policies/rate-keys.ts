/**
 * A rate of its own for each key: each tenant, each account.
 *
 * A gate that is as new when nobody uses it is forgotten, so what is kept is bounded by what was used within a window, and
 * not by all keys ever seen. Should that be too many all the same, further keys share one gate: too strict for them, but
 * never more calls than agreed.
 */
import { hash } from "node:crypto";
import type { Call } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import { inputField } from "./input-field.ts";
import { RateGate, type Rate } from "./rate-gate.ts";

/** Keys from which on unused gates are looked for, and at most. */
const SWEEP_FROM = 1_000;
const MOST = 100_000;

/** Longer ones are held as a digest. */
const LONGEST_KEY = 64;

export class RateKeys {
  readonly #field: (input: unknown) => string | undefined;
  readonly #rate: Rate;
  readonly #clock: Clock;
  readonly #gates = new Map<string, RateGate>();
  readonly #overflow: RateGate;
  #sweepAt = SWEEP_FROM;

  /** @param key where a call's key stands: `input.tenant`. */
  constructor(key: string, rate: Rate, clock: Clock) {
    this.#field = inputField(key);
    this.#rate = rate;
    this.#clock = clock;
    this.#overflow = new RateGate(rate, clock);
  }

  /** Gates that are kept. */
  get size(): number {
    return this.#gates.size;
  }

  /** The gate of the call's key; calls without one share a gate. */
  of({ input }: Call): RateGate {
    const key = shortened(this.#field(input) ?? "");
    let gate = this.#gates.get(key);
    if (gate !== undefined) return gate;
    if (this.#gates.size >= this.#sweepAt) this.#sweep();
    if (this.#gates.size >= MOST) return this.#overflow;
    this.#gates.set(key, (gate = new RateGate(this.#rate, this.#clock)));
    return gate;
  }

  #sweep(): void {
    for (const [key, gate] of this.#gates) if (gate.isUnused) this.#gates.delete(key);
    // Twice as many before the next time, so that looking through all costs each newcomer the same little.
    this.#sweepAt = Math.min(MOST, Math.max(SWEEP_FROM, this.#gates.size * 2));
  }
}

function shortened(text: string): string {
  return text.length > LONGEST_KEY ? hash("sha256", text, "base64") : text;
}
