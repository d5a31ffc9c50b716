/**
 * TLS of the API's host, and of every other host that a call may come to.
 *
 * What proves who we are, and a check that is switched off, are for the API's host alone: a redirect or a token endpoint
 * elsewhere learns of nothing but the private authority, and trusts it beside the public ones.
 */
import { createSecureContext, rootCertificates } from "node:tls";
import type { z } from "zod";
import type { tlsDetails } from "../../config/fields.ts";
import { ConnectorError } from "../../core/errors.ts";

export interface TLSOptions {
  readonly secureContext?: ReturnType<typeof createSecureContext>;
  readonly servername?: string;
  readonly rejectUnauthorized?: boolean;
}

export function tlsOptions(settings: z.output<typeof tlsDetails> | undefined): Record<"own" | "others", TLSOptions> {
  if (settings === undefined) return { own: {}, others: {} };
  const { mode, ca, cert, key, passphrase, servername } = settings;
  try {
    // Made once: certificates are not read again for every connection.
    const secureContext = createSecureContext({ ca, cert, key: key?.reveal(), passphrase: passphrase?.reveal() });
    const others = ca === undefined ? {} : { secureContext: createSecureContext({ ca: [...rootCertificates, ca] }) };
    const own = { secureContext, rejectUnauthorized: mode !== "require" };
    return { own: servername === undefined ? own : { ...own, servername }, others };
  } catch (error) {
    throw new ConnectorError("config_invalid", "ca, cert or key in tls is not PEM text that fits together", {
      outcome: "none",
      cause: error,
    });
  }
}
