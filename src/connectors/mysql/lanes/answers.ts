/** The server's packets on the connection of a lane, handed to the statement that they answer. */
import { ConnectorError } from "../../../core/errors.ts";
import type { Lane } from "../../../contracts/sql/lanes/lane.ts";
import type { Occupant } from "../../../contracts/sql/lanes/occupant.ts";
import { IN_TRANSACTION, type Status } from "../protocol/ok.ts";
import type { Packet } from "../protocol/packet.ts";

/** What stands in a lane of MySQL's; each collects its packet, header included. */
export interface LaneStatement extends Occupant<Buffer[]> {
  /** True where it is over. Throws where the server does not keep to the protocol. */
  handlePacket(packet: Packet): boolean;
}

export class LaneAnswers {
  readonly #lane: Lane<LaneStatement, Buffer[]>;
  readonly #status: Status;
  /** Each answer counts its packets anew. */
  #sequence = 1;

  constructor(lane: Lane<LaneStatement, Buffer[]>, status: Status) {
    this.#lane = lane;
    this.#status = status;
  }

  readonly handlePacket = (packet: Packet): void => {
    try {
      this.#handle(packet);
    } catch (cause) {
      const message = "The server does not speak the protocol of MySQL";
      this.#lane.fail(new ConnectorError("unavailable", message, { cause }));
    }
  };

  #handle(packet: Packet): void {
    const lane = this.#lane;
    const { first } = lane;
    // Else an answer could be taken for that to another statement.
    if (packet.sequenceId !== this.#sequence) throw new Error("A packet is out of order");
    this.#sequence = (this.#sequence + packet.numPackets) & 0xff;
    if (first.handlePacket(packet)) {
      this.#sequence = 1;
      lane.next({ isIdle: (this.#status.flags & IN_TRANSACTION) === 0 });
    } else if (first.isTooLarge) lane.stall();
  }
}
