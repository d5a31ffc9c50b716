/** Prepares a statement on the connection of a lane, between the statements of others. */
import type { Field } from "../values/shape.ts";
import { Shape } from "../values/shape.ts";
import type { Prepared } from "../statements/statement-cache.ts";
import type { Messages } from "../wire/messages.ts";
import type { LaneStatement } from "./answers.ts";

const PARAMETER_DESCRIPTION = 0x74;
const ROW_DESCRIPTION = 0x54;
const ERROR_RESPONSE = 0x45;
/** Of a field's description, between its name and its type, and after that. */
const BEFORE_TYPE = 6;
const AFTER_TYPE = 8;

export class Preparation implements LaneStatement {
  readonly call = undefined;
  readonly sql: string;
  headSince = 0;
  readonly isTooLarge = false;
  readonly mayBeStruck = false;
  readonly refusal = undefined;
  readonly #name: string;
  readonly #onPrepared: (prepared: Prepared) => void;
  #types: readonly number[] = [];
  #shape: Shape | undefined;
  #hasFailed = false;

  constructor(sql: string, name: string, onPrepared: (prepared: Prepared) => void) {
    this.sql = sql;
    this.#name = name;
    this.#onPrepared = onPrepared;
  }

  write(messages: Messages): boolean {
    messages.parse(this.#name, this.sql).describeStatement(this.#name).sync();
    return true;
  }

  handleMessage(type: number, bytes: Buffer, start: number): void {
    if (type === ERROR_RESPONSE) this.#hasFailed = true;
    else if (type === PARAMETER_DESCRIPTION)
      this.#types = Array.from({ length: bytes.readUInt16BE(start) }, (_, at) =>
        bytes.readUInt32BE(start + 2 + at * 4),
      );
    else if (type === ROW_DESCRIPTION) this.#shape = new Shape(fieldsOf(bytes, start), true);
  }

  settle(): void {
    if (!this.#hasFailed) this.#onPrepared({ name: this.#name, types: this.#types, shape: this.#shape });
  }

  /** Whoever wanted the statement runs it by itself. */
  fail(): void {}

  startAgain(): void {}
}

function fieldsOf(bytes: Buffer, start: number): Field[] {
  let at = start + 2;
  return Array.from({ length: bytes.readUInt16BE(start) }, () => {
    const stop = bytes.indexOf(0, at);
    const name = bytes.toString("utf8", at, stop);
    const dataTypeID = bytes.readUInt32BE(stop + 1 + BEFORE_TYPE);
    at = stop + 1 + BEFORE_TYPE + 4 + AFTER_TYPE;
    return { name, dataTypeID };
  });
}
