/** Connections that are ready for statements, and the second connection that ends a statement. */
import type { Environment } from "../../../core/definition.ts";
import type { Address } from "../../../contracts/sql/address.ts";
import type { Options } from "../config.ts";
import type { Loads } from "../loading/begin-load.ts";
import { MySQLConnection } from "../statements/connection.ts";
import { startClient, type Client, type Driver } from "./client.ts";
import { tlsDetails } from "./tls.ts";

/** Bytes of what `describe` asks for at once; MySQL would cut it after a thousand. */
const LONGEST_LIST = 2 ** 26;
/** How long the server waits for a reader of a stream who takes nothing, in seconds. */
const SLOWEST_READER_S = 3_600;

interface Opening extends Pick<Environment, "clock" | "signal"> {
  readonly address: Address;
  readonly options: Options;
  readonly onLost: () => void;
  readonly loads: Loads;
}

/** Opens a connection and sets it up. Rejects with the driver's error, or with the reason of `signal`. */
export async function openConnection(
  driver: Driver,
  { address, options, clock, signal, onLost, loads }: Opening,
): Promise<{ readonly connection: MySQLConnection; readonly isMariaDB: boolean }> {
  signal.throwIfAborted();
  const made: { connection?: MySQLConnection } = {};
  let failure: { readonly error: Error } | undefined;
  let fail = (error: Error): void => void (failure = { error });
  const { client, status } = startClient(driver, address, {
    loadsRows: options.loadData,
    onLost: (error = lost()) => {
      fail(error);
      const { connection } = made;
      if (connection === undefined || connection.isOver) return;
      connection.destroy(error);
      onLost();
    },
  });
  const stop = (): void => fail(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  try {
    await new Promise<void>((resolve, reject) => {
      fail = reject;
      if (failure !== undefined) return reject(failure.error);
      client.connect((error) => {
        if (error !== null) return reject(error);
        client.query({ sql: setUp(client, options) }, (refused) => (refused === null ? resolve() : reject(refused)));
      });
    });
  } catch (error) {
    client.stream.destroy();
    throw error;
  } finally {
    fail = () => {};
    signal.removeEventListener("abort", stop);
  }
  const connection = (made.connection = new MySQLConnection(client, {
    clock,
    status,
    loads,
    requestCancel: (aborted) => cancel(driver, address, client, aborted),
  }));
  return { connection, isMariaDB: client._isMariaDB };
}

/** What every connection is like, whatever the server's configuration says. */
function setUp({ _isMariaDB: isMariaDB }: Client, { sqlMode, statementTimeout }: Options): string {
  const limit = isMariaDB
    ? `max_statement_time = ${statementTimeout / 1_000}`
    : `max_execution_time = ${Math.ceil(statementTimeout)}`;
  const settings = [
    "time_zone = '+00:00'",
    `sql_mode = '${sqlMode}'`,
    "autocommit = 1",
    `group_concat_max_len = ${LONGEST_LIST}`,
    `net_write_timeout = ${SLOWEST_READER_S}`,
    "session_track_state_change = ON",
    "session_track_transaction_info = 'STATE'",
    "session_track_system_variables = '*'",
    ...(statementTimeout > 0 ? [limit] : []),
  ];
  return `SET ${settings.map((each) => `SESSION ${each}`).join(", ")}`;
}

/** Ends the statement that runs on `target`; resolves when that can no longer strike but what runs there now. */
async function cancel(driver: Driver, address: Address, target: Client, signal: AbortSignal): Promise<void> {
  const { remoteAddress = address.host } = target.stream;
  const details = tlsDetails(address.ssl);
  const ssl = details === undefined ? false : { ...details, servername: details.servername ?? address.host };
  await new Promise<void>((resolve) => {
    // The very server: behind one name there may be several, on each of which the number is somebody else's.
    const { client } = startClient(driver, { ...address, host: remoteAddress, ssl }, { onLost: () => end() });
    const end = (): void => {
      client.stream.destroy();
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
    client.connect((error) => {
      if (error !== null || signal.aborted) return end();
      client.query({ sql: `KILL QUERY ${target.threadId}` }, end);
    });
  });
}

function lost(): Error {
  return Object.assign(new Error("Connection lost"), { code: "PROTOCOL_CONNECTION_LOST" });
}
