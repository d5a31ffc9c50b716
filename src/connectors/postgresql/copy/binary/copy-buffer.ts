/**
 * The data of COPY in messages of about 64 KB, framed where they stand: a message for each row would cost twenty times
 * as much. The bounds of messages have nothing to do with those of rows (PostgreSQL manual, "COPY Operations").
 */

const MESSAGE_BYTES = 64 * 1024;
/** `d`, and the length of what follows it. */
const HEADER_BYTES = 5;
const COPY_DATA = 0x64;

export class CopyBuffer {
  /** The message in the making; valid up to `at`, and as long as `room` was asked for. */
  bytes: Buffer = Buffer.allocUnsafeSlow(MESSAGE_BYTES);
  at: number = HEADER_BYTES;
  #full: Buffer[] = [];
  /** Bytes of data in the messages that are full. */
  #before = 0;

  /** Bytes of data from the start. */
  get written(): number {
    return this.#before + this.at - HEADER_BYTES;
  }

  /** Makes sure that so many bytes can be written at `at`. */
  room(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    this.#close();
    this.bytes = Buffer.allocUnsafeSlow(Math.max(MESSAGE_BYTES, count + HEADER_BYTES));
  }

  /** The messages since the last time; what is written next begins another. */
  take(): Buffer[] {
    if (this.at > HEADER_BYTES) {
      const rest = this.at;
      const { bytes } = this;
      this.#close();
      // What is left of the memory serves the next message, where that is worth it.
      const left = bytes.subarray(rest);
      this.bytes = left.length > MESSAGE_BYTES / 2 ? left : Buffer.allocUnsafeSlow(MESSAGE_BYTES);
    }
    const taken = this.#full;
    this.#full = [];
    return taken;
  }

  #close(): void {
    if (this.at > HEADER_BYTES) {
      this.bytes[0] = COPY_DATA;
      this.bytes.writeUInt32BE(this.at - 1, 1);
      this.#full.push(this.bytes.subarray(0, this.at));
      this.#before += this.at - HEADER_BYTES;
    }
    this.at = HEADER_BYTES;
  }
}
