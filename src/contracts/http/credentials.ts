/** Credentials that do not change, as they are written into a request. */
import { Buffer } from "node:buffer";
import { Secret } from "../../core/secret.ts";
import type { Auth } from "./auth.ts";

export interface Credential {
  readonly in: "header" | "query";
  readonly name: string;
  readonly value: Secret;
}

/** What the plain `apiKey` or a scheme without renewal sends; `undefined` for no credentials or renewed ones. */
export function credentialOf(apiKey: Secret | undefined, auth: Auth | undefined): Credential | undefined {
  if (apiKey !== undefined) return authorization(`Bearer ${apiKey.reveal()}`);
  switch (auth?.scheme) {
    case "bearer":
      return authorization(`Bearer ${auth.token.reveal()}`);
    case "basic":
      return authorization(basicOf(auth.username, auth.password.reveal()));
    case "apiKey": {
      const prefix = auth.prefix === undefined ? "" : `${auth.prefix} `;
      return { in: auth.in, name: auth.name, value: new Secret(`${prefix}${auth.key.reveal()}`) };
    }
    case "none":
    case "oauth2":
    case "custom":
    case undefined:
      return undefined;
  }
}

/** The value of a Basic Authorization header (RFC 7617), the user's name and password as UTF-8. */
export function basicOf(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function authorization(value: string): Credential {
  return { in: "header", name: "authorization", value: new Secret(value) };
}
