/**
 * One packet of the server, as the driver hands it over: it reuses the object, and the bytes belong to what the socket
 * brought.
 */
export interface Packet {
  readonly sequenceId: number;
  /** How many of the protocol's it is, if it is longer than one of them can be. */
  readonly numPackets: number;
  readonly buffer: Buffer;
  /** Where the payload is read next, and where it ends. */
  offset: number;
  readonly end: number;
  asError(encoding: string): Error;
}

/** A packet as the driver writes it; its first four bytes are left for the header. */
export interface OutgoingPacket {
  readonly buffer: Buffer;
  length(): number;
  writeHeader(sequenceId: number): void;
}

/** A packet whose payload begins behind the room for the header. */
export function outgoing(buffer: Buffer): OutgoingPacket {
  return {
    buffer,
    length: () => buffer.length,
    writeHeader: (sequenceId) => writeHeader(buffer, sequenceId),
  };
}

/** Fills the room for the header. */
export function writeHeader(buffer: Buffer, sequenceId: number): void {
  buffer.writeUIntLE(buffer.length - 4, 0, 3);
  buffer[3] = sequenceId;
}

/** A place in bytes, and what stands there in the protocol's ways. */
export class Cursor {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;

  uint8(): number {
    return this.bytes[this.at++]!;
  }

  uint16(): number {
    return this.uint8() | (this.uint8() << 8);
  }

  /** As SIGNED of the protocol's four bytes. */
  int32(): number {
    return this.uint16() | (this.uint16() << 16);
  }

  uint32(): number {
    return this.int32() >>> 0;
  }

  /** A length-encoded integer; none is longer than what memory holds. */
  length(): number {
    const first = this.uint8();
    if (first < 0xfb) return first;
    if (first === 0xfc) return this.uint16();
    if (first === 0xfd) return this.uint16() | (this.uint8() << 16);
    return this.uint32() + this.uint32() * 2 ** 32;
  }

  text(): string {
    const end = this.length() + this.at;
    const text = this.bytes.toString("utf8", this.at, end);
    this.at = end;
    return text;
  }

  /** A copy: the rest of what the socket brought need not stay in memory. */
  copy(): Uint8Array {
    const end = this.length() + this.at;
    const copy = new Uint8Array(this.bytes.subarray(this.at, end));
    this.at = end;
    return copy;
  }

  skip(): void {
    const length = this.length();
    this.at += length;
  }
}
