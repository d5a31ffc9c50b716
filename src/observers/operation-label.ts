/**
 * The operation as a label, of which there is never an unlimited number.
 *
 * A caller can ask for any name at all; names that no connector knows, and those beyond a limit, share one label.
 */
import type { CallRecord } from "../core/record.ts";

/** Stands for every operation without a label of its own. */
const OTHER = "_OTHER";

/** Most operations of one connector with a label of their own. */
const MOST = 200;

/** A function that answers with a call's label. */
export function operationLabels(): (call: CallRecord) => string {
  const known = new Map<string, Set<string>>();
  return (call) => {
    const { connector, operation } = call;
    let names = known.get(connector);
    if (names?.has(operation) === true) return operation;
    if (names === undefined) known.set(connector, (names = new Set()));
    if (isUnknown(call) || names.size >= MOST) return OTHER;
    names.add(operation);
    return operation;
  };
}

/** Refused before it was looked at what it is, or because there is none. */
function isUnknown({ attempts, result }: CallRecord): boolean {
  return attempts === 0 && (result === "unsupported" || result === "not_connected");
}
