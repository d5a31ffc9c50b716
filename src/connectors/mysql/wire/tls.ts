/**
 * TLS as Node does it for everybody. The driver's own checks the certificate against the name `localhost` where the host is
 * an address, and knows no other name than the host's.
 */
import { isIP, type Socket } from "node:net";
import { connect } from "node:tls";
import type { Address } from "../../../contracts/sql/address.ts";

/** What of a connection of the driver TLS takes. */
interface Carrier {
  stream: Socket;
  readonly packetParser: { execute(data: Buffer): void };
}

type Details = Exclude<Address["ssl"], boolean | string>;

export function tlsDetails(ssl: Address["ssl"]): Details | undefined {
  if (ssl === false || ssl === "disable") return undefined;
  return typeof ssl === "object" ? ssl : { mode: ssl === "require" ? "require" : "verify-full" };
}

/** Goes on through TLS; `onLost` hears of a handshake that fails, with what Node says of it. */
export function startTls(
  client: Carrier,
  {
    host,
    details,
    onLost,
  }: { readonly host: string; readonly details: Details; readonly onLost: (error?: Error) => void },
  onSecure: () => void,
): void {
  const { mode, key, passphrase, servername = host, ...rest } = details;
  const plain = client.stream;
  plain.removeAllListeners("data");
  const secure = connect({
    ...{ ...rest, host: servername, key: key?.reveal(), passphrase: passphrase?.reveal(), socket: plain },
    ...(isIP(servername) === 0 && !servername.startsWith("/") ? { servername } : {}),
    rejectUnauthorized: mode === "verify-full",
  });
  secure.once("secureConnect", onSecure);
  secure.on("error", onLost);
  secure.on("close", () => onLost());
  secure.on("data", (data: Buffer) => client.packetParser.execute(data));
  client.stream = secure;
}
