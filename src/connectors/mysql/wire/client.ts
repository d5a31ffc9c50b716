/**
 * A connection of the driver, with what it does not do by itself.
 */
import { Socket } from "node:net";
import { ConnectorError } from "../../../core/errors.ts";
import type { Address } from "../../../contracts/sql/address.ts";
import type { Field } from "../values/types.ts";
import { startTls, tlsDetails } from "./tls.ts";
import type { LocalLoad } from "../protocol/local-load.ts";
import type { CloseStatement } from "../protocol/close-statement.ts";
import type { Execution, ShapeHolder } from "../protocol/execution.ts";
import { readOk, type Status } from "../protocol/ok.ts";
import type { Packet } from "../protocol/packet.ts";

const ERROR = 0xff;
const KEEP_ALIVE_MS = 30_000;
/** Statements that one connection keeps prepared; a server counts them over all its connections (`max_prepared_stmt_count`). */
export const MOST_PREPARED = 100;

export type Done = (error: Error | null, rows?: unknown, fields?: unknown) => void;

/** A statement that the server has prepared. */
export interface Prepared extends ShapeHolder {
  readonly id: number;
  readonly columns: readonly Field[];
  readonly parameters: readonly unknown[];
}

/** What of the driver's connection is used; some of it is not in its types. */
export interface Client {
  readonly threadId: number;
  stream: Socket;
  readonly packetParser: { execute(data: Buffer): void };
  /** Of the packet that comes next. */
  readonly sequenceId: number;
  readonly _paused: boolean;
  readonly _isMariaDB: boolean;
  readonly _mariadbExtendedMetadata: boolean;
  readonly _command?: { readonly next?: { readonly name?: string } | null } | null;
  handlePacket: (packet?: Packet & { isEOF(): boolean }) => void;
  addCommand(command: Execution | LocalLoad | CloseStatement): void;
  startTLS(onSecure: (error?: Error) => void): void;
  on(event: "error" | "end", listener: (error?: Error) => void): this;
  connect(done: (error: Error | null) => void): void;
  query(options: { readonly sql: string }, done: Done): void;
  prepare(
    options: { readonly sql: string; readonly rowsAsArray: true },
    done: (error: Error | null, prepared: Prepared) => void,
  ): void;
  /** Forgets a statement, and lets the server forget it; answers nothing where it does not know it. */
  unprepare(options: { readonly sql: string; readonly rowsAsArray: true }): unknown;
  pause(): void;
  resume(): void;
  end(done: (error?: Error | null) => void): void;
}

/** What of the driver is used. */
export interface Driver {
  createConnection(options: Readonly<Record<string, unknown>>): unknown;
}

/** Begins to connect; `onLost` is told of everything that ends the connection, and may be told twice. */
export function startClient(
  driver: Driver,
  address: Address,
  { onLost, loadsRows = false }: { readonly onLost: (error?: Error) => void; readonly loadsRows?: boolean },
): { readonly client: Client; readonly status: Status } {
  const { host, port, database, username, password } = address;
  const details = tlsDetails(address.ssl);
  const client = driver.createConnection({
    ...{ host, port, database, user: username, password: password?.reveal() ?? "" },
    stream: () => socketTo(host, port),
    ssl: details && {},
    charset: "utf8mb4",
    // With LOCAL_FILES a server can ask for this machine's files; nobody answers but local-load.ts, with rows.
    // Attributes would change the packets that execution.ts writes.
    flags: [...(loadsRows ? [] : ["-LOCAL_FILES"]), "-CLIENT_QUERY_ATTRIBUTES"],
    connectAttributes: { program_name: "busbar" },
    // Which of them are kept is decided elsewhere (prepared.ts).
    maxPreparedStatements: 2 * MOST_PREPARED,
    connectTimeout: 0,
    // Else it makes code out of the names of columns, and refuses one that is called `__proto__`.
    disableEval: true,
    ...{ rowsAsArray: true, dateStrings: true, jsonStrings: true, supportBigNumbers: true, bigNumberStrings: true },
  }) as Client;
  // Without a listener, an error on an idle connection would end the process.
  client.on("error", onLost);
  client.on("end", onLost);
  if (details !== undefined)
    client.startTLS = (onSecure) => startTls(client, { host, details, onLost }, () => onSecure());
  return { client, status: follow(client) };
}

/** Reads the server's status out of the answers to the driver's own commands; those to ours (execution.ts) do so themselves. */
function follow(client: Client): Status {
  const status: Status = { flags: 0, hasBegun: false, header: undefined };
  const handlePacket = client.handlePacket.bind(client);
  client.handlePacket = (packet) => {
    if (packet !== undefined && isOutOfOrder(client, packet)) return endDisordered(client);
    const command = client._command?.next?.name;
    if (packet !== undefined && command !== undefined) {
      if (packet.isEOF()) status.flags = packet.buffer.readUInt16LE(packet.offset + 3);
      else if (command === "resultsetHeader" && packet.buffer[packet.offset] === 0)
        status.header = readOk(packet, status);
    }
    handlePacket(packet);
  };
  return status;
}

/** The driver only warns, and takes what comes for an answer. */
function isOutOfOrder(client: Client, { sequenceId, buffer, offset }: Packet): boolean {
  if (client.stream.destroyed) return true;
  // A server that ends a connection says so at any time, and a driver that rests asks again later.
  const isAnswer = Boolean(client._command) && !client._paused && buffer[offset] !== ERROR;
  return isAnswer && sequenceId !== client.sequenceId;
}

function endDisordered({ stream }: Client): void {
  if (stream.destroyed) return;
  const cause = new Error("A packet is out of order");
  stream.destroy(new ConnectorError("unavailable", "The server does not speak the protocol of MySQL", { cause }));
}

/** The server's own host may be a path: that of its Unix socket. */
function socketTo(host: string, port: number): Socket {
  const socket = new Socket();
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return host.startsWith("/") ? socket.connect({ path: host }) : socket.connect({ host, port });
}
