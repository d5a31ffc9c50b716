/** One statement in a lane: what is sent for it, and what comes back. */
import type { SqlResult } from "../../../contracts/sql/connection.ts";
import { SharedStatement, type Asked } from "../../../contracts/sql/lanes/shared-statement.ts";
import { isOutdated } from "../statements/outdated.ts";
import type { Prepared } from "../statements/statement-cache.ts";
import { encodeParameters } from "../values/parameters.ts";
import type { Messages } from "../wire/messages.ts";
import { serverErrorOf } from "../wire/server-error.ts";
import type { LaneStatement } from "./answers.ts";

const DATA_ROW = 0x44;
const COMMAND_COMPLETE = 0x43;
const ERROR_RESPONSE = 0x45;
/** query_canceled. */
const CANCELLED = "57014";

export class Exchange extends SharedStatement implements LaneStatement {
  readonly #prepared: Prepared;

  constructor(asked: Asked, prepared: Prepared) {
    super(asked);
    this.#prepared = prepared;
  }

  write(messages: Messages): boolean {
    const { name, types, shape } = this.#prepared;
    const values = encodeParameters(this.asked.statement.values, types);
    messages
      .bind("", name, values, shape?.formats ?? [])
      .execute("", 0)
      .sync();
    return true;
  }

  handleMessage(type: number, bytes: Buffer, start: number, end: number): void {
    if (type === DATA_ROW) this.#add(bytes, start, end);
    else if (type === ERROR_RESPONSE) this.failure = { error: serverErrorOf(bytes, start, end) };
    else if (type === COMMAND_COMPLETE && bytes.toString("latin1", start, start + 6) !== "SELECT")
      this.failure = { error: new Error("A prepared SELECT was answered as something else") };
  }

  get refusal(): unknown {
    const error = this.failure?.error;
    return error !== undefined && isOutdated(error) ? error : undefined;
  }

  get mayBeStruck(): boolean {
    const { code } = (this.failure?.error ?? {}) as { readonly code?: unknown };
    return code === CANCELLED && this.call?.cancelled === undefined;
  }

  protected get columns(): SqlResult["columns"] {
    return this.#prepared.shape?.columns ?? [];
  }

  #add(bytes: Buffer, start: number, end: number): void {
    if (!this.hasRoomFor(end - start)) return;
    try {
      this.rows.push(this.#prepared.shape!.read(bytes, start, end));
    } catch (error) {
      this.failure = { error };
    }
  }
}
