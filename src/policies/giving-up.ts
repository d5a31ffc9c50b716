/** The error of a call that is not repeated any more: it is marked exhausted, so that nobody outside multiplies the tries. */
import { ConnectorError } from "../core/errors.ts";

/** Where a policy of our own refused a further try, it was the failure before that ended the call. */
export function explained(error: ConnectorError, failure: ConnectorError | undefined, tries: number): ConnectorError {
  if (failure === undefined || failure === error || error.by === undefined) return error;
  return givenUp(failure, tries, `; ${error.message[0]!.toLowerCase()}${error.message.slice(1)}`, error.retryAfterMs);
}

/** The wait before a further try is not begun; `refusal` is what asks for it. */
export function tooLate(error: ConnectorError, refusal: ConnectorError, waitMs: number, tries: number): ConnectorError {
  const who = refusal.retryAfterMs === undefined ? "next try" : (refusal.by ?? "system");
  const why = `; the ${who} asks for a wait of ${Math.ceil(waitMs)} ms, which would outlast the call's timeout`;
  return givenUp(error, tries, why, refusal.retryAfterMs ?? waitMs);
}

/** @param why there is no further try, where it is not that they are used up. */
export function givenUp(error: ConnectorError, tries: number, why = "", waitMs = error.retryAfterMs): ConnectorError {
  // No try was made: the refusal of a policy says all.
  if (tries === 0) return error;
  const { kind, hint, outcome, status, code } = error;
  const details = { hint, outcome, status, code, retryAfterMs: waitMs, attempts: tries, by: "retry", cause: error };
  const message = `Operation failed after ${tries} ${tries === 1 ? "attempt" : "attempts"}: ${error.message}${why}`;
  return new ConnectorError(kind, message, { ...details, exhausted: true });
}
