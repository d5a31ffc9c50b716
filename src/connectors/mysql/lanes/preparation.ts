/** Prepares a statement on the connection of a lane, between the statements of others. */
import { Cursor, writeHeader, type Packet } from "../protocol/packet.ts";
import { fieldOf } from "../values/row-shape.ts";
import type { Field } from "../values/types.ts";
import type { Prepared } from "../wire/client.ts";
import type { LaneStatement } from "./answers.ts";

const PREPARE = 0x16;
const HEAD_BYTES = 5;

const cursor = new Cursor();

export class Preparation implements LaneStatement {
  readonly call = undefined;
  readonly sql: string;
  headSince = 0;
  readonly isTooLarge = false;
  readonly mayBeStruck = false;
  readonly refusal = undefined;
  readonly #isExtended: boolean;
  readonly #onPrepared: (prepared: Prepared) => void;
  readonly #columns: Field[] = [];
  #id: number | undefined;
  #parameterCount = 0;
  /** Packets of the definitions that are left, EOF included. */
  #parametersLeft = 0;
  #columnsLeft = 0;

  constructor(
    sql: string,
    { isExtended, onPrepared }: { readonly isExtended: boolean; readonly onPrepared: (prepared: Prepared) => void },
  ) {
    this.sql = sql;
    this.#isExtended = isExtended;
    this.#onPrepared = onPrepared;
  }

  write(out: Buffer[]): boolean {
    const packet = Buffer.from(`${"\0".repeat(HEAD_BYTES)}${this.sql}`);
    writeHeader(packet, 0);
    packet[HEAD_BYTES - 1] = PREPARE;
    out.push(packet);
    return true;
  }

  handlePacket({ buffer, offset, end }: Packet): boolean {
    if (this.#id === undefined) {
      // An error: whoever wanted the statement runs it by itself, and hears of it.
      if (buffer[offset] !== 0) return true;
      cursor.bytes = buffer;
      cursor.at = offset + 1;
      this.#id = cursor.uint32();
      this.#columnsLeft = withEnd(cursor.uint16());
      this.#parameterCount = cursor.uint16();
      this.#parametersLeft = withEnd(this.#parameterCount);
    } else if (this.#parametersLeft > 0) this.#parametersLeft--;
    else if (--this.#columnsLeft > 0)
      this.#columns.push(fieldOf(Buffer.from(buffer.subarray(offset, end)), this.#isExtended));
    return this.#parametersLeft + this.#columnsLeft === 0;
  }

  settle(): void {
    if (this.#id === undefined) return;
    this.#onPrepared({ id: this.#id, columns: this.#columns, parameters: Array(this.#parameterCount).fill(undefined) });
  }

  fail(): void {}

  startAgain(): void {}
}

const withEnd = (count: number): number => (count === 0 ? 0 : count + 1);
