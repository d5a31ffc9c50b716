/**
 * What a server sends, cut into messages before the driver sees it (PostgreSQL manual, "Message Formats").
 *
 * Rows are most of what comes, and the driver makes an object and a text for every value of them. So they go past it, as
 * they stand in the buffer, to the statement that is waiting for them; all else goes to the driver as it came.
 *
 * A server that does not speak the protocol breaks its connection and nothing else: whatever cannot be read is an error
 * of the socket, where it would be an uncaught exception, which ends the process.
 */
import type { Socket } from "node:net";
import type pg from "pg";
import { ConnectorError } from "../../../core/errors.ts";

const DATA_ROW = 0x44;
/** These and BindComplete between them say only that the server got as far as it was asked. */
const PARSE_COMPLETE = 0x31;
const CLOSE_COMPLETE = 0x33;
const HEADER_BYTES = 5;
/** The server's own limit of a message. */
const LONGEST = 2 ** 30;

/** Takes the rows of a statement: the message's body stands in `bytes` from `start` to `end`, and is gone afterwards. */
export interface RowReceiver {
  handleRow(bytes: Buffer, start: number, end: number): void;
}

/** Takes all answers to statements, as `RowReceiver` does rows; the driver sees none of them. */
export interface AnswerReceiver {
  handleMessage(type: number, bytes: Buffer, start: number, end: number): void;
  /** The connection is gone. */
  fail(error: unknown): void;
}

/** Where the rows of one connection go. */
export interface RowTap {
  /** The driver sees everything, rows too, and nothing comes here. */
  readonly isOff: boolean;
  receiver: RowReceiver | undefined;
  /** Goes before `receiver`, which is of a statement that the driver knows. */
  lane: AnswerReceiver | undefined;
}

/** What comes at any time and belongs to no statement: NotificationResponse, NoticeResponse, ParameterStatus. */
const ASIDE: ReadonlySet<number> = new Set([0x41, 0x4e, 0x53]);

/** The driver's connection; its types leave out the method that begins to parse. */
interface Parsing {
  attachListeners(stream: Pick<Socket, "on">): void;
}

/** Puts itself between socket and driver. Call it before the driver connects. */
export function tapRows(connection: pg.Connection, { isOff = false }: { readonly isOff?: boolean } = {}): RowTap {
  const tap: RowTap = { isOff, receiver: undefined, lane: undefined };
  const parsing = connection as unknown as Parsing;
  const attach = parsing.attachListeners.bind(parsing);
  parsing.attachListeners = (stream) => {
    // With TLS it is another socket than the one that was connected.
    const socket = stream as Socket;
    const on = (event: string, listener: (bytes: Buffer) => void): Socket => {
      if (event !== "data") return socket.on(event, listener);
      return socket.on("data", guarded(socket, isOff ? { read: listener } : new Frames(tap, listener)));
    };
    attach({ on } as Pick<Socket, "on">);
  };
  return tap;
}

function guarded(socket: Socket, frames: Pick<Frames, "read">): (bytes: Buffer) => void {
  return (bytes) => {
    try {
      frames.read(bytes);
    } catch (cause) {
      const message = "The server does not speak the protocol of PostgreSQL";
      socket.destroy(new ConnectorError("unavailable", message, { cause }));
    }
  };
}

class Frames {
  readonly #tap: RowTap;
  /** The driver's parser. */
  readonly #rest: (bytes: Buffer) => void;
  /** The beginning of a message whose end has not come. */
  #parts: Buffer[] = [];
  #length = 0;
  /** So many bytes it takes to go on. */
  #needed = 0;

  constructor(tap: RowTap, rest: (bytes: Buffer) => void) {
    this.#tap = tap;
    this.#rest = rest;
  }

  read(bytes: Buffer): void {
    if (this.#length === 0) return this.#cut(bytes);
    this.#parts.push(bytes);
    this.#length += bytes.length;
    if (this.#length < this.#needed) return;
    const whole = Buffer.concat(this.#parts, this.#length);
    this.#parts = [];
    this.#length = 0;
    this.#cut(whole);
  }

  #cut(bytes: Buffer): void {
    const { length } = bytes;
    let at = 0;
    /** Where what the driver gets begins. */
    let from = 0;
    let needed = HEADER_BYTES;
    while (at + HEADER_BYTES <= length) {
      const size = bytes.readUInt32BE(at + 1);
      if (size < 4 || size > LONGEST) throw new Error("A message has an impossible length");
      const end = at + 1 + size;
      if (end > length) {
        needed = 1 + size;
        break;
      }
      const type = bytes[at]!;
      const { receiver, lane } = this.#tap;
      if (lane !== undefined && !ASIDE.has(type)) {
        if (from < at) this.#rest(bytes.subarray(from, at));
        from = end;
        lane.handleMessage(type, bytes, at + HEADER_BYTES, end);
      } else if (receiver !== undefined && (type === DATA_ROW || (type >= PARSE_COMPLETE && type <= CLOSE_COMPLETE))) {
        if (from < at) this.#rest(bytes.subarray(from, at));
        from = end;
        // What the driver was just told may have ended the statement.
        if (type === DATA_ROW) (this.#tap.receiver ?? receiver).handleRow(bytes, at + HEADER_BYTES, end);
      }
      at = end;
    }
    if (from < at) this.#rest(bytes.subarray(from, at));
    if (at === length) return;
    this.#parts = [bytes.subarray(at)];
    this.#length = length - at;
    this.#needed = needed;
  }
}
