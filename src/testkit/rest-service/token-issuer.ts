/** The token endpoint of the service: one client, one grant, tokens that end by time or by hand. */
import { randomBytes } from "node:crypto";
import { type Answer, json, type Received } from "./answer.ts";

export interface TokenIssuerOptions {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly lifetimeMs: number;
  /** Milliseconds on a clock of its own. */
  readonly now: () => number;
}

export class TokenIssuer {
  readonly #options: TokenIssuerOptions;
  readonly #endsAt = new Map<string, number>();
  /** How many tokens were issued. */
  issued = 0;
  /** How many more token requests fail with 503, `Retry-After: 0`. */
  failures = 0;

  constructor(options: TokenIssuerOptions) {
    this.#options = options;
  }

  /** All tokens end now. */
  expireAll(): void {
    this.#endsAt.clear();
  }

  answer({ method, headers, body }: Received): Answer {
    if (method !== "POST") return json(405, { error: "invalid_request" });
    if (this.failures > 0) {
      this.failures--;
      return json(503, { error: "temporarily_unavailable" }, { "retry-after": "0" });
    }
    const form = new URLSearchParams(body);
    const { clientId, clientSecret, lifetimeMs, now } = this.#options;
    const [id, secret] = basicOf(headers.authorization) ?? [form.get("client_id"), form.get("client_secret")];
    if (id !== clientId || secret !== clientSecret)
      return json(401, { error: "invalid_client", error_description: `no client ${id} with secret ${secret}` });
    if (form.get("grant_type") !== "client_credentials") return json(400, { error: "unsupported_grant_type" });
    const token = randomBytes(24).toString("base64url");
    this.#endsAt.set(token, now() + lifetimeMs);
    this.issued++;
    const answer = { access_token: token, token_type: "Bearer", expires_in: lifetimeMs / 1000 };
    return json(200, answer, { "cache-control": "no-store" });
  }

  /** Whether an Authorization header has a token that has not ended. */
  accepts(authorization: string | undefined): boolean {
    const token = /^Bearer (.+)$/.exec(authorization ?? "")?.[1];
    const endsAt = token === undefined ? undefined : this.#endsAt.get(token);
    return endsAt !== undefined && this.#options.now() < endsAt;
  }
}

/** Name and secret of Basic credentials, form-decoded as RFC 6749 section 2.3.1 encodes them. */
export function basicOf(authorization: string | undefined): readonly [string, string] | undefined {
  const encoded = /^Basic (.+)$/.exec(authorization ?? "")?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, "base64").toString("utf8");
  const at = text.indexOf(":");
  const decode = (part: string): string => decodeURIComponent(part.replaceAll("+", " "));
  return [decode(text.slice(0, at)), decode(text.slice(at + 1))];
}
