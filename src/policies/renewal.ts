/**
 * Credentials that were rotated while a connector runs.
 *
 * Where the system refuses the credentials, they are read again from where they were written, once for all who were
 * refused, and the call is sent once more if they have changed. That is no retry: a refusal had no effect, waiting would
 * not help, and neither the number of tries nor the retry budget has a say in it. A call that was refused with credentials
 * that somebody has meanwhile renewed is sent again without reading anything. What is in force meanwhile may have been
 * rotated as well, or have changed in something else only, so a second and a third refusal are treated as the first.
 */
import type { Call } from "../core/call.ts";
import { ConnectorError } from "../core/errors.ts";
import type { Next, Policy } from "../core/policy.ts";
import { mayRepeat } from "../core/repeat.ts";
import { untilCancelled } from "../core/until-cancelled.ts";

/** The credentials of one connector, as the policy sees them. */
export interface Credentials {
  /** Grows by one with every renewal. */
  readonly generation: number;
  /** Whether there are other credentials now than in generation `seen`; reads them where it must. Never rejects. */
  renew(seen: number): Promise<boolean>;
}

/** Most times that work is done again; credentials that change with every look would do it for ever. */
export const MOST_RENEWALS = 3;

export function renewal(credentials: Credentials | undefined): Policy | undefined {
  if (credentials === undefined) return undefined;
  const again = async (next: Next, call: Call, seen: number, error: unknown): Promise<unknown> => {
    const { record } = call;
    let [generation, refusal] = [seen, error];
    for (let times = 0; times < MOST_RENEWALS; times++) {
      if (!isRefusal(refusal, call) || call.cancelled !== undefined) break;
      const { stage } = record;
      record.stage = "renewing credentials";
      if (!(await untilCancelled(credentials.renew(generation), call))) {
        record.stage = stage;
        break;
      }
      generation = credentials.generation;
      try {
        return await next(call.fork());
      } catch (again) {
        refusal = again;
      }
    }
    throw refusal;
  };
  return (next) => (call) => {
    const seen = credentials.generation;
    return next(call).then(undefined, (error: unknown) => again(next, call, seen, error));
  };
}

function isRefusal(error: unknown, call: Call): boolean {
  return (
    error instanceof ConnectorError &&
    error.kind === "unauthenticated" &&
    mayRepeat(error, call.effect, "always") === "yes"
  );
}
