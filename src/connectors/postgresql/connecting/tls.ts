/** TLS as the driver takes it. */
import type { ConnectionOptions } from "node:tls";
import type { Address } from "../../../contracts/sql/address.ts";

/** False is without. */
export function tlsOptions({ ssl }: Address): ConnectionOptions | false {
  if (ssl === false || ssl === "disable") return false;
  const details: Exclude<typeof ssl, boolean | string> =
    typeof ssl === "object" ? ssl : { mode: ssl === "require" ? "require" : "verify-full" };
  const { mode, key, ...rest } = details;
  return { ...rest, key: key?.reveal(), rejectUnauthorized: mode === "verify-full" };
}
