/** Where a renewed token comes from: a token endpoint, or a function of the user's. */
import { toConnectorError, type Classification } from "../../core/classify.ts";
import type { Clock } from "../../core/clock.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Auth, OAuth2, TokenFunction } from "./auth.ts";
import { tokenOf, tokenRequest } from "./client-credentials.ts";
import { headerProblem } from "./header-fields.ts";
import { signalScope } from "./scope.ts";
import type { LeaseSettings } from "./token-lease.ts";
import type { Wire } from "./wire.ts";

export interface TokenSourceSettings {
  readonly wire: Wire;
  readonly clock: Clock;
  readonly userAgent: string;
  readonly classify: (error: unknown) => Classification | undefined;
}

type Source = LeaseSettings["source"];

/** The source of a scheme whose tokens are renewed; `undefined` for the others. Its errors have no effect on the API. */
export function tokenSource(auth: Auth | undefined, settings: TokenSourceSettings): Source | undefined {
  let get: Source;
  if (auth?.scheme === "oauth2") get = fromEndpoint(auth, settings);
  else if (auth?.scheme === "custom") get = fromFunction(auth.token, settings.clock);
  else return undefined;
  return async (signal) => {
    try {
      return await get(signal);
    } catch (thrown) {
      const { kind, message, hint, retryAfterMs, status, code } = toConnectorError(thrown, settings.classify);
      const facts = { hint, retryAfterMs, status, code, outcome: "none", cause: thrown } as const;
      throw new ConnectorError(kind, `Failed to get a token: ${message}`, facts);
    }
  };
}

function fromEndpoint(auth: OAuth2, { wire, clock, userAgent }: TokenSourceSettings): Source {
  return async (signal) => {
    const { url, headers, form } = tokenRequest(auth);
    const request = {
      origin: url.origin,
      target: `${url.pathname}${url.search}`,
      method: "POST",
      headers: ["user-agent", userAgent, ...headers],
      body: form,
    };
    // A token is short: what is cut off here was none.
    const answer = await wire(request, { scope: signalScope(signal), isForStatus: true });
    return tokenOf(answer, auth, clock.wall());
  };
}

function fromFunction(get: TokenFunction, clock: Clock): Source {
  return async (signal) => {
    const { token, expiresAt } = await get(signal);
    if (typeof token !== "string" || token === "" || headerProblem("x", token) !== undefined)
      throw new ConnectorError("unauthenticated", "the token function answered without a usable token");
    const lifetimeMs = Number(expiresAt ?? NaN) - clock.wall();
    return { value: token, lifetimeMs: Number.isNaN(lifetimeMs) ? undefined : lifetimeMs };
  };
}
