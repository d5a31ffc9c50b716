/** The working half of `defineConnector`: one instance, its session, and the configuration that is in force. */
import type { Call, CallOptions } from "../core/call.ts";
import { systemClock, type Clock } from "../core/clock.ts";
import { BaseConnector, type AnswerWithMeta } from "../core/connector.ts";
import type { ConnectorStatus } from "../core/connector-status.ts";
import type { Definition, Environment, Session } from "../core/definition.ts";
import { ConnectorError } from "../core/errors.ts";
import { publishAudit, publishNotice } from "../core/events.ts";
import type { Degraded, Health } from "../core/health.ts";
import { Lifecycle } from "../core/lifecycle.ts";
import type { Answer, Input, Operation, Operations, Plain, Streaming } from "../core/operation.ts";
import { brokenOff, guardReads } from "../core/reading.ts";
import { sameValue } from "../core/same-value.ts";
import { Redaction, secretsIn } from "../core/secret.ts";
import { lazyStream, type ItemStream, type OpenedStream } from "../core/stream.ts";
import type { CircuitControl } from "../policies/circuit.ts";
import type { ConnectorDescription } from "./connector-description.ts";
import type { ConnectorEnvironment } from "./connector-environment.ts";
import { Configured, type Surroundings } from "./configured.ts";
import { RenewableCredentials, withRenewal } from "./credentials.ts";
import type { HealthCheckOptions } from "./health-check.ts";
import { sameClass } from "./same-class.ts";
import { nameMethods } from "./named-methods.ts";
import { openProven } from "./open-proven.ts";
import { settingsOf, type Settings } from "./settings.ts";
import { VitalSigns } from "./vital-signs.ts";

/** Longest wait for running calls at `disconnect`, where nothing is said. */
const DRAIN_MS = 10_000;

/** A connector made by `defineConnector`. Subclasses may add methods of their own through `run`. */
export class DefinedConnector<Ops extends Operations = Operations> extends BaseConnector<Ops> {
  /** The name in the configuration; without one, the provider's. */
  readonly name: string;
  declare protected config: Settings;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #connectsOnUse: () => boolean;
  readonly #lifecycle: Lifecycle<Session>;
  readonly #redaction = new Redaction();
  readonly #credentials: RenewableCredentials | undefined;
  readonly #signs: VitalSigns;
  readonly #around: Surroundings;
  #now: Configured;
  /** How often it was disconnected. */
  #disconnects = 0;
  /** Configurations are put in force one after the other. */
  #reconfiguring: Promise<unknown> = Promise.resolve();

  constructor(own: Definition, flat: Readonly<Record<string, unknown>>, environment: ConnectorEnvironment = {}) {
    const { definition = own } = environment;
    super(settingsOf(definition, flat));
    this.name = environment.name ?? definition.provider;
    this.#clock = environment.clock ?? systemClock;
    this.#random = environment.random ?? Math.random;
    this.#connectsOnUse = environment.connectsOnUse ?? (() => false);
    this.#redaction.learn(secretsIn([this.config.connection, this.config.options]));
    this.#lifecycle = new Lifecycle<Session>({
      clock: this.#clock,
      connectLimitMs: () => this.config.policies.timeout,
      open: (signal) => this.#open(this.#now, signal),
      onState: (state, reason, error) => this.#signs.session(state, reason, error),
      onNotClosed: (error) => this.#warn("session not closed", error),
    });
    const { renew, condition } = environment;
    this.#credentials =
      renew &&
      new RenewableCredentials({
        clock: this.#clock,
        read: async () => this.#renew(await renew()),
        onFailed: (error) => this.#warn("credentials not renewed", error),
      });
    const common = { name: this.name, clock: this.#clock, redaction: this.#redaction };
    this.#signs = new VitalSigns({ ...common, connector: this, settings: condition, inForce: () => this.#now });
    this.#around = {
      ...common,
      random: this.#random,
      signs: this.#signs,
      credentials: this.#credentials,
      session: (call) => this.#lifecycle.sessionFor(call),
      connect: () => this.#connectOnUse(),
      isOpen: () => this.#lifecycle.session !== undefined || this.#mayConnect(),
      enter: (call) => call.record.onSettled(this.#lifecycle.enter(call)),
    };
    this.#now = new Configured(definition, this.config, this.#around);
    nameMethods(this, definition);
  }

  override get isConnected(): boolean {
    return this.#lifecycle.session !== undefined;
  }

  /** How the connector is, from memory: its state, why and since when, its last error. */
  get status(): ConnectorStatus {
    return this.#signs.condition.status;
  }

  /** Shows and sets the circuit breaker, where the settings switch it on. */
  get circuitBreaker(): CircuitControl | undefined {
    return this.#now.pipeline.circuitBreaker;
  }

  override async connect(): Promise<void> {
    try {
      await this.#renewing(() => this.#connect());
    } catch (error) {
      throw this.#now.failures.present(error);
    }
  }

  /** Refuses new calls, waits up to `timeout` milliseconds (10 s) for running ones, cancels the rest, closes. */
  override async disconnect({ timeout = DRAIN_MS }: { readonly timeout?: number } = {}): Promise<void> {
    this.#disconnects++;
    try {
      await this.#lifecycle.disconnect(timeout);
      // Also where there was no session, and nobody has begun to open one meanwhile.
      if (!this.isConnected && this.#lifecycle.isSettled) this.#signs.condition.disconnected();
    } catch (error) {
      throw this.#now.failures.present(error);
    }
  }

  /**
   * Takes on the configuration of another connector of the same class without a pause. Where this one is connected, what is
   * new is proven first, by a connection and a sign of life; calls that run finish on what they have. Throws, and leaves
   * everything as it was, where the system cannot be reached or refuses; throws `input_invalid` for anything but a
   * connector of the same class.
   */
  async reconfigure(like: DefinedConnector): Promise<void> {
    const { definition, settings } = sameClass<DefinedConnector>(this, like).#now;
    const done = this.#reconfiguring.then(() => this.#exchange(definition, settings));
    this.#reconfiguring = done.catch(() => {});
    return done;
  }

  override execute<K extends Plain<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): Promise<Answer<Ops[K]>> {
    return this.#now.execute(operation, params, options) as Promise<Answer<Ops[K]>>;
  }

  override async call<K extends Plain<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): Promise<AnswerWithMeta<Answer<Ops[K]>>> {
    const now = this.#now;
    const call = now.begin(operation, false, params, options);
    const data = (await now.pipeline.send(call)) as Answer<Ops[K]>;
    return { data, meta: call.record.meta() };
  }

  override stream<K extends Streaming<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): ItemStream<Answer<Ops[K]>> {
    let call: Call | undefined;
    const open = async (): Promise<OpenedStream<Answer<Ops[K]>>> => {
      const now = this.#now;
      const started = (call = now.begin(operation, true, params, options));
      const opened = (await now.pipeline.send(started)) as OpenedStream<Answer<Ops[K]>>;
      return guardReads(opened, started, {
        clock: this.#clock,
        readLimitMs: started.timeoutMs ?? now.settings.policies.timeout,
        toError: (thrown) => this.#signs.ofReading(now.failures.ofCall(thrown, started), started),
      });
    };
    return lazyStream(open, () => call?.cancel(brokenOff(call)));
  }

  override healthCheck(options?: HealthCheckOptions): Promise<Health> {
    return this.#signs.check((signal) => this.#renewing(() => this.#ping(signal)), options);
  }

  /** Everything about the connector but its secrets. */
  describe(): ConnectorDescription {
    const { provider, type, title, summary, operations } = this.#now.definition;
    return { name: this.name, provider, type, title, summary, operations, settings: this.config };
  }

  /** Runs work of the connector's own on its session, under the same policies as an operation. For subclasses. */
  protected async run<T>(
    operation: { readonly name: string; readonly value: Operation },
    work: (session: Session<Ops>, call: Call) => Promise<T>,
    options?: CallOptions,
  ): Promise<T> {
    const now = this.#now;
    return (await now.pipeline.send(now.beginAdHoc(operation.name, operation.value, work, options))) as T;
  }

  async #ping(signal: AbortSignal): Promise<void | Degraded> {
    const session = this.#lifecycle.session ?? (await this.#connectOnUse());
    try {
      return await session.ping(signal);
    } catch (error) {
      const { session: live } = this.#lifecycle;
      // Or it was replaced, and closed, while it was asked.
      if (live === undefined || live === session) throw error;
      return live.ping(signal);
    }
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
      throw this.#now.failures.ofConnecting(thrown);
    }
  }

  #open({ definition, settings: { connection, options } }: Configured, signal: AbortSignal): Promise<Session> {
    const environment: Environment = {
      name: this.name,
      clock: this.#clock,
      random: this.#random,
      signal,
      // The configuration's own anew, so that many learned at run time do not crowd them out.
      conceal: (secret) => this.#redaction.learn([secret, ...secretsIn([connection, options, this.config])]),
      notify: (event, detail, about) =>
        publishNotice({ connector: this.name, name: event, detail, severity: about?.severity }),
    };
    return definition.open({ connection, options }, environment);
  }

  /** Does it again where the credentials were refused and there are others now. Calls have a policy for that. */
  #renewing<T>(work: () => Promise<T>): Promise<T> {
    const disconnects = this.#disconnects;
    // Whoever disconnected meanwhile has been told that nothing is open.
    const mayGoOn = (thrown: unknown): boolean =>
      disconnects === this.#disconnects && this.#now.failures.classified(thrown).kind === "unauthenticated";
    return withRenewal(work, this.#credentials, mayGoOn);
  }

  async #renew(read: object | undefined): Promise<boolean> {
    if (read === undefined) return false;
    const like = sameClass<DefinedConnector>(this, read);
    // Closing waits for the calls that wait for this.
    if (sameValue(this.config, like.config) || this.#lifecycle.isClosing) return false;
    await this.reconfigure(like);
    publishAudit({ event: "credentials renewed", connector: this.name });
    return true;
  }

  async #exchange(definition: Definition, settings: Settings): Promise<void> {
    // Nothing may begin to open between the last look and the exchange.
    while (this.#lifecycle.isOpening) await this.#lifecycle.opened();
    if (definition === this.#now.definition && sameValue(settings, this.config)) return;
    const next = new Configured(definition, settings, this.#around, this.#now);
    this.#redaction.learn(secretsIn([settings.connection, settings.options]));
    try {
      await this.#prove(next, (isProven) => {
        nameMethods(this, definition, this.#now.definition);
        this.#now = next;
        this.config = settings;
        this.#credentials?.advance();
        this.#signs.reconfigured(isProven);
      });
    } catch (thrown) {
      throw next.failures.present(next.failures.ofConnecting(thrown));
    }
  }

  async #prove(next: Configured, putInForce: (isProven: boolean) => void): Promise<void> {
    const { session, isClosing } = this.#lifecycle;
    if (session === undefined || isClosing) return putInForce(false);
    const {
      connection,
      options,
      policies: { timeout: limitMs },
    } = next.settings;
    const isRenewable = next.definition === this.#now.definition && sameValue(this.config.options, options);
    if (!isRenewable || session.renew === undefined)
      return this.#lifecycle.replace(
        (signal) => openProven(this.#open(next, signal), signal),
        () => putInForce(true),
        limitMs,
      );
    const isMoved = !sameValue(this.config.connection, connection);
    if (isMoved) await this.#lifecycle.renew(async (live, signal) => live.renew?.(connection, signal), limitMs);
    putInForce(isMoved);
  }

  #warn(event: string, thrown: unknown): void {
    const detail = this.#now.failures.present(thrown).message;
    publishNotice({ connector: this.name, name: event, severity: "warning", detail });
  }
}
