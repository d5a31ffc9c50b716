/** Opens one connection with the driver. */
import type { Socket } from "node:net";
import type pg from "pg";
import type { Secret } from "../../../core/secret.ts";
import type { Environment } from "../../../core/definition.ts";
import type { Options } from "../config.ts";
import { PostgreSQLConnection } from "../connection.ts";
import { watchAuthentication } from "./authentication/watch-authentication.ts";
import { passwordIn } from "./libpq/password-file.ts";
import { sendCancel } from "../wire/cancel.ts";
import { tapRows } from "../wire/frames.ts";
import { socketTo } from "./socket.ts";
import type { Place } from "./suitable.ts";
import type { Target } from "./target.ts";
import { tlsOptions } from "./tls.ts";

/** What of the driver is used. */
export type Driver = Pick<typeof pg, "Client" | "Connection">;

const KEEP_ALIVE_MS = 30_000;

/** What one connection is opened with. */
export interface Opening extends Pick<Environment, "clock" | "signal"> {
  readonly address: Target["address"] & Place;
  readonly options: Options;
  /** Hears of a password that was found in a file. */
  readonly conceal: (secret: Secret) => void;
  readonly onLost: () => void;
}

/** A connection that is ready; fails as the driver does, or with what `signal` was aborted with. */
export async function openConnection(driver: Driver, opening: Opening): Promise<PostgreSQLConnection> {
  const { address, options, clock, signal, conceal, onLost } = opening;
  const { host, port, database, username, password, passfile, channelBinding } = address;
  // As everywhere with PostgreSQL, a Unix socket, which leads nowhere else, has no TLS.
  const ssl = host.startsWith("/") ? false : await tlsOptions(address.ssl);
  // The driver checks the certificate against the host that it is told; where it connects to is the socket's business.
  const target = { host: (ssl && ssl.servername) || host, port, ssl };
  const client = new driver.Client({
    ...target,
    stream: () => socketTo(host, port),
    database,
    user: username,
    // A function, so that the driver looks neither into the environment nor into ~/.pgpass.
    password: async () => {
      const found = password ?? (passfile === undefined ? undefined : await passwordIn(passfile, address));
      if (found !== undefined && found !== password) conceal(found);
      return found?.reveal() ?? "";
    },
    sslnegotiation: "postgres",
    enableChannelBinding: channelBinding !== "disable" && ssl !== false,
    application_name: address.applicationName,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS,
  });
  tellOnly(client, { options: sessionSettings(options) });
  watchAuthentication(client, { channelBinding, isChecked: isChecked(address) });
  const tap = tapRows(client.connection, { isOff: !options.wire });
  const connection = new PostgreSQLConnection(client, {
    clock,
    tap,
    prepare: options.prepare && options.wire,
    requestCancel(aborted) {
      const { remoteAddress = host } = client.connection.stream as Socket;
      const wire = new driver.Connection({ ...target, stream: () => socketTo(remoteAddress, port) });
      tapRows(wire);
      return sendCancel(wire, { client, ...target, signal: aborted });
    },
  });
  const lose = (): void => {
    if (connection.isOver) return;
    connection.destroy();
    onLost();
  };
  // Without a listener, an error on an idle connection would end the process.
  client.on("error", lose);
  client.on("end", lose);
  const stop = (): void => connection.destroy();
  signal.addEventListener("abort", stop, { once: true });
  try {
    signal.throwIfAborted();
    await client.connect();
    return connection;
  } catch (error) {
    connection.destroy();
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

const isChecked = ({ ssl }: Target["address"]): boolean => ssl !== false && ssl.mode === "verify-full";

/** What the startup message holds beside the address: what the driver is not told it takes from `PG*` variables. */
function tellOnly(client: object, { options }: { readonly options: string | undefined }): void {
  // Not a part of the driver's types.
  const { connectionParameters } = client as { readonly connectionParameters: object };
  Object.assign(connectionParameters, { options, replication: undefined });
}

/** What the server is told of the session at its start; a second belt where only reading is allowed. */
function sessionSettings({ statementTimeout, access }: Options): string | undefined {
  const settings = [
    statementTimeout > 0 ? `-c statement_timeout=${Math.ceil(statementTimeout)}` : "",
    access === "read-only" ? "-c default_transaction_read_only=on" : "",
  ];
  return settings.filter(Boolean).join(" ") || undefined;
}
