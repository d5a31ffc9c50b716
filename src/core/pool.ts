/**
 * Connections that many callers share, one at a time each.
 *
 * The pool grows when somebody waits and shrinks when nobody does. Callers are served in order of arrival by whatever
 * comes first: a connection given back, or a new one. A new connection is made *for* one caller: if it fails, that caller
 * is told and nobody else; if the caller has been served or has gone meanwhile, the connection goes to the next, or waits
 * idle; it is never lost. Whoever is left waiting after a failure gets an attempt of their own, so no queue stands still.
 *
 * A connection can die while nobody looks. Its owner tells the pool (`onLost`), which lets go of it at once; and one that
 * has stood idle for longer than `trustMs` is checked before it is handed out (HikariCP's bypass window), so that a call
 * after a failover starts on a connection that lives. If the check fails, what stood idle as long is let go of as well.
 *
 * Every connection carries the generation in which it was made. `retire` begins a new one: idle connections of the old
 * are closed, busy ones when they come back. So credentials can change without a call noticing. A connection keeps its place
 * until it is closed, so that there are never more of them than allowed: the system may count them as well.
 */
import { orAborted } from "./abort.ts";
import type { Call } from "./call.ts";
import type { Timer } from "./clock.ts";
import { ConnectorError } from "./errors.ts";
import type { PoolSettings } from "./pool-settings.ts";
import { LinkedList } from "./linked-list.ts";

type Caller = Pick<Call, "cancelled" | "onCancel" | "record">;

interface Member<T> {
  readonly generation: number;
  connection?: T;
  isLost: boolean;
  isBusy: boolean;
  idleSince: number;
}

interface Waiter<T> {
  /** A connection is or was being made for this one. */
  hasOwn: boolean;
  readonly resolve: (connection: T) => void;
  readonly reject: (reason: unknown) => void;
}

export class Pool<T extends object> {
  readonly #settings: PoolSettings<T>;
  readonly #members = new Map<T, Member<T>>();
  /** Least recently used first. */
  readonly #idle: Member<T>[] = [];
  readonly #waiters = new LinkedList<Waiter<T>>();
  readonly #opening = new Set<AbortController>();
  readonly #ending = new Set<Promise<void>>();
  /** Places of connections that are being closed in good order, and of those outside the pool. */
  #taken = 0;
  #checking = 0;
  #generation = 0;
  #idleTimer: Timer | undefined;
  #closing: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;

  constructor(settings: PoolSettings<T>) {
    this.#settings = settings;
  }

  /** Connections there are, those being made and being closed included. */
  get size(): number {
    return this.#members.size + this.#opening.size + this.#taken;
  }

  get idle(): number {
    return this.#idle.length;
  }

  /** Callers in the queue. */
  get waiting(): number {
    return this.#waiters.size;
  }

  /** Whether a caller would get a connection without waiting for another caller. */
  get hasRoom(): boolean {
    return this.#idle.length > 0 || this.size < this.#settings.max;
  }

  /** A connection of one's own until `release`. Rejects as soon as the call is cancelled. */
  checkout(caller?: Caller): Promise<T> {
    if (this.#closing !== undefined) return Promise.reject(closed());
    if (caller?.cancelled !== undefined) return Promise.reject(caller.cancelled);
    const last = this.#idle.at(-1);
    if (last === undefined || !this.#isTrusted(last)) return this.#wait(caller);
    this.#idle.pop();
    last.isBusy = true;
    return Promise.resolve(last.connection!);
  }

  /** Gives a connection back; a broken one is closed. What is not checked out is ignored. */
  release(connection: T, { broken = false }: { readonly broken?: boolean } = {}): void {
    const member = this.#members.get(connection);
    if (member?.isBusy !== true) return;
    const isBroken = broken || member.isLost || this.#settings.isBroken(connection);
    if (isBroken || member.generation !== this.#generation || this.#closing !== undefined) {
      void this.#end(connection, isBroken);
      return this.#supply();
    }
    const waiter = this.#waiters.shift();
    if (waiter !== undefined) return waiter.resolve(connection);
    member.isBusy = false;
    member.idleSince = this.#settings.clock.now();
    this.#idle.push(member);
    this.#armIdleTimer();
  }

  /** From now on, only connections made after this call are handed out. */
  retire(): void {
    this.#generation++;
    this.#endIdle(() => true);
    this.#supply();
  }

  /**
   * Closes a connection that was checked out, so that one outside the pool can have its place. Resolves, when it is closed,
   * with how to give the place back.
   */
  async vacate(connection: T): Promise<() => void> {
    this.#taken++;
    await this.#end(connection, false);
    return () => {
      this.#taken--;
      this.#supply();
    };
  }

  /** Refuses waiters and new callers, waits up to `graceMs` for busy connections to come back, and ends them all. */
  close(graceMs: number): Promise<void> {
    return (this.#closing ??= Promise.resolve().then(() => this.#close(graceMs)));
  }

  async #close(graceMs: number): Promise<void> {
    for (const waiter of this.#waiters) waiter.reject(closed());
    for (const abort of this.#opening) abort.abort(closed());
    this.#endIdle(() => true);
    if (this.#members.size > 0)
      await new Promise<void>((resolve) => {
        const timer = this.#settings.clock.after(graceMs, resolve);
        this.#onEmpty = () => {
          timer.cancel();
          resolve();
        };
      });
    for (const connection of [...this.#members.keys()]) void this.#end(connection, true);
    await Promise.all(this.#ending);
  }

  #wait(caller: Caller | undefined): Promise<T> {
    const { clock } = this.#settings;
    const startedAt = clock.now();
    const { record } = caller ?? {};
    const stage = record?.stage;
    return new Promise((resolve, reject) => {
      let stopListening = (): void => {};
      const leave = (): void => {
        stopListening();
        if (record !== undefined) record.addWait("waiting for a connection", clock.now() - startedAt);
      };
      const waiter: Waiter<T> = {
        hasOwn: false,
        resolve(connection) {
          leave();
          if (record !== undefined) record.stage = stage!;
          resolve(connection);
        },
        reject: (reason) => {
          if (!this.#waiters.remove(link)) return;
          leave();
          reject(reason);
        },
      };
      if (record !== undefined) record.stage = "waiting for a connection";
      const link = this.#waiters.push(waiter);
      if (caller !== undefined) stopListening = caller.onCancel(waiter.reject);
      this.#supply();
    });
  }

  /** Sees to it that for each waiter something is under way, as far as the pool may grow. */
  #supply(): void {
    while (this.#closing === undefined && this.#waiters.size > this.#opening.size + this.#checking) {
      const member = this.#idle.pop();
      if (member !== undefined) void this.#prove(member);
      else if (this.size < this.#settings.max) void this.#open();
      else return;
    }
  }

  async #open(): Promise<void> {
    const waiter = this.#firstWithoutOwn();
    waiter.hasOwn = true;
    const abort = new AbortController();
    this.#opening.add(abort);
    try {
      const connection = await this.#make(abort);
      this.#opening.delete(abort);
      this.release(connection);
    } catch (error) {
      this.#opening.delete(abort);
      waiter.reject(error);
      this.#supply();
    }
  }

  #firstWithoutOwn(): Waiter<T> {
    for (const waiter of this.#waiters) if (!waiter.hasOwn) return waiter;
    return this.#waiters.first!;
  }

  async #make(abort: AbortController): Promise<T> {
    const { clock, connectionTimeoutMs: limitMs, open, close } = this.#settings;
    const member: Member<T> = { generation: this.#generation, isLost: false, isBusy: true, idleSince: 0 };
    const onLost = (): void => {
      member.isLost = true;
      if (member.connection !== undefined && !member.isBusy) void this.#end(member.connection, true);
    };
    const timer = limitMs > 0 ? clock.timeout(limitMs, () => abort.abort(tooSlow(limitMs))) : undefined;
    const made = open(abort.signal, onLost).finally(() => timer?.cancel());
    // Too late for its caller and no longer counted: it must not stay.
    member.connection = await orAborted(made, abort.signal, (late) => void this.#track(close(late, true)));
    this.#members.set(member.connection, member);
    if (!member.isLost) return member.connection;
    void this.#end(member.connection, true);
    throw new ConnectorError("connection_lost", "The connection broke as soon as it was made", { outcome: "none" });
  }

  /** Hands an idle connection to whoever waits first, if it works. */
  async #prove(member: Member<T>): Promise<void> {
    const connection = member.connection!;
    member.isBusy = true;
    if (this.#isTrusted(member) || this.#settings.isBroken(connection)) return this.release(connection);
    const startedAt = this.#settings.clock.now();
    this.#checking++;
    const works = await this.#settings.check(connection).catch(() => false);
    this.#checking--;
    if (!works) this.#endIdle(({ idleSince }) => idleSince <= startedAt);
    this.release(connection, { broken: !works });
  }

  #isTrusted({ connection, idleSince }: Member<T>): boolean {
    const { clock, trustMs, isBroken } = this.#settings;
    return clock.now() - idleSince <= trustMs && !isBroken(connection!);
  }

  #endIdle(isMeant: (member: Member<T>) => boolean): void {
    for (const member of this.#idle.filter(isMeant)) void this.#end(member.connection!, false);
  }

  async #end(connection: T, isBroken: boolean): Promise<void> {
    const member = this.#members.get(connection);
    if (member === undefined) return;
    this.#members.delete(connection);
    const at = this.#idle.indexOf(member);
    if (at >= 0) this.#idle.splice(at, 1);
    if (this.#idle.length === 0) {
      this.#idleTimer?.cancel();
      this.#idleTimer = undefined;
    }
    const ended = this.#track(this.#settings.close(connection, isBroken));
    if (this.#members.size === 0) this.#onEmpty?.();
    if (isBroken) return;
    this.#taken++;
    await ended;
    this.#taken--;
    this.#supply();
  }

  #track(ending: Promise<void>): Promise<void> {
    const over = ending.catch(() => {}).then(() => void this.#ending.delete(over));
    this.#ending.add(over);
    return over;
  }

  #armIdleTimer(): void {
    const { clock, idleTimeoutMs } = this.#settings;
    const [oldest] = this.#idle;
    if (idleTimeoutMs === 0 || oldest === undefined || this.#idleTimer !== undefined) return;
    this.#idleTimer = clock.after(oldest.idleSince + idleTimeoutMs - clock.now(), () => {
      this.#idleTimer = undefined;
      const now = clock.now();
      this.#endIdle(({ idleSince }) => idleSince + idleTimeoutMs <= now);
      this.#armIdleTimer();
    });
  }
}

function closed(): ConnectorError {
  return new ConnectorError("not_connected", "Connector not connected", { outcome: "none" });
}

function tooSlow(limitMs: number): ConnectorError {
  const hint = "Is a firewall in between, or is the system overloaded?";
  return new ConnectorError("timeout", `No connection within ${limitMs} ms`, { outcome: "none", hint });
}
