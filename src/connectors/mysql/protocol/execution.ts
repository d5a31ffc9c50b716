/**
 * One statement on the driver's connection, as a command among its own.
 *
 * The driver connects, negotiates and prepares; running a prepared statement is what every call does, so it is done here:
 * the parameters become one packet, columns that were answered before are not read again, and rows are made from the
 * bytes as they come.
 */
import { ConnectorError } from "../../../core/errors.ts";
import { RowShape } from "../values/row-shape.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { MORE_RESULTS, readOk, type Header, type Status } from "./ok.ts";
import { Cursor, outgoing, type OutgoingPacket, type Packet } from "./packet.ts";

/** What of the driver's connection a command uses. */
export interface Carrier {
  readonly _mariadbExtendedMetadata: boolean;
  _resetSequenceId(): void;
  writePacket(packet: OutgoingPacket): void;
}

/** Who takes what the server answers; throws nothing. */
export interface Sink {
  /** A row came, of so many bytes. Not called any more once it answered false. */
  row(this: void, row: Row, bytes: number): boolean;
  /** The statement is over. */
  over(this: void, end: End): void;
  /** The statement failed, or its rows could not be read; then it is over as well. */
  failed(this: void, error: Error): void;
}

export interface End {
  readonly shape: RowShape | undefined;
  readonly header: Header | undefined;
}

/** Keeps what a statement's columns were when it was run last. */
export interface ShapeHolder {
  shape?: RowShape;
}

const cursor = new Cursor();
const EMPTY = Buffer.alloc(4);
const ERROR = 0xff;
const EOF = 0xfe;
const LOCAL_FILE = 0xfb;

type State = "header" | "columns" | "columns end" | "rows" | "refused";

/** A command for the driver's queue. A procedure answers with several results: the first one with rows counts. */
export class Execution {
  readonly #packet: Buffer;
  readonly #holder: ShapeHolder;
  readonly #status: Status;
  readonly #sink: Sink;
  #state: State | undefined;
  #columnsLeft = 0;
  #reading: ShapeReader | undefined;
  #shape: RowShape | undefined;
  #header: Header | undefined;
  /** Rows are passed over: somebody has had enough, or they belong to a further result. */
  #isSkipping = false;
  #failure: Error | undefined;

  constructor(packet: Buffer, { holder, status, sink }: { holder: ShapeHolder; status: Status; sink: Sink }) {
    this.#packet = packet;
    this.#holder = holder;
    this.#status = status;
    this.#sink = sink;
  }

  /** The columns of its rows, once they are known. */
  get shape(): RowShape | undefined {
    return this.#shape;
  }

  /** Called by the driver, first without a packet and then with each that comes; true where it is over. */
  execute(packet: Packet | undefined, carrier: Carrier): boolean {
    if (packet === undefined) {
      this.#state = "header";
      carrier._resetSequenceId();
      carrier.writePacket(outgoing(this.#packet));
      return false;
    }
    if (packet.buffer[packet.offset] === ERROR && this.#state !== "columns") {
      this.#sink.failed(this.#failure ?? packet.asError("utf8"));
      return true;
    }
    switch (this.#state) {
      case "columns":
        return this.#readColumn(packet, carrier);
      case "columns end":
        this.#state = "rows";
        return false;
      case "rows":
        return this.#readRow(packet);
      default:
        return this.#readHeader(packet, carrier);
    }
  }

  /** The driver's way to say that the connection is lost. */
  onResult(error: Error | null): void {
    if (error !== null) this.#sink.failed(error);
  }

  #readHeader(packet: Packet, carrier: Carrier): boolean {
    const { buffer, offset } = packet;
    const first = buffer[offset];
    if (first === 0) {
      this.#header = readOk(packet, this.#status);
      return this.#endOfResult();
    }
    if (first === LOCAL_FILE) {
      this.#failure = askedForFile();
      carrier.writePacket(outgoing(Buffer.from(EMPTY)));
      return false;
    }
    cursor.bytes = buffer;
    cursor.at = offset;
    this.#columnsLeft = cursor.length();
    this.#isSkipping = this.#shape !== undefined || this.#failure !== undefined;
    this.#reading = new ShapeReader(this.#columnsLeft, this.#holder.shape);
    this.#state = "columns";
    return false;
  }

  #readColumn(packet: Packet, { _mariadbExtendedMetadata: isExtended }: Carrier): boolean {
    this.#reading!.add(packet);
    if (--this.#columnsLeft > 0) return false;
    this.#state = "columns end";
    if (!this.#isSkipping) this.#shape = this.#holder.shape = this.#reading!.end(isExtended);
    return false;
  }

  #readRow(packet: Packet): boolean {
    const { buffer, offset, end } = packet;
    if (buffer[offset] === EOF && end - offset < 9) {
      this.#status.flags = buffer.readUInt16LE(offset + 3);
      return this.#endOfResult();
    }
    if (this.#isSkipping) return false;
    try {
      this.#isSkipping = !this.#sink.row(this.#shape!.read(buffer, offset), end - offset);
    } catch (error) {
      this.#failure = error as Error;
      this.#isSkipping = true;
    }
    return false;
  }

  #endOfResult(): boolean {
    if ((this.#status.flags & MORE_RESULTS) !== 0) {
      this.#state = "header";
      return false;
    }
    if (this.#failure !== undefined) this.#sink.failed(this.#failure);
    else this.#sink.over({ shape: this.#shape, header: this.#header });
    return true;
  }
}

/** Columns as they come: the same bytes as the last time are the same columns. */
class ShapeReader {
  readonly #known: RowShape | undefined;
  readonly #parts: Buffer[] = [];
  #same = 0;

  constructor(count: number, known: RowShape | undefined) {
    this.#known = known?.columns.length === count ? known : undefined;
  }

  add({ buffer, offset, end }: Packet): void {
    const known = this.#known?.definitions[this.#same];
    if (known !== undefined && this.#parts.length === 0 && known.compare(buffer, offset, end) === 0) {
      this.#same++;
      return;
    }
    if (this.#parts.length === 0 && this.#same > 0) this.#parts.push(...this.#known!.definitions.slice(0, this.#same));
    this.#parts.push(Buffer.from(buffer.subarray(offset, end)));
  }

  end(isExtended: boolean): RowShape {
    return this.#parts.length === 0 && this.#known !== undefined ? this.#known : new RowShape(this.#parts, isExtended);
  }
}

/** Nothing is sent: a statement of the caller's may have asked for it, or a server that is curious. */
function askedForFile(): ConnectorError {
  return new ConnectorError("unsupported", "The server asked for a file of this machine, and is sent none", {
    outcome: "none",
    hint: "Load rows with `insertMany`.",
  });
}
