/**
 * Asks connectors how they are when nothing else vouches for them.
 *
 * Calls tell more than any probe, so a connector whose system has answered within the interval is left alone, and so is one
 * that nobody has used: a probe would connect it. One that is quiet is asked once in each interval. One that is degraded or
 * down is asked again after about a second, then after two, four and so on up to the interval, so that its recovery is
 * noticed soon and a failing system is not pestered; one that refuses the credentials only once an interval. Every time is drawn from a range ("equal jitter": AWS Architecture Blog,
 * "Exponential Backoff And Jitter", 2015), so that the probes of hundreds of connectors spread out; a quiet one is asked up
 * to a tenth of the interval late.
 *
 * It looks at all connectors about once a second, from memory, rather than listening to each: they come and go with reloads,
 * and a look costs less than a microsecond. A connector is asked by one probe at a time, each with a limit of time; `close`
 * ends them. Nothing here keeps the process alive.
 */
import type { DefinedConnector } from "../connectors/defined.ts";
import { conditionOf } from "../connectors/vital-signs.ts";
import type { Clock, Timer } from "../core/clock.ts";
import type { Condition } from "../core/condition.ts";
import type { MonitorSettings } from "./monitor-settings.ts";

export interface MonitorHooks {
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Those there are now; asked at each look. */
  connectors(this: void): Iterable<DefinedConnector>;
}

/** Longest time between two looks at the connectors. */
const LOOK_MS = 1_000;
/** About how long a system that does not work is left alone at first. */
const BACKOFF_MS = 1_000;
/** The share of the interval by which a quiet connector may be asked late. */
const LATENESS = 0.1;

/** When a connector is to be asked. */
interface Plan {
  /** Whether it is known not to work as it should. */
  readonly isIll: boolean;
  dueAt: number;
  /** How long nothing may be heard of it. */
  quietMs: number;
  /** Probes so far. */
  probes: number;
  isAsking: boolean;
}

/** Watches over the connectors of a hub until it is closed. */
export class Monitor {
  readonly #settings: MonitorSettings;
  readonly #hooks: MonitorHooks;
  readonly #plans = new WeakMap<DefinedConnector, Plan>();
  readonly #probes = new Set<Promise<void>>();
  readonly #closed = new AbortController();
  #timer: Timer;

  constructor(settings: MonitorSettings, hooks: MonitorHooks) {
    this.#settings = settings;
    this.#hooks = hooks;
    this.#timer = this.#arm(hooks.clock.now() + LOOK_MS);
  }

  /** Ends every probe and resolves when none is left. */
  async close(): Promise<void> {
    this.#timer.cancel();
    this.#closed.abort();
    await Promise.all(this.#probes);
  }

  #arm(dueAt: number): Timer {
    const { clock } = this.#hooks;
    const longestMs = Math.min(LOOK_MS, this.#settings.intervalMs / 4);
    return clock.background(Math.min(Math.max(0, dueAt - clock.now()), longestMs), () => this.#lookAtAll());
  }

  #lookAtAll(): void {
    let nextAt = Infinity;
    for (const connector of this.#hooks.connectors()) nextAt = Math.min(nextAt, this.#lookAt(connector));
    this.#timer = this.#arm(nextAt);
  }

  /** Asks a connector where it is time. Returns when it is to be asked; Infinity where it is not. */
  #lookAt(connector: DefinedConnector): number {
    const condition = conditionOf(connector);
    let plan = this.#plans.get(connector);
    if (plan?.isAsking === true) return Infinity;
    if (!isInUse(condition)) {
      this.#plans.delete(connector);
      return Infinity;
    }
    if (plan?.isIll !== isIll(condition)) this.#plans.set(connector, (plan = this.#begin(condition)));
    if (!plan.isIll) plan.dueAt = Math.max(plan.dueAt, condition.answeredAt + plan.quietMs);
    if (plan.dueAt > this.#hooks.clock.now()) return plan.dueAt;
    const probe = this.#ask(connector, plan).finally(() => this.#probes.delete(probe));
    this.#probes.add(probe);
    return Infinity;
  }

  #begin(condition: Condition): Plan {
    const plan: Plan = { isIll: isIll(condition), dueAt: 0, quietMs: 0, probes: 0, isAsking: false };
    this.#schedule(plan, condition);
    // Connectors that are opened together are not asked together.
    if (!plan.isIll) plan.dueAt = this.#hooks.clock.now() + this.#drawn(this.#settings.intervalMs);
    return plan;
  }

  async #ask(connector: DefinedConnector, plan: Plan): Promise<void> {
    const { signal } = this.#closed;
    plan.isAsking = true;
    try {
      await connector.healthCheck({ timeout: this.#settings.timeoutMs, signal });
    } catch {
      // A class of the user's own may check in another way; what it finds is not for us.
    }
    plan.isAsking = false;
    plan.probes++;
    if (signal.aborted) return;
    const condition = conditionOf(connector);
    if (plan.isIll === isIll(condition)) this.#schedule(plan, condition);
    const dueAt = this.#lookAt(connector);
    if (dueAt >= this.#timer.dueAt) return;
    this.#timer.cancel();
    this.#timer = this.#arm(dueAt);
  }

  /** Draws when it is asked next. */
  #schedule(plan: Plan, condition: Condition): void {
    const { clock, random } = this.#hooks;
    const { intervalMs } = this.#settings;
    plan.quietMs = intervalMs * (1 + LATENESS * random());
    // Trying credentials that are refused again and again locks accounts.
    const backoffMs = condition.isRefused ? intervalMs : BACKOFF_MS * 2 ** plan.probes;
    const waitMs = plan.isIll ? this.#drawn(Math.min(intervalMs, backoffMs)) : plan.quietMs;
    plan.dueAt = clock.now() + waitMs;
    if (plan.isIll) condition.asksAgainAt(plan.dueAt);
  }

  /** Somewhere in the second half of a time. */
  #drawn(ms: number): number {
    return ms * (0.5 + 0.5 * this.#hooks.random());
  }
}

const isInUse = ({ state }: Condition): boolean => state !== "lazy" && state !== "connecting";
const isIll = ({ state }: Condition): boolean => state !== "ready";
