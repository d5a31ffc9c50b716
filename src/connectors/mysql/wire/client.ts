/**
 * A connection of the driver, with what it does not do by itself.
 *
 * It keeps to itself what the server says of the session at the end of each answer: whether a transaction is open, whether
 * one was begun anew, whether a statement left something behind.
 */
import { Socket } from "node:net";
import type { Address } from "../../../contracts/sql/address.ts";
import { startTls, tlsDetails } from "./tls.ts";
import type { Field } from "../values/types.ts";

/** Bits of the server's status. */
export const IN_TRANSACTION = 1;
const SESSION_CHANGED = 0x4000;
/** In the list of what changed: the state of the transaction. */
const TRANSACTION_STATE = 5;
const KEEP_ALIVE_MS = 30_000;
/** A server counts them over all its connections (`max_prepared_stmt_count`). */
const MOST_PREPARED = 100;

/** What a statement without rows is answered with. */
export interface Header {
  readonly affectedRows: number;
  readonly serverStatus: number;
  readonly stateChanges?: {
    readonly systemVariables: Readonly<Record<string, string>>;
    readonly schema: string | null;
    readonly trackStateChange: string | null;
  };
}

export type Done = (error: Error | null, rows?: unknown, fields?: unknown) => void;

/** A statement under way whose rows come one by one. */
export interface Running {
  on(event: "fields", listener: (fields: readonly Field[] | undefined) => void): this;
  on(event: "result", listener: (row: readonly unknown[] | Header) => void): this;
  on(event: "error", listener: (error: Error) => void): this;
  on(event: "end", listener: () => void): this;
}

export interface Prepared {
  readonly columns: readonly Field[];
  readonly parameters: readonly unknown[];
  execute(values: readonly unknown[], done?: Done): Running;
}

interface Packet {
  readonly end: number;
  offset: number;
  isEOF(): boolean;
  clone(): Packet;
  eofStatusFlags(): number;
  readInt8(): number;
  readInt16(): number;
  readLengthCodedNumber(): number;
  readLengthCodedString(encoding: string): string;
}

/** What of the driver's connection is used; some of it is not in its types. */
export interface Client {
  readonly threadId: number;
  stream: Socket;
  readonly packetParser: { execute(data: Buffer): void };
  readonly _isMariaDB: boolean;
  readonly _command?: { readonly next?: { readonly name?: string } | null } | null;
  handlePacket(packet?: Packet): void;
  startTLS(onSecure: (error?: Error) => void): void;
  on(event: "error" | "end", listener: (error?: Error) => void): this;
  connect(done: (error: Error | null) => void): void;
  query(options: { readonly sql: string }, done: Done): void;
  prepare(
    options: { readonly sql: string; readonly rowsAsArray: true },
    done: (error: Error | null, prepared: Prepared) => void,
  ): void;
  pause(): void;
  resume(): void;
  end(done: (error?: Error | null) => void): void;
}

/** What of the driver is used. */
export interface Driver {
  createConnection(options: Readonly<Record<string, unknown>>): unknown;
}

/** What the server said last. */
export interface Status {
  flags: number;
  /** A transaction was begun since this was last set to false. */
  hasBegun: boolean;
  /** Size of the packet that is being read. */
  packetBytes: number;
}

/** Begins to connect; `onLost` is told of everything that ends the connection, and may be told twice. */
export function startClient(
  driver: Driver,
  address: Address,
  onLost: (error?: Error) => void,
): { readonly client: Client; readonly status: Status } {
  const { host, port, database, username, password } = address;
  const details = tlsDetails(address.ssl);
  const client = driver.createConnection({
    ...{ host, port, database, user: username, password: password?.reveal() ?? "" },
    stream: () => socketTo(host, port),
    ssl: details && {},
    charset: "utf8mb4",
    // LOCAL INFILE lets a server ask for this machine's files.
    flags: ["-LOCAL_FILES"],
    connectAttributes: { program_name: "busbar" },
    maxPreparedStatements: MOST_PREPARED,
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

/** Reads the server's status out of its answers. */
function follow(client: Client): Status {
  const status: Status = { flags: 0, hasBegun: false, packetBytes: 0 };
  const handlePacket = client.handlePacket.bind(client);
  client.handlePacket = (packet) => {
    if (packet !== undefined) status.packetBytes = packet.end - packet.offset;
    if (packet?.isEOF() === true) status.flags = packet.clone().eofStatusFlags();
    else if (packet !== undefined && client._command?.next?.name === "resultsetHeader") readHeader(packet, status);
    handlePacket(packet);
  };
  return status;
}

function readHeader(given: Packet, status: Status): void {
  const packet = given.clone();
  // An error, or a number of columns.
  if (packet.readInt8() !== 0) return;
  packet.readLengthCodedNumber();
  packet.readLengthCodedNumber();
  status.flags = packet.readInt16();
  packet.readInt16();
  if ((status.flags & SESSION_CHANGED) === 0 || packet.offset >= packet.end) return;
  packet.readLengthCodedString("latin1");
  const length = packet.offset < packet.end ? packet.readLengthCodedNumber() : 0;
  const end = packet.offset + length;
  while (packet.offset < end) {
    const kind = packet.readInt8();
    const next = packet.readLengthCodedNumber() + packet.offset;
    // Begun, and nothing done in it yet.
    if (kind === TRANSACTION_STATE && packet.readLengthCodedString("latin1") === "T_______") status.hasBegun = true;
    packet.offset = next;
  }
}

/** The server's own host may be a path: that of its Unix socket. */
function socketTo(host: string, port: number): Socket {
  const socket = new Socket();
  socket.setNoDelay(true);
  socket.setKeepAlive(true, KEEP_ALIVE_MS);
  return host.startsWith("/") ? socket.connect({ path: host }) : socket.connect({ host, port });
}
