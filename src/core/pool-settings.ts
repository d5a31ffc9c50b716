/** What a pool of connections is made with. */
import type { Clock } from "./clock.ts";

export interface PoolSettings<T extends object> {
  readonly clock: Clock;
  /** Most connections at a time, those being made included. */
  readonly max: number;
  /** Milliseconds without use after which a connection is closed; 0 keeps it. */
  readonly idleTimeoutMs: number;
  /** Most milliseconds for making one connection; 0 means no limit. */
  readonly connectionTimeoutMs: number;
  /** A connection that stood idle for longer is checked before it is handed out. */
  readonly trustMs: number;
  /** Makes one connection, and calls `onLost` when that breaks at any later time. */
  open(this: void, signal: AbortSignal, onLost: () => void): Promise<T>;
  /** Whether it is already known that a connection works no more. */
  isBroken(this: void, connection: T): boolean;
  /** Whether a connection that stood idle still works. Ends by itself. */
  check(this: void, connection: T): Promise<boolean>;
  /** Ends a connection, in good order unless it is broken. Ends by itself. */
  close(this: void, connection: T, isBroken: boolean): Promise<void>;
}
