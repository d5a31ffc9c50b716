/** TLS as the driver takes it. */
import { createSecureContext, type ConnectionOptions } from "node:tls";
import { ConnectorError } from "../../../core/errors.ts";
import type { Address } from "../../../contracts/sql/address.ts";

/** False is without. */
export function tlsOptions({ ssl }: Pick<Address, "ssl">): ConnectionOptions | false {
  if (ssl === false || ssl === "disable") return false;
  const details: Exclude<typeof ssl, boolean | string> =
    typeof ssl === "object" ? ssl : { mode: ssl === "require" ? "require" : "verify-full" };
  const { mode, ca, cert, key, passphrase, servername } = details;
  const rejectUnauthorized = mode === "verify-full";
  try {
    const secureContext = createSecureContext({ ca, cert, key: key?.reveal(), passphrase: passphrase?.reveal() });
    return { secureContext, rejectUnauthorized, ...(servername === undefined ? {} : { servername }) };
  } catch (error) {
    throw new ConnectorError("config_invalid", "ca, cert, key and passphrase in ssl do not fit together as PEM text", {
      outcome: "none",
      cause: error,
    });
  }
}
