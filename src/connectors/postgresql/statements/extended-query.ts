/**
 * One statement through the extended protocol: Parse, Bind, Execute, Sync (PostgreSQL manual, "Message Flow").
 *
 * Always extended, never the simple protocol, so that a text with several statements is refused by the server. And its
 * own submittable rather than the driver's query or cursor: it settles when the server is ready for the next statement,
 * not before, which is what makes cancelling safe; it can ask how the server understands a statement before it is run;
 * and it can fetch from a portal without hanging when the connection dies.
 */
import { ConnectorError } from "../../../core/errors.ts";
import type { Row } from "../../../contracts/sql/operations.ts";
import type { Statement } from "../../../contracts/sql/statement.ts";
import { tooLarge } from "../../../contracts/sql/too-large.ts";
import type { RowReceiver, RowTap } from "../wire/frames.ts";
import { Messages } from "../wire/messages.ts";
import { encodeParameters, needsTypes, type Parameter } from "../values/parameters.ts";
import { noCopy, noRows } from "./refusals.ts";
import { Shape, type Field } from "../values/shape.ts";
import type { Prepared, StatementCache } from "./statement-cache.ts";

/** What the driver's connection offers to a submittable; its types name only a part of it. */
export interface Wire {
  readonly stream: { readonly writable: boolean; write(bytes: Uint8Array): boolean; destroy(): void };
  sync(): void;
  sendCopyFail(reason: string): void;
  on(event: string, listener: (message: never) => void): void;
  removeListener(event: string, listener: (message: never) => void): void;
}

export interface QueryRequest extends Statement {
  /** Refuses what answers with no rows before it is run. */
  readonly rowsOnly?: boolean | undefined;
  /** Stops and fails with `too_large` where there are more rows, or more bytes in them. */
  readonly maxRows?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Fetches from a named portal, at most `rows` at a time; `shape` where it is open already. */
  readonly portal?: { readonly name: string; readonly rows: number; readonly shape?: Shape };
}

/** What a statement needs of its connection. */
export interface QueryHooks {
  readonly tap: RowTap;
  readonly cache: StatementCache;
  /** Asks the server to end the statement. */
  readonly stop?: (() => void) | undefined;
}

export interface QueryAnswer {
  readonly rows: readonly Row[];
  /** Undefined where it has no rows. */
  readonly shape: Shape | undefined;
  /** What the server says it has done: `INSERT 0 1`. */
  readonly tag: string;
  /** The portal has more rows. */
  readonly hasMore: boolean;
}

const NO_ROWS = new Shape([], false);

export class ExtendedQuery implements RowReceiver {
  readonly answer: Promise<QueryAnswer>;
  readonly #request: QueryRequest;
  readonly #hooks: QueryHooks;
  readonly #maxRows: number;
  readonly #rows: Row[] = [];
  #shape: Shape | undefined;
  /** The name that the statement is prepared under; empty is none. */
  #name = "";
  #isCached = false;
  #bytesLeft: number;
  #tag = "";
  #hasMore = false;
  #wire: Wire | undefined;
  #types: readonly number[] | undefined;
  #isListening = false;
  #isSynced = false;
  #failure: { readonly error: unknown } | undefined;
  #resolve!: (answer: QueryAnswer) => void;
  #reject!: (error: unknown) => void;

  constructor(request: QueryRequest, hooks: QueryHooks) {
    this.#request = request;
    this.#hooks = hooks;
    this.#maxRows = request.maxRows ?? Infinity;
    this.#bytesLeft = request.maxBytes ?? Infinity;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Whether it ran as a statement that was prepared by an earlier one. */
  get isCached(): boolean {
    return this.#isCached;
  }

  /** Called by the driver when it is this statement's turn. */
  submit(wire: Wire): Error | null {
    if (!wire.stream.writable) return new Error("Connection terminated");
    this.#wire = wire;
    this.#hooks.tap.receiver = this;
    try {
      this.#send(wire);
    } catch (error) {
      this.#fail(error);
    }
    return null;
  }

  #send(wire: Wire): void {
    const { sql, values, isOnce = false, rowsOnly = false, portal } = this.#request;
    const { cache } = this.#hooks;
    if (portal?.shape !== undefined) {
      this.#shape = portal.shape;
      return this.#write(new Messages().execute(portal.name, portal.rows));
    }
    const found = portal === undefined && !isOnce ? cache.find(sql) : undefined;
    if (typeof found === "object") return this.#sendCached(found);
    this.#name = found ?? "";
    if (rowsOnly || found !== undefined || portal !== undefined || needsTypes(values)) {
      this.#isListening = true;
      wire.on("parameterDescription", this.#onTypes);
      wire.on("noData", this.#onNoData);
      wire.stream.write(this.#begin(sql.length).parse(this.#name, sql).describeStatement(this.#name).flush().end());
      return;
    }
    const encoded = encodeParameters(values);
    const messages = this.#begin(sql.length).parse("", sql).bind("", "", encoded, NO_ROWS.formats);
    this.#write(messages.describePortal("").execute("", 0));
  }

  #sendCached({ name, types, shape }: Prepared): void {
    if (shape === undefined && this.#request.rowsOnly === true) return this.#fail(noRows());
    this.#isCached = true;
    this.#shape = shape;
    const encoded = encodeParameters(this.#request.values, types);
    this.#write(
      this.#begin()
        .bind("", name, encoded, (shape ?? NO_ROWS).formats)
        .execute("", 0),
    );
  }

  /** What goes before everything else: names that are no longer needed. */
  #begin(size?: number): Messages {
    const messages = new Messages(size);
    for (const name of this.#hooks.cache.takeClosing()) messages.closeStatement(name);
    return messages;
  }

  /** The last that is sent, with Sync behind it. */
  #write(messages: Messages): void {
    this.#isSynced = true;
    this.#wire!.stream.write(messages.sync().end());
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    // Before Bind the formats can be chosen; a portal has text.
    const isChosen = this.#types !== undefined;
    this.#shape = new Shape(fields, isChosen && !this.#hooks.tap.isOff);
    if (isChosen) this.#bindDescribed();
  }

  handleRow(bytes: Buffer, start: number, end: number): void {
    if (!this.#hasRoom(end - start)) return;
    try {
      this.#rows.push(this.#shape!.read(bytes, start, end));
    } catch (error) {
      this.#failure = { error };
    }
  }

  /** A row that the driver has read. */
  handleDataRow({ length, fields }: { readonly length: number; readonly fields: readonly (string | null)[] }): void {
    if (!this.#hasRoom(length)) return;
    try {
      this.#rows.push(this.#shape!.readTexts(fields));
    } catch (error) {
      this.#failure = { error };
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#tag = text;
    const error = this.#failure?.error;
    // It came to its end all the same, and what it wrote is kept.
    if (error instanceof ConnectorError && error.kind === "too_large" && !text.startsWith("SELECT"))
      error.outcome = "unknown";
  }

  handlePortalSuspended(): void {
    this.#hasMore = true;
  }

  handleEmptyQuery(): void {}

  handleCopyInResponse(wire: Wire): void {
    this.#failure ??= { error: noCopy() };
    wire.sendCopyFail("COPY has no data here");
    // The server took the first Sync for a part of the data.
    wire.sync();
  }

  handleCopyData(): void {
    this.#failure ??= { error: noCopy() };
  }

  handleReadyForQuery(): void {
    this.#settle(this.#failure);
  }

  /** An error of the server, after which it waits for Sync; or of the connection, after which nothing comes. */
  handleError(error: Error): void {
    if (this.#wire === undefined) {
      this.#reject(new ConnectorError("connection_lost", error.message, { outcome: "none", cause: error }));
    } else if ("severity" in error) {
      // From here on the driver no longer tells this statement what happens.
      this.#wire.on("readyForQuery", this.#onOver);
      this.#wire.on("end", this.#onOver);
      this.#fail(error);
    } else this.#settle({ error });
  }

  readonly #onTypes = ({ dataTypeIDs }: { readonly dataTypeIDs: readonly number[] }): void => {
    this.#types = dataTypeIDs;
  };

  readonly #onNoData = (): void => {
    if (this.#types === undefined) return;
    if (this.#request.rowsOnly === true) {
      if (this.#name !== "")
        this.#hooks.cache.keep(this.#request.sql, { name: this.#name, types: this.#types, shape: undefined });
      this.#fail(noRows());
    } else this.#bindDescribed();
  };

  readonly #onOver = (): void => this.#settle(this.#failure);

  #hasRoom(bytes: number): boolean {
    if (this.#failure !== undefined) return false;
    this.#bytesLeft -= bytes;
    if (this.#bytesLeft >= 0 && this.#rows.length < this.#maxRows) return true;
    this.#refuseMore();
    return false;
  }

  /** What is still on its way is dropped. */
  #refuseMore(): void {
    const bound = this.#bytesLeft < 0 ? `maxBytes (${this.#request.maxBytes})` : `maxRows (${this.#maxRows})`;
    this.#rows.length = 0;
    this.#failure = { error: tooLarge(bound) };
    this.#hooks.stop?.();
  }

  #bindDescribed(): void {
    const types = this.#types!;
    const { sql, values, portal } = this.#request;
    this.#types = undefined;
    const shape = this.#shape;
    if (this.#name !== "") this.#hooks.cache.keep(sql, { name: this.#name, types, shape });
    try {
      const encoded: readonly Parameter[] = encodeParameters(values, types);
      const { name = "", rows = 0 } = portal ?? {};
      this.#write(new Messages().bind(name, this.#name, encoded, (shape ?? NO_ROWS).formats).execute(name, rows));
    } catch (error) {
      this.#fail(error);
    }
  }

  #sync(): void {
    if (this.#isSynced) return;
    this.#isSynced = true;
    this.#wire!.sync();
  }

  /** Keeps the first error; the server says when it is over it. */
  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#sync();
  }

  #settle(failure: { readonly error: unknown } | undefined): void {
    if (this.#isListening) {
      this.#wire!.removeListener("parameterDescription", this.#onTypes);
      this.#wire!.removeListener("noData", this.#onNoData);
    }
    if (this.#hooks.tap.receiver === this) this.#hooks.tap.receiver = undefined;
    if (failure === undefined) {
      this.#resolve({ rows: this.#rows, shape: this.#shape, tag: this.#tag, hasMore: this.#hasMore });
      return;
    }
    this.#wire!.removeListener("readyForQuery", this.#onOver);
    this.#wire!.removeListener("end", this.#onOver);
    this.#reject(failure.error);
  }
}
