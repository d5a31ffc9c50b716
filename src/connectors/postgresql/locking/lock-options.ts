/** `withLock` of the connector, as its callers see it. */
import { z } from "zod";
import type { CallOptions } from "../../../core/call.ts";
import { write } from "../../../core/operation.ts";
import type { HeldLock } from "./with-lock.ts";

/** What one call of `withLock` can be told beside key and work. */
export interface LockOptions extends CallOptions {
  /** Default: true. False fails at once, with `contention`, where somebody else has the lock. */
  readonly wait?: boolean | undefined;
}

/** `withLock` of the connector. */
export interface WithLock {
  /**
   * Runs `work` while no other `withLock` of the same key runs anywhere on the database; `timeout` is the limit of waiting
   * and work together. The work is never run twice. What it throws is thrown on; where the lock was lost meanwhile, the
   * call fails with `connection_lost`, and the work has been told by its `signal`.
   */
  <T>(key: string, work: (lock: HeldLock) => Promise<T>, options?: LockOptions): Promise<T>;
}

/** What it is to the policies: nothing that may be repeated. */
export const lockOperation = write("Runs work under an advisory lock.", z.strictObject({}), z.unknown());
