/** A configuration is taken on from a connector of the same class only. */
import { ConnectorError } from "../core/errors.ts";
import { describeValue } from "../core/issues.ts";

/** `other`, which must be of the class that `connector` is of; throws `input_invalid` where it is not. */
export function sameClass<T extends { readonly name: string }>(connector: T, other: unknown): T {
  const found = other instanceof Object ? other.constructor : undefined;
  if (found === connector.constructor) return other as T;
  const what = found?.name ?? describeValue(other);
  const message = `Expected another connector of class ${connector.constructor.name}, found ${what}`;
  throw new ConnectorError("input_invalid", message, { connector: connector.name, outcome: "none" });
}
