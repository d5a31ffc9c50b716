/** Lets the server forget a prepared statement, as a command among the driver's own; it is not answered. */
import type { Carrier } from "./execution.ts";
import { outgoing } from "./packet.ts";

const CLOSE = 0x19;

export class CloseStatement {
  readonly #id: number;

  constructor(id: number) {
    this.#id = id;
  }

  execute(_: undefined, carrier: Carrier): true {
    const packet = Buffer.alloc(9);
    packet[4] = CLOSE;
    packet.writeUInt32LE(this.#id, 5);
    carrier._resetSequenceId();
    carrier.writePacket(outgoing(packet));
    return true;
  }

  /** The connection is lost, and the statement with it. */
  onResult(): void {}
}
