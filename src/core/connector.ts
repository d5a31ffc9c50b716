/** The public contract of every connector: four methods, a state, and what derives from operations. */
import type { CallOptions } from "./call.ts";
import { systemClock } from "./clock.ts";
import { ConnectorError } from "./errors.ts";
import type { Health } from "./health.ts";
import type { Answer, Input, Operations, Plain, Streaming } from "./operation.ts";
import type { CallMeta } from "./record.ts";
import type { ItemStream } from "./stream.ts";

/** An answer with what is known of how it came about. */
export interface AnswerWithMeta<T> {
  readonly data: T;
  readonly meta: CallMeta;
}

/**
 * What `defineConnector` builds on, and what a connector written by hand extends by overriding the four methods
 * `connect`, `disconnect`, `execute` and `healthCheck`.
 */
export abstract class BaseConnector<Ops extends Operations = Operations> {
  protected readonly config: unknown;

  constructor(config?: unknown) {
    this.config = config;
  }

  get isConnected(): boolean {
    return false;
  }

  /** Opens what the calls need. Idempotent and single-flight: callers at the same time share one attempt. */
  async connect(): Promise<void> {
    throw missing("connect");
  }

  /** Refuses new calls, lets running ones finish, then closes. May be called twice. */
  async disconnect(): Promise<void> {
    throw missing("disconnect");
  }

  /** Carries out one operation. Throws a `ConnectorError`. */
  async execute<K extends Plain<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): Promise<Answer<Ops[K]>> {
    void [operation, params, options];
    throw missing("execute");
  }

  /** Asks the system whether it is well. Never throws. */
  async healthCheck(): Promise<Health> {
    throw missing("healthCheck");
  }

  /** As `execute`, for operations that answer with many items; starts when it is first read. */
  stream<K extends Streaming<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): ItemStream<Answer<Ops[K]>> {
    void [operation, params, options];
    throw new ConnectorError("unsupported", `Operation does not answer with a stream: ${operation}`);
  }

  /** As `execute`, and tells how the answer came about: tries, waits, columns, status. */
  async call<K extends Plain<Ops>>(
    operation: K,
    params?: Input<Ops[K]>,
    options?: CallOptions,
  ): Promise<AnswerWithMeta<Answer<Ops[K]>>> {
    const startedAt = systemClock.now();
    const data = await this.execute(operation, params, options);
    const traceId = crypto.randomUUID().replaceAll("-", "");
    return { data, meta: { attempts: 1, waitMs: 0, durationMs: systemClock.now() - startedAt, traceId } };
  }
}

function missing(method: string): ConnectorError {
  return new ConnectorError("unsupported", `${method}() must be implemented by the subclass`);
}
