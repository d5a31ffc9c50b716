/**
 * What a client sends of the extended protocol (PostgreSQL manual, "Message Formats"), several messages in one buffer:
 * a write of its own for each would cost more than all of the rest.
 */
import type { Parameter } from "../values/parameters.ts";

/** Formats of values: text or binary. */
export type Format = 0 | 1;

const SMALLEST = 512;

/** Messages in the making. */
export class Messages {
  #bytes: Buffer;
  #at = 0;

  /** `size`: about how many bytes they take. */
  constructor(size = SMALLEST) {
    this.#bytes = Buffer.allocUnsafe(Math.max(SMALLEST, size));
  }

  /** All of them; nothing may be added afterwards. */
  end(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** Types of parameters are left to the server. */
  parse(name: string, sql: string): this {
    const start = this.#begin(0x50);
    this.#text(name);
    this.#text(sql);
    this.#short(0);
    return this.#end(start);
  }

  bind(portal: string, name: string, values: readonly Parameter[], formats: readonly Format[]): this {
    const start = this.#begin(0x42);
    this.#text(portal);
    this.#text(name);
    const isText = values.every((value) => !Buffer.isBuffer(value));
    this.#short(isText ? 0 : values.length);
    if (!isText) for (const value of values) this.#short(Buffer.isBuffer(value) ? 1 : 0);
    this.#short(values.length);
    for (const value of values) this.#value(value);
    this.#short(formats.length);
    for (const format of formats) this.#short(format);
    return this.#end(start);
  }

  describePortal(name: string): this {
    return this.#named(0x44, 0x50, name);
  }

  describeStatement(name: string): this {
    return this.#named(0x44, 0x53, name);
  }

  closeStatement(name: string): this {
    return this.#named(0x43, 0x53, name);
  }

  /** `most` rows; 0 is all. */
  execute(portal: string, most: number): this {
    const start = this.#begin(0x45);
    this.#text(portal);
    this.#room(4);
    this.#at = this.#bytes.writeInt32BE(most, this.#at);
    return this.#end(start);
  }

  flush(): this {
    return this.#end(this.#begin(0x48));
  }

  sync(): this {
    return this.#end(this.#begin(0x53));
  }

  #named(type: number, what: number, name: string): this {
    const start = this.#begin(type);
    this.#room(1);
    this.#bytes[this.#at++] = what;
    this.#text(name);
    return this.#end(start);
  }

  #begin(type: number): number {
    this.#room(5);
    this.#bytes[this.#at] = type;
    this.#at += 5;
    return this.#at;
  }

  #end(start: number): this {
    this.#bytes.writeUInt32BE(this.#at - start + 4, start - 4);
    return this;
  }

  #text(text: string): void {
    this.#room(text.length * 3 + 1);
    this.#at += this.#bytes.write(text, this.#at);
    this.#bytes[this.#at++] = 0;
  }

  #short(number: number): void {
    this.#room(2);
    this.#at = this.#bytes.writeUInt16BE(number, this.#at);
  }

  #value(value: Parameter): void {
    if (value === null) {
      this.#room(4);
      this.#at = this.#bytes.writeInt32BE(-1, this.#at);
      return;
    }
    const isText = typeof value === "string";
    this.#room(4 + (isText ? value.length * 3 : value.length));
    const start = this.#at + 4;
    const length = isText ? this.#bytes.write(value, start) : value.copy(this.#bytes, start);
    this.#bytes.writeInt32BE(length, this.#at);
    this.#at = start + length;
  }

  #room(count: number): void {
    if (this.#at + count <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + count));
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}
