/** What HTTP promises of its methods (RFC 9110 section 9.2): safe ones change nothing, idempotent ones may be sent twice. */
import type { Effect } from "../../core/operation.ts";

const EFFECTS: Readonly<Record<string, Effect>> = {
  GET: "read",
  HEAD: "read",
  OPTIONS: "read",
  PUT: "idempotent",
  DELETE: "idempotent",
};

/** The effect of a method; `unsafe` where HTTP promises nothing. */
export function effectOfMethod(method: string): Effect {
  return EFFECTS[method] ?? "unsafe";
}
