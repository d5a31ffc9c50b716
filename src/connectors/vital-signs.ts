/** From what happens at a connector to its condition: what of it is the system's doing, and what subscribers are told. */
import type { Call } from "../core/call.ts";
import { toConnectorError } from "../core/classify.ts";
import type { Clock } from "../core/clock.ts";
import { Condition, type ConditionSettings } from "../core/condition.ts";
import type { Failure } from "../core/connector-status.ts";
import type { Definition } from "../core/definition.ts";
import type { ConnectorError } from "../core/errors.ts";
import { publishCondition, publishState, type StateEvent } from "../core/events.ts";
import type { Degraded, Health } from "../core/health.ts";
import type { Redaction } from "../core/secret.ts";
import type { Pipeline } from "../policies/pipeline.ts";
import { verdictOn } from "../policies/system-verdict.ts";
import type { Failures } from "./failures.ts";
import { checkHealth, type HealthCheckOptions } from "./health-check.ts";
import type { Settings } from "./settings.ts";

/** Of a connector's configuration, what its signs are read by. */
interface InForce {
  readonly definition: Definition;
  readonly settings: Settings;
  readonly failures: Failures;
  readonly pipeline: Pick<Pipeline, "refusesUntil">;
}

export interface VitalSignsOf {
  readonly name: string;
  readonly clock: Clock;
  readonly connector: object;
  readonly settings: ConditionSettings | undefined;
  readonly redaction: Redaction;
  inForce(this: void): InForce;
}

const conditions = new WeakMap<object, Condition>();

/** The condition of a connector of a defined class, for the hub's monitor; users read `connector.status`. */
export function conditionOf(connector: object): Condition {
  // Each of them is noted when it is made.
  return conditions.get(connector)!;
}

/** What one connector shows of how its system is. */
export class VitalSigns {
  readonly condition: Condition;
  readonly #of: VitalSignsOf;

  constructor(of: VitalSignsOf) {
    this.#of = of;
    this.condition = new Condition(of.clock, of.settings, () => of.inForce().pipeline.refusesUntil());
    conditions.set(of.connector, this.condition);
    this.condition.onChange((change) => publishCondition({ ...this.#place(), ...change }));
  }

  /** A try failed. */
  failed(error: ConnectorError, call: Call): void {
    const { settings } = this.#of.inForce();
    const verdict = verdictOn(error, call, settings.policies.timeout);
    // Over HTTP a caller can send credentials of its own; anywhere else they are the connector's.
    const isRefused = error.kind === "unauthenticated";
    if (verdict === "failed" || (isRefused && error.status === undefined)) this.condition.failed(this.#shown(error));
    else if (verdict === "alive" && !isRefused) this.condition.succeeded(call.record);
  }

  /** Reading a stream failed; the error goes on. */
  ofReading(error: ConnectorError, call: Call): ConnectorError {
    this.failed(error, call);
    return error;
  }

  /** Another configuration is in force; where there is a session, it has been proven under it. */
  reconfigured(isProven: boolean): void {
    if (isProven) this.condition.probed();
    else this.condition.weigh();
  }

  /** The session changed its state. */
  session(state: StateEvent["state"], reason: string | undefined, thrown: unknown): void {
    publishState({ ...this.#place(), state, reason: reason && this.#of.redaction.redact(reason) });
    if (state === "connecting") this.condition.connecting();
    else if (state === "connected") this.condition.connected();
    else if (state === "disconnected") this.#noSession(thrown);
  }

  /** Pings and tells what came of it. Never throws. */
  check(
    ping: (signal: AbortSignal) => Promise<void | Degraded>,
    options: HealthCheckOptions | undefined,
  ): Promise<Health> {
    const { clock, redaction, inForce } = this.#of;
    const onAnswer = (degraded: string | undefined): string | undefined => {
      const shown = degraded === undefined ? undefined : redaction.redact(degraded);
      this.condition.probed(shown);
      return shown;
    };
    const onFailure = (thrown: unknown, startedAt: number): string => {
      const error = inForce().failures.present(thrown);
      if (error.kind !== "not_connected" && error.kind !== "cancelled") this.condition.probeFailed(error, startedAt);
      return error.message;
    };
    return checkHealth({ clock, ping, onAnswer, onFailure }, options);
  }

  #noSession(thrown: unknown): void {
    if (thrown === undefined) return this.condition.disconnected();
    const { title, classify } = this.#of.inForce().definition;
    const error = toConnectorError(thrown, classify);
    if (error.kind === "cancelled") return this.condition.disconnected();
    const { kind, message } = this.#shown(error);
    this.condition.notConnected({ kind, message: `Failed to connect to ${title}: ${message}` });
  }

  #shown({ kind, message }: ConnectorError): Failure {
    return { kind, message: this.#of.redaction.redact(message) };
  }

  #place(): { readonly connector: string; readonly provider: string } {
    return { connector: this.#of.name, provider: this.#of.inForce().definition.provider };
  }
}
