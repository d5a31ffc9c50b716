/** The working half of `defineConnector`: one instance, its session, and the way of a call through it. */
import { Call, type CallOptions } from "../core/call.ts";
import { attempt, type AdHoc } from "../core/attempt.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { BaseConnector, type AnswerWithMeta } from "../core/connector.ts";
import type { Definition, Environment, Session } from "../core/definition.ts";
import { ConnectorError, type Kind } from "../core/errors.ts";
import type { CircuitEvent } from "../core/audit-event.ts";
import { publishAudit, publishNotice, publishState, type StateEvent } from "../core/events.ts";
import type { Degraded, Health } from "../core/health.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import type { Answer, Input, Operation, Operations, Plain, Streaming } from "../core/operation.ts";
import { brokenOff, guardReads } from "../core/reading.ts";
import { CallRecord } from "../core/record.ts";
import { redactor, secretsIn } from "../core/secret.ts";
import { lazyStream, type ItemStream, type OpenedStream } from "../core/stream.ts";
import type { CircuitControl } from "../policies/circuit.ts";
import type { Present } from "../policies/observe.ts";
import { buildPipeline, type Pipeline } from "../policies/pipeline.ts";
import { parseOptions } from "./call-options.ts";
import { Failures } from "./failures.ts";
import { checkHealth } from "./health-check.ts";
import { parseInput } from "./input.ts";
import { operationsHint, refuseCall } from "./refused-call.ts";
import { settingsOf, type Settings } from "./settings.ts";

/** What hub and tests set around a connector; users of the class leave it out. */
export interface ConnectorEnvironment {
  /** The name in the configuration; without one, the provider's. */
  readonly name?: string | undefined;
  readonly clock?: Clock | undefined;
  /** Uniform in [0, 1). */
  readonly random?: (() => number) | undefined;
  /** Whether a call may open the session itself; asked at each call. */
  readonly connectsOnUse?: (() => boolean) | undefined;
}

/** Everything about a connector but its secrets. */
export interface ConnectorDescription {
  readonly name: string;
  readonly provider: string;
  readonly type: Definition["type"];
  readonly title: string;
  readonly summary: string;
  readonly operations: Operations;
  /** As parsed; secrets print as `[redacted]`. */
  readonly settings: Settings;
}

/** Longest wait for running calls at `disconnect`, where nothing is said. */
const DRAIN_MS = 10_000;

/** A connector made by `defineConnector`. Subclasses may add methods of their own through `run`. */
export class DefinedConnector<Ops extends Operations = Operations> extends BaseConnector<Ops> {
  /** The name in the configuration; without one, the provider's. */
  readonly name: string;
  declare protected readonly config: Settings;
  readonly #definition: Definition;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #connectsOnUse: () => boolean;
  readonly #lifecycle: Lifecycle<Session>;
  readonly #pipeline: Pipeline;
  readonly #redact: (text: string) => string;
  readonly #failures: Failures;
  readonly #adHoc = new WeakMap<CallRecord, AdHoc>();

  constructor(definition: Definition, flat: Readonly<Record<string, unknown>>, environment: ConnectorEnvironment = {}) {
    super(settingsOf(definition, flat));
    this.name = environment.name ?? definition.provider;
    this.#definition = definition;
    this.#clock = environment.clock ?? systemClock;
    this.#random = environment.random ?? Math.random;
    this.#connectsOnUse = environment.connectsOnUse ?? (() => false);
    this.#redact = redactor(secretsIn([this.config.connection, this.config.options]));
    this.#failures = new Failures({
      connector: this.name,
      provider: definition.provider,
      title: definition.title,
      classify: definition.classify,
      redact: this.#redact,
    });
    this.#lifecycle = new Lifecycle<Session>({
      clock: this.#clock,
      connectLimitMs: this.config.policies.timeout,
      open: (signal) => this.#open(signal),
      onState: (state, reason) => this.#tellState(state, reason),
    });
    const innermost = attempt(
      {
        classify: definition.classify,
        onUnclassified: (error) => this.#failures.tellUnclassified(error),
        session: () => this.#lifecycle.runningSession,
        connect: () => this.#connectOnUse(),
      },
      (call) => this.#adHoc.get(call.record),
    );
    const enter = (call: Call): void => this.#enter(call);
    const notify = (event: string): void => this.#notify(event);
    const audit = (event: CircuitEvent["event"]): void => publishAudit({ event, connector: this.name });
    const present: Present = (thrown, call) => this.#failures.ofCall(thrown, call);
    this.#pipeline = buildPipeline(
      this.config.policies,
      { clock: this.#clock, random: this.#random, enter, present, redact: this.#redact, notify, audit },
      innermost,
    );
  }

  override get isConnected(): boolean {
    return this.#lifecycle.session !== undefined;
  }

  /** Shows and sets the circuit breaker, where the settings switch it on. */
  get circuitBreaker(): CircuitControl | undefined {
    return this.#pipeline.circuitBreaker;
  }

  override async connect(): Promise<void> {
    try {
      await this.#connect();
    } catch (error) {
      throw this.#failures.present(error);
    }
  }

  /** Refuses new calls, waits up to `timeout` milliseconds (10 s) for running ones, cancels the rest, closes. */
  override async disconnect({ timeout = DRAIN_MS }: { readonly timeout?: number } = {}): Promise<void> {
    try {
      await this.#lifecycle.disconnect(timeout);
    } catch (error) {
      throw this.#failures.present(error);
    }
  }

  override async execute<K extends Plain<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): Promise<Answer<Ops[K]>> {
    const call = this.#begin(operation, false, params, options);
    return (await this.#pipeline.send(call)) as Answer<Ops[K]>;
  }

  override async call<K extends Plain<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): Promise<AnswerWithMeta<Answer<Ops[K]>>> {
    const call = this.#begin(operation, false, params, options);
    const data = (await this.#pipeline.send(call)) as Answer<Ops[K]>;
    return { data, meta: call.record.meta() };
  }

  override stream<K extends Streaming<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): ItemStream<Answer<Ops[K]>> {
    let call: Call | undefined;
    const open = async (): Promise<OpenedStream<Answer<Ops[K]>>> => {
      const started = (call = this.#begin(operation, true, params, options));
      const opened = (await this.#pipeline.send(started)) as OpenedStream<Answer<Ops[K]>>;
      return guardReads(opened, started, {
        clock: this.#clock,
        readLimitMs: started.timeoutMs ?? this.config.policies.timeout,
        toError: (thrown) => this.#failures.ofCall(thrown, started),
      });
    };
    return lazyStream(open, () => call?.cancel(brokenOff(call)));
  }

  override healthCheck(): Promise<Health> {
    return checkHealth(
      (signal) => this.#ping(signal),
      this.#clock,
      (thrown) => this.#failures.present(thrown).message,
      this.#redact,
    );
  }

  /** Everything about the connector but its secrets. */
  describe(): ConnectorDescription {
    const { provider, type, title, summary, operations } = this.#definition;
    return { name: this.name, provider, type, title, summary, operations, settings: this.config };
  }

  /** Runs work of the connector's own on its session, under the same policies as an operation. For subclasses. */
  protected async run<T>(
    operation: { readonly name: string; readonly value: Operation },
    work: (session: Session<Ops>, call: Call) => Promise<T>,
    options?: CallOptions,
  ): Promise<T> {
    const call = this.#start(operation.name, operation.value, undefined, options);
    this.#adHoc.set(call.record, work as AdHoc);
    return (await this.#pipeline.send(call)) as T;
  }

  #begin(asked: unknown, asStream: boolean, params: unknown, options: CallOptions | undefined): Call {
    const name = String(asked);
    this.#checkConnected(name);
    const { operations } = this.#definition;
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
    if ("data" in parsed) return this.#start(name, operation, parsed.data, options);
    throw this.#refusal("input_invalid", name, parsed.problem, operation);
  }

  #start(name: string, operation: Operation, input: unknown, options: CallOptions | null | undefined): Call {
    this.#checkConnected(name);
    const hasKey = options?.idempotencyKey !== undefined;
    const own = operation.effectOf?.(input, { hasKey, options: this.config.options }) ?? operation.effect;
    const parsed = parseOptions(name, own, options ?? {});
    if ("problem" in parsed) throw this.#refusal(parsed.kind, name, parsed.problem, operation);
    const { effect, idempotencyKey, signal, timeoutMs, parent } = parsed;
    const { provider, type } = this.#definition;
    const where = { connector: this.name, provider, type, operation: name, effect };
    const record = new CallRecord(where, this.#clock.now());
    if (parent !== undefined) record.parent = parent;
    const call = new Call({ operation, input, effect, idempotencyKey, signal, timeoutMs, record });
    this.#enter(call);
    return call;
  }

  /** `disconnect` waits for it until it has settled. */
  #enter(call: Call): void {
    call.record.onSettled(this.#lifecycle.enter(call));
  }

  #checkConnected(operation: string): void {
    if (this.#lifecycle.session !== undefined || this.#mayConnect()) return;
    throw this.#refusal("not_connected", operation, "Connector not connected", undefined, "Call connect() first.");
  }

  #refusal(kind: Kind, name: string, message: string, operation?: Operation, hint?: string): ConnectorError {
    const { provider, type } = this.#definition;
    const where = { connector: this.name, provider, type, operation: name, effect: operation?.effect ?? "read" };
    return refuseCall(where, this.#clock, kind, message, hint);
  }

  async #ping(signal: AbortSignal): Promise<void | Degraded> {
    const session = this.#lifecycle.session ?? (await this.#connectOnUse());
    return session.ping(signal);
  }

  #mayConnect(): boolean {
    return this.#connectsOnUse() && !this.#lifecycle.isClosing;
  }

  /** Opens a session for a call; one that is being closed waits for its calls, so they must not wait for the next. */
  #connectOnUse(): Promise<Session> {
    if (this.#mayConnect()) return this.#connect();
    return Promise.reject(new ConnectorError("not_connected", "Connector not connected"));
  }

  async #connect(): Promise<Session> {
    try {
      return await this.#lifecycle.connect();
    } catch (thrown) {
      throw this.#failures.ofConnecting(thrown);
    }
  }

  #open(signal: AbortSignal): Promise<Session> {
    const environment: Environment = {
      name: this.name,
      clock: this.#clock,
      random: this.#random,
      signal,
      notify: (event, detail) => this.#notify(event, detail),
    };
    const { connection, options } = this.config;
    return this.#definition.open({ connection, options }, environment);
  }

  #notify(event: string, detail?: unknown): void {
    publishNotice({ connector: this.name, name: event, detail });
  }

  #tellState(state: StateEvent["state"], reason: string | undefined): void {
    const { provider } = this.#definition;
    publishState({ connector: this.name, provider, state, reason: reason && this.#redact(reason) });
  }
}
