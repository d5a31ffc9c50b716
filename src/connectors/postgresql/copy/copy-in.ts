/**
 * COPY … FROM STDIN (PostgreSQL manual, "COPY Operations"): the server takes data until it is told that there is no more.
 *
 * Sent by the simple protocol, with a text of busbar's own: after an error in it the server ignores what is still on its
 * way, and says by itself when it is ready again.
 */
import { ConnectorError } from "../../../core/errors.ts";

/** What the driver's connection offers to it. */
interface Wire {
  readonly stream: {
    readonly writable: boolean;
    write(bytes: Uint8Array): boolean;
    once(event: string, listener: () => void): void;
    removeListener(event: string, listener: () => void): void;
  };
  query(text: string): void;
  endCopyFrom(): void;
  sendCopyFail(reason: string): void;
  on(event: string, listener: () => void): void;
  removeListener(event: string, listener: () => void): void;
}

export class CopyIn {
  /** How many rows the server took. Settles when the server is ready for the next statement. */
  readonly answer: Promise<number>;
  readonly #sql: string;
  /** Settles when the server takes data, or never will. */
  readonly #opened: Promise<void>;
  #wire: Wire | undefined;
  #count = 0;
  #failure: { readonly error: unknown } | undefined;
  #isOpen = false;
  #isOver = false;
  #open!: () => void;
  #resolve!: (count: number) => void;
  #reject!: (error: unknown) => void;

  constructor(sql: string) {
    this.#sql = sql;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.#opened = new Promise((resolve) => (this.#open = resolve));
  }

  /** Whether the server, or the connection, gave up. */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** Sends messages that are framed already, as fast as the socket takes them; nothing where it is over. */
  async send(messages: readonly Uint8Array[]): Promise<void> {
    await this.#opened;
    for (const message of messages) {
      if (this.#isOver || this.#failure !== undefined) return;
      if (!this.#wire!.stream.write(message)) await this.#drained(this.#wire!.stream);
    }
  }

  /** There is no more. */
  end(): void {
    if (this.#isOpen && this.#failure === undefined) this.#wire!.endCopyFrom();
  }

  /** Nothing of it shall be kept. */
  fail(): void {
    if (this.#isOpen && this.#failure === undefined) this.#wire!.sendCopyFail("given up by the client");
  }

  /** Called by the driver when it is its turn. */
  submit(wire: Wire): Error | null {
    if (!wire.stream.writable) return new Error("Connection terminated");
    this.#wire = wire;
    wire.query(this.#sql);
    return null;
  }

  handleCopyInResponse(): void {
    this.#isOpen = true;
    this.#open();
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    this.#count = Number(/\d+$/.exec(text)?.[0] ?? 0);
  }

  handleReadyForQuery(): void {
    this.#settle();
  }

  /** An error of the server, which is ready soon; or of the connection, after which nothing comes. */
  handleError(error: Error): void {
    if (this.#wire === undefined) {
      this.#failure = {
        error: new ConnectorError("connection_lost", error.message, { outcome: "none", cause: error }),
      };
    } else this.#failure ??= { error };
    this.#open();
    if (this.#wire === undefined || !("severity" in error)) return this.#settle();
    // From here on the driver no longer tells this statement what happens.
    this.#wire.on("readyForQuery", this.#onOver);
    this.#wire.on("end", this.#onOver);
  }

  readonly #onOver = (): void => {
    this.#wire!.removeListener("readyForQuery", this.#onOver);
    this.#wire!.removeListener("end", this.#onOver);
    this.#settle();
  };

  #settle(): void {
    this.#isOver = true;
    this.#open();
    if (this.#failure === undefined) this.#resolve(this.#count);
    else this.#reject(this.#failure.error);
  }

  /** Resolves when the socket takes more, or the copy is over. */
  #drained(stream: Wire["stream"]): Promise<void> {
    return new Promise((resolve) => {
      const go = (): void => {
        stream.removeListener("drain", go);
        stream.removeListener("close", go);
        resolve();
      };
      stream.once("drain", go);
      stream.once("close", go);
      void this.answer.then(go, go);
    });
  }
}
