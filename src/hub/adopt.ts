/**
 * Takes in a connector that was written by hand: any class with `connect`, `disconnect`, `execute` and `healthCheck`.
 *
 * The class is given a definition of its own, so that its calls take the same way as everybody's: policies, records, lifecycle,
 * health, redaction. Nobody says what its operations do, so each counts as an unsafe write, is never repeated after an unknown
 * outcome, and takes any parameters; a class (or instance) that declares `operations` is taken at its word. The instance is
 * made when the hub opens and keeps for the hub's life; it is connected on first use, and again where it says that it is not.
 */
import { z } from "zod";
import { ConnectorError } from "../core/errors.ts";
import type { Call, CallOptions } from "../core/call.ts";
import type { ConnectorType, Definition, Session } from "../core/definition.ts";
import type { Degraded } from "../core/health.ts";
import { write, type Operation, type Operations } from "../core/operation.ts";

/** What a class written by hand must offer. Its own types of operations and parameters are its own affair. */
export interface Connectable {
  connect(): unknown;
  disconnect(): unknown;
  execute(...parameters: never): unknown;
  healthCheck(): unknown;
}

/** The same as the hub calls it, and what such a class may have beside the four methods. */
interface ByHand {
  connect(): unknown;
  disconnect(): unknown;
  execute(operation: string, params: unknown, options: CallOptions): unknown;
  healthCheck(): unknown;
  stream?(operation: string, params: unknown, options: CallOptions): unknown;
  readonly isConnected?: unknown;
  readonly operations?: unknown;
}

const METHODS = ["connect", "disconnect", "execute", "healthCheck"] as const;

export interface ByHandFacts {
  readonly provider: string;
  readonly title: string;
  readonly type: ConnectorType;
  /** Names that stand under `connection` and under `options`. */
  readonly connection: readonly string[];
  readonly options: readonly string[];
}

/** The definition of a class written by hand; `instance` is asked for when the session opens. */
export function definitionByHand(facts: ByHandFacts, declared: unknown, instance: () => Connectable): Definition {
  const { provider, title, type } = facts;
  const anything = (names: readonly string[]): z.ZodObject =>
    z.strictObject(Object.fromEntries(names.map((name) => [name, z.unknown()])));
  const operations = isOperations(declared) ? declared : anyOperation;
  return {
    provider,
    type,
    title,
    summary: "A connector written by hand.",
    connection: anything(facts.connection),
    options: anything(facts.options),
    operations,
    open: () => openByHand(instance(), operations),
    classify: () => undefined,
  };
}

/** Makes an instance of the class; throws `config_invalid` where the class does not allow it or lacks a method. */
export function constructByHand(
  type: new (config: never) => Connectable,
  flat: Readonly<Record<string, unknown>>,
): Connectable {
  let instance: Connectable;
  try {
    instance = new type(flat as never);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConnectorError("config_invalid", `${type.name} cannot be made: ${reason}`, { outcome: "none", cause });
  }
  const lacks = METHODS.filter((method) => typeof instance[method] !== "function");
  if (lacks.length === 0) return instance;
  const names = lacks.map((method) => `${method}()`).join(", ");
  throw new ConnectorError("config_invalid", `${type.name} is no connector: it has no ${names}`, { outcome: "none" });
}

async function openByHand(instance: ByHand, operations: Operations): Promise<Session> {
  await instance.connect();
  // A class that never says that it is connected cannot tell that it no longer is.
  const says = (): unknown => instance.isConnected;
  const tells = says() === true;
  let again: Promise<unknown> | undefined;
  const reconnected = async (): Promise<void> => {
    if (!tells || says() !== false) return;
    again ??= Promise.resolve(instance.connect()).finally(() => (again = undefined));
    await again;
  };
  const run = async (name: string, params: unknown, call: Call): Promise<unknown> => {
    await reconnected();
    call.throwIfCancelled();
    return instance.execute(name, params, optionsOf(call));
  };
  const handlers = new Proxy<Record<string, unknown>>(
    {},
    {
      get: (_, name: string) => (params: unknown, call: Call) =>
        operations[name]?.stream === true
          ? streamed(instance, name, params, reconnected, call)
          : run(name, params, call),
    },
  );
  return {
    handlers: handlers as Session["handlers"],
    ping: async () => {
      await reconnected();
      return ping(instance);
    },
    close: async () => void (await instance.disconnect()),
  };
}

async function* streamed(
  instance: ByHand,
  name: string,
  params: unknown,
  ready: () => Promise<void>,
  call: Call,
): AsyncGenerator {
  await ready();
  yield* instance.stream!(name, params, optionsOf(call)) as AsyncIterable<unknown>;
}

/** What a handwritten `execute` may want to know; the signal is made when it is read. */
function optionsOf(call: Call): CallOptions {
  return {
    get signal() {
      return call.signal;
    },
    // Only where it means something: whoever passes its options on would be refused otherwise.
    get idempotencyKey() {
      return call.effect === "keyed" ? call.idempotencyKey : undefined;
    },
  };
}

async function ping(instance: ByHand): Promise<void | Degraded> {
  const health = ((await instance.healthCheck()) ?? {}) as Record<string, unknown>;
  const { status, connected, error } = health;
  const state = typeof status === "string" ? status : "not connected";
  const reason = typeof error === "string" ? error : `it says that it is ${state}`;
  if (status === "unhealthy" || connected === false) throw new ConnectorError("unavailable", reason);
  if (status === "degraded") return { degraded: reason };
}

function isOperations(value: unknown): value is Operations {
  if (typeof value !== "object" || value === null) return false;
  return Object.values(value).every((each) => typeof each === "object" && each !== null && "effect" in each);
}

const anything: Operation = write("An operation of a connector written by hand.", z.unknown(), z.unknown());

/** Has an operation of every name, and lists none. */
const anyOperation: Operations = new Proxy<Record<string, Operation>>(
  {},
  {
    get: () => anything,
    has: () => true,
    getOwnPropertyDescriptor: () => ({ value: anything, configurable: true, enumerable: false, writable: false }),
  },
);
