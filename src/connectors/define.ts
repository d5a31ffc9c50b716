/**
 * From a definition to a class.
 *
 * The class parses its configuration, builds its pipeline of policies once, and sends every call through it:
 * operation → input check → policies → session → handler. One typed method per operation comes by itself.
 */
import type { z } from "zod";
import type { BaseConnector } from "../core/connector.ts";
import type { CallOptions } from "../core/call.ts";
import type { Definition } from "../core/definition.ts";
import type { Answer, Input, Operations } from "../core/operation.ts";
import type { ItemStream } from "../core/stream.ts";
import type { PolicySettingsInput } from "../policies/pipeline.ts";
import { checkDefinition, NAMED_ONLY } from "./check-definition.ts";
import type { ConnectorEnvironment } from "./connector-environment.ts";
import { DefinedConnector } from "./defined.ts";

/** One method per operation, with its parameters and its answer; none for `execute` and `describe`, which every connector has. */
export type Methods<Ops extends Operations> = {
  readonly [K in Exclude<keyof Ops & string, (typeof NAMED_ONLY)[number]>]: (
    ...args: {} extends Input<Ops[K]>
      ? [params?: Input<Ops[K]>, options?: CallOptions]
      : [params: Input<Ops[K]>, options?: CallOptions]
  ) => Ops[K]["stream"] extends true ? ItemStream<Answer<Ops[K]>> : Promise<Answer<Ops[K]>>;
};

/** The fields of an object; zod says of one without fields that every name is wrong, which would spoil an intersection. */
type Fields<S extends z.ZodObject> = keyof S["shape"] extends never ? {} : z.input<S>;

/** What a constructor takes: connection, own options and policy settings in one flat object. */
export type FlatConfig<C extends z.ZodObject, O extends z.ZodObject> = Fields<C> & Fields<O> & PolicySettingsInput;

/** A connector's class, as `defineConnector` makes it; `definition` is the value that it was made of. */
export interface ConnectorClass<C extends z.ZodObject, O extends z.ZodObject, Ops extends Operations> {
  new (config: FlatConfig<C, O>, environment?: ConnectorEnvironment): DefinedConnector<Ops> & Methods<Ops>;
  readonly definition: Definition<C, O, Ops>;
}

/**
 * Makes a connector class of a definition. Throws `config_invalid` at once where the definition cannot work: a reserved or
 * malformed operation name, a setting that two of connection, options and policies claim.
 */
export function defineConnector<
  C extends z.ZodObject,
  const Ops extends Operations,
  O extends z.ZodObject = z.ZodObject<{}>,
>(definition: Definition<C, O, Ops>): ConnectorClass<C, O, Ops> {
  checkDefinition(definition);
  class Defined extends DefinedConnector<Ops> {
    static readonly definition = definition;

    constructor(config: unknown, environment?: ConnectorEnvironment) {
      // The author's precise types end here; inside, operations are looked up by name.
      super(definition, (config ?? {}) as Record<string, unknown>, environment);
    }
  }
  for (const [name, operation] of Object.entries(definition.operations)) {
    if (NAMED_ONLY.some((each) => each === name)) continue;
    const method = operation.stream
      ? function (this: Defined, params: never, options?: CallOptions) {
          return this.stream(name as never, params, options);
        }
      : function (this: Defined, params: never, options?: CallOptions) {
          return this.execute(name as never, params, options);
        };
    Object.defineProperty(Defined.prototype, name, { value: method, writable: true, configurable: true });
  }
  return Defined as unknown as ConnectorClass<C, O, Ops>;
}

/** Whether a class came from `defineConnector`. */
export function isConnectorClass(value: unknown): value is ConnectorClass<z.ZodObject, z.ZodObject, Operations> {
  return typeof value === "function" && value.prototype instanceof DefinedConnector;
}

/** Whether something is a class of connector at all, also one written by hand. */
export type AnyConnectorClass = new (config: never) => BaseConnector;
