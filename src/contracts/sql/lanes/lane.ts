/**
 * A connection that several calls share: their statements are sent one behind the other, without waiting for answers,
 * many in one write (PostgreSQL manual, "Pipelining"; in MariaDB's words as well), each a transaction of its own.
 *
 * What stands in front delays what stands behind. So only brief statements come in, and one that is not answered soon all
 * the same is cancelled at the server and run again on a connection of its own: a cancelled statement has had no effect.
 * Whatever else the cancellation may have struck, as it names a connection and no statement, is run again likewise. A
 * caller who gives up merely goes away: nothing is cancelled for it, and nobody else notices.
 */
import type { Clock, Timer } from "../../../core/clock.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { Occupant } from "./occupant.ts";

/** Statements that are sent and not answered. */
const MOST_AT_ONCE = 48;
/** So long may the one in front take. */
const PATIENCE_MS = 50;
/** After so long, a connection with nobody waiting is given up. */
const GRACE_MS = 1_000;

/** Where a lane leads. */
export interface LaneHooks<O, Out> {
  readonly clock: Clock;
  /** Makes what collects the packets of so many statements. */
  collect(this: void, statements: number): Out;
  write(this: void, collected: Out): void;
  /** Asks the server to end what runs; resolves when the request can no longer strike. Never rejects. */
  cancel(this: void): Promise<void>;
  /** The connection cannot be trusted any more. */
  destroy(this: void): void;
  /** The one in front took too long. */
  onSlow(this: void, occupant: Occupant<Out>): void;
  /** The server did not run it here. */
  onRefused(this: void, occupant: O): void;
  /** Nothing is under way any more. */
  onIdle(this: void): void;
}

/** The statements of one connection, in order. */
export class Lane<O extends Occupant<Out>, Out> {
  readonly #hooks: LaneHooks<O, Out>;
  /** Sent, in order. */
  readonly #sent: O[] = [];
  /** The first of `#sent` that is not answered. */
  #at = 0;
  #waiting: O[] = [];
  #flush: NodeJS.Immediate | undefined;
  #watch: Timer | undefined;
  #isStalled = false;
  #cancelling: Promise<void> | undefined;

  constructor(hooks: LaneHooks<O, Out>) {
    this.#hooks = hooks;
  }

  /** Calls under way. */
  get size(): number {
    return this.#sent.length - this.#at + this.#waiting.length;
  }

  get hasRoom(): boolean {
    return !this.#isStalled && this.size < MOST_AT_ONCE;
  }

  add(exchange: O): void {
    this.#waiting.push(exchange);
    // What other callers ask in this turn of the event loop goes in the same write.
    this.#flush ??= setImmediate(this.#send);
  }

  readonly #send = (): void => {
    this.#flush = undefined;
    const waiting = this.#waiting;
    this.#waiting = [];
    const collected = this.#hooks.collect(waiting.length);
    const wasEmpty = this.#at === this.#sent.length;
    for (const exchange of waiting) {
      const { cancelled } = exchange.call ?? {};
      try {
        if (cancelled !== undefined) throw cancelled;
        if (exchange.write(collected)) this.#sent.push(exchange);
        else exchange.startAgain();
      } catch (error) {
        exchange.fail(error);
      }
    }
    if (this.#at === this.#sent.length) return this.#rest();
    this.#hooks.write(collected);
    if (wasEmpty) this.#lead();
  };

  /** The one that the server answers now. Throws where nobody has asked. */
  get first(): O {
    const first = this.#sent[this.#at];
    if (first === undefined) throw new Error("The server answers what nobody asked");
    return first;
  }

  /** The one in front is answered; `isIdle`: outside of any transaction. */
  next({ isIdle }: { readonly isIdle: boolean }): void {
    const exchange = this.first;
    this.#at++;
    if (!isIdle) {
      exchange.settle();
      return this.fail(new Error("A statement left a transaction open"));
    }
    const isRefused = exchange.refusal !== undefined;
    if (isRefused) this.#hooks.onRefused(exchange);
    if (isRefused || (this.#isStalled && exchange.mayBeStruck)) exchange.startAgain();
    else exchange.settle();
    this.#lead();
  }

  /** The connection is gone, and with it whatever was sent. */
  fail(error: unknown): void {
    if (this.#flush !== undefined) clearImmediate(this.#flush);
    this.#watch?.cancel();
    this.#isStalled = true;
    for (const exchange of this.#sent.splice(0).slice(this.#at)) exchange.fail(error);
    this.#at = 0;
    const unsent = new ConnectorError("connection_lost", "The connection was lost", { outcome: "none", cause: error });
    for (const exchange of this.#waiting.splice(0)) exchange.fail(unsent);
    this.#hooks.destroy();
    this.#hooks.onIdle();
  }

  /** Another one is in front now. */
  #lead(): void {
    if (this.#at === this.#sent.length) {
      this.#sent.length = 0;
      this.#at = 0;
      if (this.#waiting.length === 0) this.#rest();
      return;
    }
    if (this.#at >= 1_024) {
      this.#sent.splice(0, this.#at);
      this.#at = 0;
    }
    this.#sent[this.#at]!.headSince = this.#hooks.clock.now();
    this.#watch ??= this.#hooks.clock.timeout(PATIENCE_MS, this.#lookSoon);
  }

  /** After an answer has been read that came while the event loop was held up. */
  readonly #lookSoon = (): void => void setImmediate(this.#look);

  readonly #look = (): void => {
    this.#watch?.cancel();
    this.#watch = undefined;
    const first = this.#sent[this.#at];
    if (first === undefined) return;
    const waited = this.#hooks.clock.now() - first.headSince;
    if (waited >= PATIENCE_MS) this.stall();
    // A server that answers not even that, and nobody is left who waits for it.
    if (waited >= GRACE_MS && this.#sent.slice(this.#at).every(({ call }) => call?.cancelled !== undefined))
      return this.fail(new ConnectorError("timeout", `The database did not answer within ${GRACE_MS} ms`));
    this.#watch = this.#hooks.clock.timeout(PATIENCE_MS, this.#lookSoon);
  };

  /** Takes nothing new until it is empty, and ends the one in front. */
  stall(): void {
    this.#isStalled = true;
    if (this.#cancelling !== undefined) return;
    this.#hooks.onSlow(this.first);
    this.#cancelling = this.#hooks.cancel().finally(() => {
      this.#cancelling = undefined;
      if (this.size === 0) this.#rest();
    });
  }

  #rest(): void {
    if (this.size > 0 || this.#cancelling !== undefined) return;
    this.#watch?.cancel();
    this.#watch = undefined;
    this.#hooks.onIdle();
  }
}
