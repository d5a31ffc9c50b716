/**
 * What the server has to prove while it lets us in.
 *
 * With SCRAM both sides prove that they know the password, and neither shows it. With channel binding (RFC 5802, RFC 5929
 * `tls-server-end-point`) the proof covers the server's certificate as well: whoever ends TLS in between cannot pass it on,
 * even where the certificate itself is not checked. A server that asks for less is believed only where less will do.
 *
 * Certificates that are signed with Ed25519 or Ed448 have no hash that both sides agree upon, and servers fail over them. Who
 * prefers channel binding goes without it then, but only where the certificate was checked: or else it would be enough to
 * show such a one.
 */
import type { EventEmitter } from "node:events";
import type { TLSSocket } from "node:tls";
import { ConnectorError } from "../../../../core/errors.ts";
import { isBindable } from "./is-bindable.ts";

/** Whether the login is bound to the TLS connection, as libpq says it. */
export type ChannelBinding = "disable" | "prefer" | "require";

const BOUND = "SCRAM-SHA-256-PLUS";

/** What of the driver's client is watched; its types name only a part of it. */
interface Watched {
  readonly connection: EventEmitter & {
    readonly stream: Partial<Pick<TLSSocket, "getPeerCertificate">> & { destroy(): void };
  };
  enableChannelBinding: boolean;
}

/** How the server is asked. */
export interface AuthenticationTerms {
  readonly channelBinding: ChannelBinding;
  /** The server's certificate is checked, with its name. */
  readonly isChecked: boolean;
}

/** Ends a connection whose server asks for a weaker proof than it should; to be called before the driver connects. */
export function watchAuthentication(driverClient: object, { channelBinding, isChecked }: AuthenticationTerms): void {
  const client = driverClient as Watched;
  const { connection } = client;
  const isRequired = channelBinding === "require";
  let hasBegun = false;
  let isProven = false;
  const refuse = (error: ConnectorError): void => {
    connection.emit("error", error);
    // The driver goes on with what the server asked for: nothing of it leaves this machine any more.
    connection.stream.destroy();
  };
  connection.on("authenticationSASL", ({ mechanisms }: { readonly mechanisms: readonly string[] }) => {
    hasBegun = true;
    if (!mechanisms.includes(BOUND)) {
      if (isRequired) refuse(unbound());
    } else if (client.enableChannelBinding && !isBindable(connection.stream.getPeerCertificate?.().raw)) {
      if (isRequired || !isChecked) refuse(unbindable());
      else client.enableChannelBinding = false;
    }
  });
  connection.on("authenticationSASLFinal", () => void (isProven = true));
  for (const event of ["authenticationCleartextPassword", "authenticationMD5Password"])
    connection.on(event, () => {
      if (isRequired) refuse(unbound());
    });
  connection.on("authenticationOk", () => {
    if (hasBegun && !isProven) refuse(unproven());
    else if (isRequired && !isProven) refuse(unbound());
  });
}

function unbindable(): ConnectorError {
  return new ConnectorError("config_invalid", "The server's certificate has a signature without channel binding", {
    outcome: "none",
    hint: "Ed25519 and Ed448 have none: say `channelBinding: disable` and check the certificate (`verify-full`), or give the server one that is signed with RSA or ECDSA.",
  });
}

function unbound(): ConnectorError {
  return new ConnectorError("unauthenticated", "The server does not bind the login to the TLS connection", {
    outcome: "none",
    hint: "`channelBinding: require` takes nothing but SCRAM-SHA-256-PLUS: the user's password must be stored as scram-sha-256, and nothing in between may end TLS.",
  });
}

function unproven(): ConnectorError {
  return new ConnectorError("unauthenticated", "The server did not prove that it knows the password", {
    outcome: "none",
    hint: "It may be another server than the one that was meant.",
  });
}
