/**
 * Many rows by LOAD DATA LOCAL, which takes half the time of the longest INSERT.
 *
 * It is not as strict: what an INSERT refuses it makes fit, or leaves out, and counts a warning. So any warning fails the
 * whole, as the server says in words what it was about; the transaction around it keeps nothing then. Notes, which an
 * INSERT has as well, are switched off meanwhile.
 *
 * Rows with values that text cannot hold go in as statements between two loads.
 */
import type { Socket } from "node:net";
import type { Call } from "../../../core/call.ts";
import { toConnectorError } from "../../../core/classify.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { Loader, LoadTarget, SqlResult } from "../../../contracts/sql/connection.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import { classify } from "../errors.ts";
import type { Header } from "../protocol/ok.ts";
import type { LocalLoad } from "../protocol/local-load.ts";
import { NOTES_ON } from "../protocol/local-load.ts";
import { rowsAsText } from "./rows-as-text.ts";

/** What a load asks of its connection. */
export interface LoadHost {
  /** Runs a statement of busbar's own. */
  run(this: void, sql: string): Promise<SqlResult>;
  /** Begins a load: resolves when the server waits for rows, with the promise of its end. */
  begin(this: void): Promise<{ readonly load: LocalLoad; readonly end: Promise<Header> }>;
  /** Resolves when the socket takes more, or nothing any more. */
  drained(this: void): Promise<void>;
  /** Nothing of the transaction can be kept. */
  doom(this: void): void;
}

export class LocalLoader implements Loader {
  readonly #target: LoadTarget;
  readonly #host: LoadHost;
  readonly #call: Call | undefined;
  #current: Awaited<ReturnType<LoadHost["begin"]>> | undefined;
  /** Rows of the load that is under way, and those before it. */
  #sent = 0;
  #before = 0;
  #counted = 0;

  constructor(target: LoadTarget, host: LoadHost, call: Call | undefined) {
    this.#target = target;
    this.#host = host;
    this.#call = call;
  }

  async start(): Promise<void> {
    this.#current = await this.#host.begin();
  }

  readonly add = async (rows: readonly Row[]): Promise<number> => {
    const text = rowsAsText(rows, this.#target.columns, this.#before + this.#sent);
    if (text === undefined) {
      await this.#finish();
      this.#before += rows.length;
      return this.#target.insert(rows);
    }
    if (this.#current === undefined) await this.start();
    this.#call?.throwIfCancelled();
    this.#current!.load.send(text);
    this.#sent += rows.length;
    await this.#host.drained();
    return 0;
  };

  readonly end = async (): Promise<number> => {
    await this.#finish();
    await this.#host.run(NOTES_ON);
    return this.#counted;
  };

  readonly abandon = async (): Promise<void> => {
    const { load, end } = this.#current ?? {};
    this.#current = undefined;
    load?.finish();
    await end?.catch(() => {});
    await this.#host.run(NOTES_ON).catch(() => {});
    this.#host.doom();
  };

  async #finish(): Promise<void> {
    const { load, end } = this.#current ?? {};
    if (load === undefined || end === undefined) return;
    load.finish();
    const { affectedRows, warnings } = await end;
    this.#current = undefined;
    if (warnings > 0 || affectedRows !== this.#sent) throw await this.#reason();
    this.#counted += affectedRows;
    this.#before += this.#sent;
    this.#sent = 0;
  }

  /** What the server has to say of the first row that it did not take as it was. */
  async #reason(): Promise<ConnectorError> {
    const { rows } = await this.#host.run("SHOW WARNINGS LIMIT 1");
    const [first] = rows;
    if (first === undefined)
      return new ConnectorError("conflict", "The database left out rows, and does not say why", { outcome: "none" });
    const message = String(first["Message"]);
    const said = Object.assign(new Error(message), { errno: Number(first["Code"]), sqlState: "" });
    const error = toConnectorError(said, classify);
    const row = /at row (\d+)$/.exec(message)?.[1];
    if (row !== undefined) error.message = `Row ${this.#before + Number(row)}: ${error.message}`;
    error.outcome = "none";
    return error;
  }
}

/** Resolves when a socket takes more, or is over. */
export function onceDrained(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      socket.off("drain", done).off("close", done);
      resolve();
    };
    socket.on("drain", done).on("close", done);
  });
}
