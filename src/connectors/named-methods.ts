/** Methods for operations that a configuration adds; those of the class itself are on its prototype. */
import type { CallOptions } from "../core/call.ts";
import type { Definition } from "../core/definition.ts";
import { methodName } from "../core/method-name.ts";

interface Callable {
  execute(operation: never, params?: never, options?: CallOptions): unknown;
  stream(operation: never, params?: never, options?: CallOptions): unknown;
}

/** Gives a connector the methods of its definition, and takes those of the one before away. */
export function nameMethods(connector: Callable, definition: Definition, before?: Definition): void {
  for (const name of addedBy(before)) Reflect.deleteProperty(connector, methodName(name));
  for (const name of addedBy(definition)) {
    const how = definition.operations[name]!.stream ? "stream" : "execute";
    const value = (params: never, options?: CallOptions): unknown => connector[how](name as never, params, options);
    Object.defineProperty(connector, methodName(name), { value, writable: true, configurable: true });
  }
}

function addedBy(definition: Definition | undefined): string[] {
  return Object.entries(definition?.operations ?? {}).flatMap(([name, { via }]) => (via === undefined ? [] : [name]));
}
