/** What a status means (RFC 9110 section 15): the one table from HTTP to kinds. */
import type { Kind, Outcome } from "../../core/errors.ts";

export interface StatusFacts {
  readonly kind: Kind;
  /** Where the status says more of the effect than the kind. */
  readonly outcome?: Outcome;
  readonly hint?: string;
}

const CREDENTIALS = "Check the credentials in `auth` or `apiKey`, and whether they are for this API.";

const STATUSES: Readonly<Record<number, StatusFacts>> = {
  400: { kind: "input_invalid" },
  401: { kind: "unauthenticated", hint: CREDENTIALS },
  402: { kind: "permission_denied" },
  403: { kind: "permission_denied" },
  404: { kind: "not_found" },
  405: { kind: "unsupported" },
  406: { kind: "unsupported" },
  407: { kind: "unauthenticated" },
  408: { kind: "timeout" },
  409: { kind: "conflict" },
  410: { kind: "not_found" },
  412: { kind: "conflict" },
  413: { kind: "too_large", outcome: "none" },
  414: { kind: "too_large", outcome: "none" },
  415: { kind: "unsupported" },
  421: { kind: "unavailable", outcome: "none" },
  422: { kind: "input_invalid" },
  423: { kind: "conflict" },
  425: { kind: "rate_limited" },
  426: { kind: "unsupported" },
  428: { kind: "conflict", hint: "The API wants a precondition; send an `If-Match` header." },
  429: { kind: "rate_limited" },
  431: { kind: "too_large", outcome: "none" },
  451: { kind: "permission_denied" },
  501: { kind: "unsupported" },
  505: { kind: "unsupported" },
};

/** The facts of a status that tells of a failure. */
export function factsOfStatus(status: number): StatusFacts {
  const facts = STATUSES[status];
  if (facts !== undefined) return facts;
  // A gateway may have passed the request on before it gave up, so a 5xx leaves the effect open (the kind says so).
  if (status >= 500) return { kind: "unavailable" };
  // A 3xx that ends here could not be followed.
  return { kind: status >= 400 ? "input_invalid" : "unsupported" };
}
