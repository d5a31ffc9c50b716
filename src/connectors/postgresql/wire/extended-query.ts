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
import { encodeParameters, needsTypes, type Parameter } from "../values/parameters.ts";
import { RowReader, type Field } from "./row-reader.ts";

/** What the driver's connection offers to a submittable; its types name only a part of it. */
export interface Wire {
  readonly stream: { readonly writable: boolean; cork(): void; uncork(): void; destroy(): void };
  parse(message: { readonly text: string }): void;
  bind(message: { readonly portal: string; readonly values: readonly Parameter[] }): void;
  describe(message: { readonly type: "P" | "S"; readonly name: string }): void;
  execute(message: { readonly portal: string; readonly rows: number }): void;
  flush(): void;
  sync(): void;
  sendCopyFail(reason: string): void;
  on(event: string, listener: (message: never) => void): void;
  removeListener(event: string, listener: (message: never) => void): void;
}

export interface QueryRequest {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** Refuses what answers with no rows before it is run. */
  readonly rowsOnly?: boolean | undefined;
  /** Stops and fails with `too_large` where there are more rows, or more bytes in them. */
  readonly maxRows?: number | undefined;
  readonly maxBytes?: number | undefined;
  /** Fetches from a named portal, at most `rows` at a time; `fields` where it is open already. */
  readonly portal?: { readonly name: string; readonly rows: number; readonly fields?: readonly Field[] };
}

export interface QueryAnswer {
  readonly rows: readonly Row[];
  readonly fields: readonly Field[];
  /** What the server says it has done: `INSERT 0 1`. */
  readonly tag: string;
  /** The portal has more rows. */
  readonly hasMore: boolean;
}

export class ExtendedQuery {
  readonly answer: Promise<QueryAnswer>;
  readonly #request: QueryRequest;
  readonly #reader = new RowReader();
  readonly #stop: (() => void) | undefined;
  readonly #maxRows: number;
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

  /** `stop` asks the server to end the statement. */
  constructor(request: QueryRequest, stop?: () => void) {
    this.#request = request;
    this.#stop = stop;
    this.#maxRows = request.maxRows ?? Infinity;
    this.#bytesLeft = request.maxBytes ?? Infinity;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** Called by the driver when it is this statement's turn. */
  submit(wire: Wire): Error | null {
    if (!wire.stream.writable) return new Error("Connection terminated");
    const { sql, values, rowsOnly = false, portal } = this.#request;
    this.#wire = wire;
    wire.stream.cork();
    try {
      if (portal?.fields !== undefined) {
        this.#reader.describe(portal.fields);
        this.#execute();
      } else if (rowsOnly || needsTypes(values)) {
        this.#isListening = true;
        wire.on("parameterDescription", this.#onTypes);
        wire.on("noData", this.#onNoData);
        wire.parse({ text: sql });
        wire.describe({ type: "S", name: "" });
        wire.flush();
      } else {
        const encoded = encodeParameters(values);
        wire.parse({ text: sql });
        this.#bind(encoded);
        wire.describe({ type: "P", name: portal?.name ?? "" });
        this.#execute();
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      wire.stream.uncork();
    }
    return null;
  }

  handleRowDescription({ fields }: { readonly fields: readonly Field[] }): void {
    this.#reader.describe(fields);
    if (this.#types !== undefined) this.#bindDescribed();
  }

  handleDataRow({ length, fields }: { readonly length: number; readonly fields: readonly (string | null)[] }): void {
    if (this.#failure !== undefined) return;
    this.#bytesLeft -= length;
    if (this.#bytesLeft < 0 || this.#reader.rows.length >= this.#maxRows) return this.#refuseMore();
    try {
      this.#reader.add(fields);
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
    if (this.#request.rowsOnly === true) this.#fail(noRows());
    else this.#bindDescribed();
  };

  readonly #onOver = (): void => this.#settle(this.#failure);

  /** What is still on its way is dropped. */
  #refuseMore(): void {
    const what = this.#bytesLeft < 0 ? `maxBytes (${this.#request.maxBytes})` : `maxRows (${this.#maxRows})`;
    const error = new ConnectorError("too_large", `The answer has more than ${what} allows`, {
      outcome: "none",
      hint: "Ask for less, allow more, or read it with `queryStream`.",
    });
    this.#reader.rows.length = 0;
    this.#failure = { error };
    this.#stop?.();
  }

  #bindDescribed(): void {
    const types = this.#types;
    this.#types = undefined;
    this.#wire!.stream.cork();
    try {
      this.#bind(encodeParameters(this.#request.values, types));
      this.#execute();
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#wire!.stream.uncork();
    }
  }

  #bind(values: readonly Parameter[]): void {
    this.#wire!.bind({ portal: this.#request.portal?.name ?? "", values });
  }

  #execute(): void {
    const { name = "", rows = 0 } = this.#request.portal ?? {};
    this.#wire!.execute({ portal: name, rows });
    this.#sync();
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
    if (failure === undefined) {
      const { rows, fields } = this.#reader;
      this.#resolve({ rows, fields, tag: this.#tag, hasMore: this.#hasMore });
      return;
    }
    this.#wire!.removeListener("readyForQuery", this.#onOver);
    this.#wire!.removeListener("end", this.#onOver);
    this.#reject(failure.error);
  }
}

function noCopy(): ConnectorError {
  return new ConnectorError("unsupported", "COPY from or to the client does not go through `query`", {
    outcome: "none",
  });
}

function noRows(): ConnectorError {
  return new ConnectorError("permission_denied", "Only statements that answer with rows are run here", {
    outcome: "none",
    hint: "Only reading is allowed here.",
  });
}
