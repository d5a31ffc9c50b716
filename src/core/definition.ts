/** What the author of a connector writes: a value, from which the class, the docs, the schemas and the surfaces derive. */
import type { z } from "zod";
import type { Call } from "./call.ts";
import type { Classification } from "./classify.ts";
import type { Clock } from "./clock.ts";
import type { ConnectorType } from "./connector-type.ts";
import type { Severity } from "./events.ts";
import type { Degraded } from "./health.ts";
import type { Answer, Operation, Operations, Parsed } from "./operation.ts";
import type { Server } from "./record.ts";
import type { Secret } from "./secret.ts";
import type { Batches } from "./stream.ts";

export { CONNECTOR_TYPES, type ConnectorType } from "./connector-type.ts";

/**
 * Carries out one operation. `call.signal` (or `call.onCancel`) tells when to stop; what a handler throws is mapped by
 * the definition's `classify`.
 */
export type Handler<Op extends Operation> = (
  input: Parsed<Op>,
  call: Call,
) => Op["stream"] extends true ? AsyncIterable<Answer<Op>> | Batches<Answer<Op>> : Promise<Answer<Op>>;

/** One handler for each operation. */
export type Handlers<Ops extends Operations> = { readonly [K in keyof Ops]: Handler<Ops[K]> };

/** The live resources behind a connected connector. */
export interface Session<Ops extends Operations = Operations> {
  readonly handlers: Handlers<Ops>;
  /**
   * The same operations, carried out so that the *system* refuses any write (a READ ONLY transaction). An operation of
   * effect `unknown` is repeated after an unknown outcome only where it stands here.
   */
  readonly readOnlyHandlers?: { readonly [K in keyof Ops]?: Handler<Ops[K]> };
  /** Asks the system for a sign of life; throws when it is down. Must not disturb running calls. */
  ping(signal: AbortSignal): Promise<void | Degraded>;
  /**
   * Takes on another `connection` (a rotated password, a moved host) without a pause: proves it, then uses it for whatever
   * is opened from now on, while running calls finish on what they have. Throws, and stays as it was, where it does not
   * work. Without it a whole session is opened beside this one, and takes its place.
   */
  renew?(connection: Readonly<Record<string, unknown>>, signal: AbortSignal): Promise<void>;
  /** Ends everything; running calls have been drained or cancelled before. */
  close(): Promise<void>;
}

/** What a connector is given beside its configuration. */
export interface Environment {
  /** The connector's name in the configuration. */
  readonly name: string;
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  random(): number;
  /** Aborted when the connector is disconnected while it opens. */
  readonly signal: AbortSignal;
  /** Names a credential that was got at run time, a token for instance: it is taken out of errors as configured ones are. */
  conceal(secret: Secret): void;
  /** Tells subscribers of something worth knowing: a lost connection, a refreshed token. Never with a secret; `info` by default. */
  notify(event: string, detail?: unknown, about?: { readonly severity?: Severity }): void;
}

/** What a connector is opened with, as parsed. */
export interface Config<C extends z.ZodObject, O extends z.ZodObject> {
  readonly connection: z.output<C>;
  readonly options: z.output<O>;
}

/** A connector as its author writes it; `defineConnector` makes a class of it. */
export interface Definition<
  C extends z.ZodObject = z.ZodObject,
  O extends z.ZodObject = z.ZodObject,
  Ops extends Operations = Operations,
> {
  /** The name by which YAML picks the class; lower case, digits, dashes. */
  readonly provider: string;
  readonly type: ConnectorType;
  /** The system's proper name: "PostgreSQL". */
  readonly title: string;
  readonly summary: string;
  /** Where and as whom; a `z.strictObject`. */
  readonly connection: C;
  /** The connector's own settings; the policies' come by themselves. A `z.strictObject`. */
  readonly options?: O;
  readonly operations: Ops;
  /** Where the system is that a `connection` names; for traces and metrics. */
  server?(this: void, connection: z.output<C>): Server | undefined;
  open(this: void, config: Config<C, O>, env: Environment): Promise<Session<Ops>>;
  /** Maps the driver's errors to kinds; `undefined` where it does not know. */
  classify(this: void, error: unknown): Classification | undefined;
}
