/**
 * A class written by hand, as its users know it, with the hub's connector in front.
 *
 * `hub.get(name, LegacyConnector)` answers with this: `connect`, `disconnect`, `execute`, `healthCheck` and `isConnected` (and
 * `stream` and `call` where the class has them from `BaseConnector`) go through the policies; whatever else the class has is the
 * instance's own and runs on it directly, without policies and without connecting first. `instanceof` holds. The instance
 * itself is not reachable, so that printing the façade never prints what the class keeps of its configuration.
 */
import type { DefinedConnector } from "../connectors/defined.ts";
import { BaseConnector } from "../core/connector.ts";
import type { Connectable } from "./adopt.ts";

const THROUGH = ["connect", "disconnect", "execute", "healthCheck", "isConnected"];
const WITH_BASE = ["stream", "call"];
/** Shown instead of the instance's own, which could tell its configuration. */
const SHOWN = ["toString", "toJSON", Symbol.for("nodejs.util.inspect.custom")] as const;

/**
 * An instance with `connector` in front of it.
 *
 * @param instance is asked for at each use: another configuration makes another instance of the same class.
 */
export function facadeOf(instance: () => Connectable, connector: DefinedConnector): object {
  const first = instance();
  const through = new Set<PropertyKey>([...THROUGH, ...(first instanceof BaseConnector ? WITH_BASE : [])]);
  const shown = new Set<PropertyKey>(SHOWN);
  const methods = new WeakMap<object, Map<PropertyKey, unknown>>();
  const label = `${connector.name} (${first.constructor.name})`;
  const show = (): string => label;

  const boundTo = (target: object): Map<PropertyKey, unknown> => {
    const bound = methods.get(target) ?? new Map<PropertyKey, unknown>();
    methods.set(target, bound);
    return bound;
  };
  const own = (target: object, key: PropertyKey): unknown => {
    const value: unknown = Reflect.get(target, key, target);
    if (typeof value !== "function" || key === "constructor") return value;
    const bound = boundTo(target);
    const known = bound.get(key);
    if (known !== undefined) return known;
    const method: unknown = value.bind(target);
    bound.set(key, method);
    return method;
  };

  return new Proxy(
    {},
    {
      get: (_, key) => (shown.has(key) ? show : own(through.has(key) ? connector : instance(), key)),
      set: (_, key, value) => {
        const target = instance();
        boundTo(target).delete(key);
        return Reflect.set(target, key, value, target);
      },
      has: (_, key) => key in instance() || through.has(key),
      getPrototypeOf: () => Object.getPrototypeOf(instance()) as object | null,
    },
  );
}
