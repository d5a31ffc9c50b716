/**
 * One SELECT in a lane.
 *
 * The connection of a lane is READ ONLY, so a SELECT that writes through a function, or locks, is refused there by the
 * server itself, and run by itself. So whatever has run in a lane may be run again, and has to be where KILL QUERY may
 * have struck it: not everything that is struck fails (BENCHMARK and GET_LOCK answer as if nothing were).
 */
import type { SqlResult } from "../../../contracts/sql/connection.ts";
import { SharedStatement, type Asked } from "../../../contracts/sql/lanes/shared-statement.ts";
import { Execution, type Carrier } from "../protocol/execution.ts";
import type { Status } from "../protocol/ok.ts";
import { writeHeader, type Packet } from "../protocol/packet.ts";
import { errnoOf } from "../answers/answer.ts";
import { otherNumber } from "../statements/refusals.ts";
import { encodeParameters, forStatement } from "../values/parameters.ts";
import type { Prepared } from "../wire/client.ts";
import type { LaneStatement } from "./answers.ts";

/** More than that holds others up. */
const MOST_BYTES = 64 * 1024;
/** Unknown statement (another server behind a proxy), to be prepared again, not in a READ ONLY transaction. */
const REFUSALS: readonly unknown[] = [1243, 1615, 1792];
const NOTHING = Buffer.alloc(0);

/** What a statement of a lane needs of its connection. */
export interface LaneSide {
  readonly status: Status;
  readonly isExtended: boolean;
}

export class SharedSelect extends SharedStatement implements LaneStatement {
  readonly #prepared: Prepared;
  readonly #carrier: Carrier;
  readonly #execution: Execution;
  protected columns: SqlResult["columns"] = [];

  constructor(asked: Asked, prepared: Prepared, { status, isExtended }: LaneSide) {
    super(asked);
    this.#prepared = prepared;
    this.#carrier = { _mariadbExtendedMetadata: isExtended, _resetSequenceId: notHere, writePacket: notHere };
    this.#execution = new Execution(NOTHING, {
      holder: prepared,
      status,
      sink: {
        row: (row, bytes) => {
          if (!this.hasRoomFor(bytes)) return false;
          this.rows.push(row);
          return true;
        },
        over: ({ shape }) => {
          if (shape === undefined) this.failure ??= { error: new Error("A prepared SELECT was answered without rows") };
          else this.columns = shape.columns;
        },
        failed: (error) => (this.failure ??= { error }),
      },
    });
  }

  get refusal(): unknown {
    const error = this.failure?.error;
    return REFUSALS.includes(errnoOf(error)) ? error : undefined;
  }

  get mayBeStruck(): boolean {
    return this.call?.cancelled === undefined;
  }

  write(out: Buffer[]): boolean {
    const { values } = this.asked.statement;
    const { id, parameters } = this.#prepared;
    if (parameters.length !== values.length) throw otherNumber();
    const packet = forStatement(encodeParameters(values), id);
    if (packet.length > MOST_BYTES) return false;
    writeHeader(packet, 0);
    out.push(packet);
    return true;
  }

  handlePacket(packet: Packet): boolean {
    return this.#execution.execute(packet, this.#carrier);
  }
}

/** Nothing but the statement itself is sent in a lane. */
function notHere(): never {
  throw new Error("A prepared SELECT asks for more than its parameters");
}
