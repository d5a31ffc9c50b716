/** The states of a circuit breaker, and what leads from one to another. */
import type { Clock } from "../core/clock.ts";
import { ConnectorError } from "../core/errors.ts";
import { SlidingWindow } from "./sliding-window.ts";
import type { Verdict } from "./system-verdict.ts";

/** Failures in a row that open it where nothing is said. */
export const FAILURES_IN_A_ROW = 5;

export interface CircuitSettings {
  readonly failures?: number | undefined;
  readonly failureRate?: number | undefined;
  readonly window: number;
  readonly minimumCalls: number;
  readonly openFor: number;
  readonly probes: number;
}

/** `closed`: calls pass · `open`: they are refused · `half-open`: a few probes pass. */
export type CircuitState = "closed" | "open" | "half-open";

/** A connector's breaker as its users see it. */
export interface CircuitControl {
  /** `open` turns `half-open` with the first call after its time. */
  readonly state: CircuitState;
  /** Opens it until `reset()`: for maintenance. */
  isolate(): void;
  /** Closes it and forgets what was counted. */
  reset(): void;
}

export interface CircuitEnvironment {
  readonly clock: Clock;
  readonly onState: (state: CircuitState) => void;
  /** It was set by hand. */
  readonly onHand?: (what: "isolated" | "reset") => void;
}

/** One connector's circuit. */
export class Circuit implements CircuitControl {
  readonly #settings: CircuitSettings;
  readonly #environment: CircuitEnvironment;
  readonly #failures: number;
  readonly #window: SlidingWindow | undefined;
  #state: CircuitState = "closed";
  #isIsolated = false;
  #inARow = 0;
  /** When it opened, or when the latest probe began. */
  #since = 0;
  #probing = 0;
  #succeeded = 0;
  #era = 0;

  constructor(settings: CircuitSettings, environment: CircuitEnvironment) {
    this.#settings = settings;
    this.#environment = environment;
    this.#failures = settings.failures ?? (settings.failureRate === undefined ? FAILURES_IN_A_ROW : Infinity);
    this.#window = settings.failureRate === undefined ? undefined : new SlidingWindow(settings.window);
  }

  get state(): CircuitState {
    return this.#state;
  }

  /** Instant on the clock until which calls are refused; -Infinity where none is, Infinity where it was isolated. */
  get refusesUntil(): number {
    if (this.#state === "closed") return -Infinity;
    return this.#isIsolated ? Infinity : this.#since + this.#settings.openFor;
  }

  /** Grows with every change; what was let pass before is not counted. */
  get era(): number {
    return this.#era;
  }

  isolate(): void {
    this.#isIsolated = true;
    this.#environment.onHand?.("isolated");
    this.#enter("open");
  }

  reset(): void {
    this.#isIsolated = false;
    this.#environment.onHand?.("reset");
    this.#enter("closed");
  }

  /** Lets a try pass, or says why not. */
  admit(): ConnectorError | undefined {
    if (this.#state === "closed") return undefined;
    if (this.#isIsolated) return refusal("it was isolated by hand", undefined);
    const now = this.#environment.clock.now();
    const waitMs = this.#since + this.#settings.openFor - now;
    if (this.#state === "open") {
      if (waitMs > 0) return refusal("it failed too often", waitMs);
      this.#enter("half-open");
    } else if (this.#probing >= this.#settings.probes) {
      // Probes that never end must not keep everybody out for ever.
      if (waitMs > 0) return refusal("it is being probed", waitMs);
      this.#enter("half-open");
    }
    this.#probing++;
    this.#since = now;
    return undefined;
  }

  /** Counts what became of a try that was let pass in `era`. */
  count(verdict: Verdict, era: number): void {
    if (era !== this.#era) return;
    if (this.#state === "half-open") {
      this.#probing--;
      if (verdict === "failed") this.#enter("open");
      else if (verdict === "alive" && ++this.#succeeded >= this.#settings.probes) this.#enter("closed");
      return;
    }
    if (verdict === "nothing") return;
    this.#inARow = verdict === "failed" ? this.#inARow + 1 : 0;
    if (this.#inARow >= this.#failures || this.#isRateReached(verdict)) this.#enter("open");
  }

  #isRateReached(verdict: Verdict): boolean {
    if (this.#window === undefined) return false;
    const now = this.#environment.clock.now();
    this.#window.add(now, verdict === "failed");
    const total = this.#window.total(now);
    const { minimumCalls, failureRate = Infinity } = this.#settings;
    return verdict === "failed" && total >= minimumCalls && this.#window.marked(now) >= total * failureRate;
  }

  #enter(state: CircuitState): void {
    const isChange = state !== this.#state;
    this.#state = state;
    this.#era++;
    this.#probing = this.#succeeded = this.#inARow = 0;
    this.#window?.clear();
    this.#since = this.#environment.clock.now();
    if (isChange) this.#environment.onState(state);
  }
}

function refusal(why: string, retryAfterMs: number | undefined): ConnectorError {
  return new ConnectorError("circuit_open", `The system is being spared: ${why}`, {
    by: "circuit breaker",
    outcome: "none",
    retryAfterMs,
    hint: "Try later; the health check tells what the system says.",
  });
}
