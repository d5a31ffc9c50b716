/**
 * The client credentials grant (RFC 6749 section 4.4): name and secret for a token.
 *
 * Answers of real servers are read leniently: `expires_in` as text, `scope: null`, any content type, any word for the
 * token's type. What a server says of a refusal is shown, because only it tells a wrong secret from a wrong scope; the
 * secrets are taken out first.
 */
import { type Buffer } from "node:buffer";
import { ConnectorError } from "../../core/errors.ts";
import { redactor, Secret } from "../../core/secret.ts";
import type { OAuth2 } from "./auth.ts";
import { basicOf } from "./credentials.ts";
import { headerOf, headerProblem, type AnswerHeaders } from "./header-fields.ts";
import { retryAfterMs } from "./retry-after.ts";
import { oneLine } from "./safe-words.ts";
import { factsOfStatus } from "./status-kind.ts";
import type { Token } from "./token-lease.ts";
import type { WireAnswer } from "./wire.ts";

export interface TokenRequest {
  readonly url: URL;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly form: string;
}

/** The request that asks for a token. */
export function tokenRequest({
  tokenURL,
  clientId,
  clientSecret,
  clientAuth,
  scope,
  parameters,
}: OAuth2): TokenRequest {
  const form = new URLSearchParams({ ...parameters, grant_type: "client_credentials" });
  if (scope !== undefined) form.set("scope", scope);
  const headers = ["content-type", "application/x-www-form-urlencoded", "accept", "application/json"];
  if (clientAuth === "post") {
    form.set("client_id", clientId);
    form.set("client_secret", clientSecret.reveal());
  } else {
    // Section 2.3.1 asks for this encoding inside; for most names and secrets it changes nothing.
    headers.push("authorization", basicOf(formEncoded(clientId), formEncoded(clientSecret.reveal())));
  }
  return { url: new URL(tokenURL), headers, form: form.toString() };
}

/** The token of an answer. Throws a `ConnectorError` without effect: nothing was asked of the API yet. */
export function tokenOf({ status, headers, body }: WireAnswer, settings: OAuth2, wallMs: number): Token {
  const fields = fieldsOf(body);
  if (status < 200 || status > 299) throw refused(status, headers, fields, settings, wallMs);
  const { access_token: value, expires_in: expiresIn } = fields;
  if (typeof value !== "string" || value === "" || headerProblem("x", value) !== undefined)
    throw new ConnectorError("unavailable", "The token endpoint answered without a usable access_token", {
      outcome: "none",
      status,
    });
  const seconds = typeof expiresIn === "string" && expiresIn.trim() !== "" ? Number(expiresIn) : expiresIn;
  const isLifetime = typeof seconds === "number" && Number.isFinite(seconds) && seconds > 0;
  return { value, lifetimeMs: isLifetime ? seconds * 1000 : undefined };
}

function fieldsOf(body: Buffer): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(body.toString("utf8").replace(/^\ufeff/, ""));
    return typeof parsed === "object" && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

function refused(
  status: number,
  headers: AnswerHeaders,
  fields: Readonly<Record<string, unknown>>,
  { clientId, clientSecret }: OAuth2,
  wallMs: number,
): ConnectorError {
  const secret = clientSecret.reveal();
  const basic = [basicOf(clientId, secret), basicOf(formEncoded(clientId), formEncoded(secret))];
  const redact = redactor([clientSecret, ...basic.map((text) => new Secret(text.slice("Basic ".length)))]);
  const words = [fields["error"], fields["error_description"]].flatMap((word) =>
    typeof word === "string" && word !== "" ? [oneLine(redact(word))] : [],
  );
  const { kind } = factsOfStatus(status);
  // The endpoint exists to judge credentials: whatever else it does not like about the request is part of them.
  const isJudgement = kind !== "unavailable" && kind !== "rate_limited" && kind !== "timeout";
  const said = words.length === 0 ? "" : `: ${words.join(", ")}`;
  return new ConnectorError(isJudgement ? "unauthenticated" : kind, `The token endpoint answered ${status}${said}`, {
    outcome: "none",
    status,
    hint: isJudgement ? "Check clientId, clientSecret, scope and tokenURL in `auth`." : undefined,
    retryAfterMs: retryAfterMs(headerOf(headers, "retry-after"), { date: headerOf(headers, "date"), wallMs }),
  });
}

function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}
