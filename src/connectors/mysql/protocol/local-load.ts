/**
 * LOAD DATA LOCAL as a command on the driver's connection: the server asks for a file, and is sent rows instead.
 *
 * No file is ever opened: the name in the statement is made up, and what is sent comes from the caller.
 */
import type { Carrier } from "./execution.ts";
import { readOk, type Header, type Status } from "./ok.ts";
import { outgoing, type Packet } from "./packet.ts";

const QUERY = 0x03;
const ERROR = 0xff;
const LOCAL_FILE = 0xfb;
const HEAD_BYTES = 4;

/** Who hears of it. */
export interface LoadListener {
  /** The server waits for rows. */
  ready(this: void): void;
  /** The server has taken what there was; how many rows, it says itself. */
  over(this: void, header: Header): void;
  failed(this: void, error: Error): void;
}

export class LocalLoad {
  readonly #sql: string;
  readonly #status: Status;
  readonly #listener: LoadListener;
  #carrier: Carrier | undefined;
  #isOpen = false;

  constructor(sql: string, status: Status, listener: LoadListener) {
    this.#sql = sql;
    this.#status = status;
    this.#listener = listener;
  }

  /** Called by the driver, first without a packet and then with each that comes; true where it is over. */
  execute(packet: Packet | undefined, carrier: Carrier): boolean {
    if (packet === undefined) {
      this.#carrier = carrier;
      carrier._resetSequenceId();
      carrier.writePacket(outgoing(Buffer.from(`${"\0".repeat(HEAD_BYTES)}${String.fromCharCode(QUERY)}${this.#sql}`)));
      return false;
    }
    const first = packet.buffer[packet.offset];
    if (first === LOCAL_FILE) {
      this.#isOpen = true;
      this.#listener.ready();
      return false;
    }
    this.#isOpen = false;
    if (first === ERROR) this.#listener.failed(packet.asError("utf8"));
    else this.#listener.over(readOk(packet, this.#status));
    return true;
  }

  /** The driver's way to say that the connection is lost. */
  onResult(error: Error | null): void {
    this.#isOpen = false;
    if (error !== null) this.#listener.failed(error);
  }

  /** Sends rows as text; nothing where the server waits for none. */
  send(text: string): void {
    if (!this.#isOpen) return;
    const packet = Buffer.allocUnsafe(HEAD_BYTES + Buffer.byteLength(text));
    packet.write(text, HEAD_BYTES);
    this.#carrier!.writePacket(outgoing(packet));
  }

  /** Says that there are no more. */
  finish(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#carrier!.writePacket(outgoing(Buffer.alloc(HEAD_BYTES)));
  }
}

/** A note, such as of digits that were cut, is no reason to give up. */
export const NOTES_OFF = "SET SESSION sql_notes = 0";
export const NOTES_ON = "SET SESSION sql_notes = 1";

/** The statement; in hexadecimal, what separates means the same whatever `sql_mode` says. Both are quoted. */
export function loadStatement(table: string, columns: string): string {
  return `LOAD DATA LOCAL INFILE 'rows' INTO TABLE ${table} CHARACTER SET utf8mb4 FIELDS TERMINATED BY x'09' ESCAPED BY x'5C' LINES TERMINATED BY x'0A' (${columns})`;
}
