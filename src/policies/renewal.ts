/**
 * Credentials that were rotated while a connector runs.
 *
 * Where the system refuses the credentials, they are read again from where they were written, once for all who were
 * refused, and the call is sent once more if they have changed. That is no retry: a refusal had no effect, waiting would
 * not help, and neither the number of tries nor the retry budget has a say in it. A call that was refused with credentials
 * that somebody has meanwhile renewed is sent again without reading anything.
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

export function renewal(credentials: Credentials | undefined): Policy | undefined {
  if (credentials === undefined) return undefined;
  const again = async (next: Next, call: Call, seen: number, error: unknown): Promise<unknown> => {
    if (!isRefusal(error, call) || call.cancelled !== undefined) throw error;
    const { stage } = call.record;
    call.record.stage = "renewing credentials";
    const isRenewed = await untilCancelled(credentials.renew(seen), call);
    if (isRenewed) return next(call.fork());
    call.record.stage = stage;
    throw error;
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
