/** The server's messages on the connection of a lane, handed to the statement that they answer. */
import type { Lane } from "../../../contracts/sql/lanes/lane.ts";
import type { Occupant } from "../../../contracts/sql/lanes/occupant.ts";
import type { AnswerReceiver } from "../wire/frames.ts";
import type { Messages } from "../wire/messages.ts";

const READY_FOR_QUERY = 0x5a;
const IDLE = 0x49;

/** What stands in a lane of PostgreSQL's: each with a Sync of its own, so that the failure of one is nobody else's. */
export interface LaneStatement extends Occupant<Messages> {
  handleMessage(type: number, bytes: Buffer, start: number, end: number): void;
}

export class LaneAnswers implements AnswerReceiver {
  readonly #lane: Lane<LaneStatement, Messages>;

  constructor(lane: Lane<LaneStatement, Messages>) {
    this.#lane = lane;
  }

  handleMessage(type: number, bytes: Buffer, start: number, end: number): void {
    const lane = this.#lane;
    if (type === READY_FOR_QUERY) return lane.next({ isIdle: bytes[start] === IDLE });
    const { first } = lane;
    first.handleMessage(type, bytes, start, end);
    if (first.isTooLarge) lane.stall();
  }

  fail(error: unknown): void {
    this.#lane.fail(error);
  }
}
