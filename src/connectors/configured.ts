/**
 * One configuration at work: how calls come in under it, and the policies that they pass on their way.
 *
 * A connector has one at a time and may be given another while it runs. What has been learned of the system (an open
 * circuit, cached answers, a limit that is used up) outlives that where the new configuration means the same system under
 * the same policies, so that a rotated password forgets nothing; where it does not, everything starts afresh.
 */
import { attempt } from "../core/attempt.ts";
import type { CircuitEvent } from "../core/audit-event.ts";
import { Call, type AdHoc, type CallOptions } from "../core/call.ts";
import type { Clock } from "../core/clock.ts";
import type { Definition, Session } from "../core/definition.ts";
import { type ConnectorError, type Kind } from "../core/errors.ts";
import { publishAudit, publishNotice } from "../core/events.ts";
import type { Operation } from "../core/operation.ts";
import { CallRecord, type Server } from "../core/record.ts";
import { sameValue } from "../core/same-value.ts";
import type { Redaction } from "../core/secret.ts";
import { buildPipeline, type Pipeline } from "../policies/pipeline.ts";
import type { Credentials } from "../policies/renewal.ts";
import { parseOptions } from "./call-options.ts";
import { Failures } from "./failures.ts";
import { parseInput } from "./input.ts";
import { operationsHint, refuseCall } from "./refused-call.ts";
import type { Settings } from "./settings.ts";
import type { VitalSigns } from "./vital-signs.ts";

/** What a configuration finds at the connector that it is in force at. */
export interface Surroundings {
  readonly name: string;
  readonly clock: Clock;
  readonly random: () => number;
  readonly redaction: Redaction;
  /** Absent where nobody can read the credentials anew. */
  readonly credentials: Credentials | undefined;
  readonly signs: VitalSigns;
  /** The session that a running call can use, or undefined where one must be opened first. */
  readonly session: (call: Call) => Session | undefined;
  /** Opens a session; throws a `ConnectorError`. */
  readonly connect: () => Promise<Session>;
  /** Whether a call may begin: there is a session, or it may open one. */
  readonly isOpen: () => boolean;
  /** Counts a call among the running ones. */
  readonly enter: (call: Call) => void;
}

/** One configuration of a connector, in force or about to be. */
export class Configured {
  readonly definition: Definition;
  readonly settings: Settings;
  readonly failures: Failures;
  readonly pipeline: Pipeline;
  readonly #around: Surroundings;
  readonly #server: Server | undefined;

  /** @param before the configuration that was in force until now. */
  constructor(definition: Definition, settings: Settings, around: Surroundings, before?: Configured) {
    this.definition = definition;
    this.settings = settings;
    this.#around = around;
    this.#server = definition.server?.(settings.connection);
    if (before !== undefined && isSameSystem(before, this)) {
      this.failures = before.failures;
      this.pipeline = before.pipeline;
      return;
    }
    const { name, redaction, session, connect, signs } = around;
    const { provider, title, classify } = definition;
    this.failures = new Failures({ connector: name, provider, title, classify, redaction });
    const onUnclassified = (error: unknown): void => this.failures.tellUnclassified(error);
    const hooks = { classify, onUnclassified, session, connect, condition: signs.condition };
    const innermost = attempt(hooks);
    this.pipeline = buildPipeline(settings.policies, this.#pipelineEnvironment(), innermost);
  }

  /** The answer of an operation that answers once. Not `async`: that would cost every call one more promise. */
  execute(asked: unknown, params: unknown, options: CallOptions | undefined): Promise<unknown> {
    try {
      return this.pipeline.send(this.begin(asked, false, params, options));
    } catch (refusal) {
      return Promise.reject(refusal);
    }
  }

  /** A call of an operation by its name, checked; throws what is wrong with it. */
  begin(asked: unknown, asStream: boolean, params: unknown, options: CallOptions | undefined): Call {
    const name = String(asked);
    this.#checkOpen(name);
    const { operations } = this.definition;
    const operation = Object.hasOwn(operations, name) ? operations[name] : undefined;
    if (operation === undefined) {
      const hint = operationsHint(name, Object.keys(operations));
      throw this.#refusal("unsupported", name, `Unknown operation: ${name}`, undefined, hint);
    }
    if (operation.stream !== asStream) {
      const instead = asStream ? "execute" : "stream";
      throw this.#refusal(
        "unsupported",
        name,
        `Operation ${name} is called with ${instead}(), not with ${asStream ? "stream" : "execute"}()`,
      );
    }
    const parsed = parseInput(operation, params);
    if (parsed.success) return this.#start(name, operation, parsed.data, options);
    throw this.#refusal("input_invalid", name, parsed.problem, operation);
  }

  /** A call that runs work of the connector's own instead of an operation's handler. */
  beginAdHoc(name: string, operation: Operation, work: AdHoc, options: CallOptions | undefined): Call {
    this.#checkOpen(name);
    return this.#start(name, operation, undefined, options, work);
  }

  #start(
    name: string,
    operation: Operation,
    input: unknown,
    options: CallOptions | null | undefined,
    work?: AdHoc,
  ): Call {
    const hasKey = options?.idempotencyKey !== undefined;
    const own = operation.effectOf?.(input, { hasKey, options: this.settings.options }) ?? operation.effect;
    const parsed = parseOptions(name, own, options);
    if (parsed.problem !== undefined) throw this.#refusal(parsed.kind, name, parsed.problem, operation);
    const { effect, idempotencyKey, signal, timeoutMs, parent } = parsed;
    const { provider, type } = this.definition;
    const { name: connector, clock, enter } = this.#around;
    const record = new CallRecord(
      { connector, provider, type, operation: name, effect, server: this.#server },
      clock.now(),
    );
    record.hasJustBegun = true;
    if (parent !== undefined) record.parent = parent;
    const call = new Call({ operation, input, effect, idempotencyKey, signal, timeoutMs, record, work });
    enter(call);
    return call;
  }

  #checkOpen(operation: string): void {
    if (this.#around.isOpen()) return;
    throw this.#refusal("not_connected", operation, "Connector not connected", undefined, "Call connect() first.");
  }

  #refusal(kind: Kind, name: string, message: string, operation?: Operation, hint?: string): ConnectorError {
    const { provider, type } = this.definition;
    const { name: connector, clock } = this.#around;
    const where = { connector, provider, type, operation: name, effect: operation?.effect ?? "read" } as const;
    return refuseCall(where, clock, kind, message, hint);
  }

  #pipelineEnvironment(): Parameters<typeof buildPipeline>[1] {
    const { name: connector, clock, random, redaction, credentials, enter, signs } = this.#around;
    return {
      clock,
      random,
      enter,
      credentials,
      onFailure: (error, call) => signs.failed(error, call),
      onCircuit: () => signs.condition.weigh(),
      present: (thrown, call) => this.failures.ofCall(thrown, call),
      redact: (text) => redaction.redact(text),
      notify: (event, severity) => publishNotice({ connector, name: event, severity }),
      audit: (event: CircuitEvent["event"]) => publishAudit({ event, connector }),
    };
  }
}

/** Whether all but credentials is as it was. */
function isSameSystem(one: Configured, other: Configured): boolean {
  return one.definition === other.definition && sameValue(one.settings, other.settings, () => true);
}
