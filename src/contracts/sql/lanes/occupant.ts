/** What can stand in a lane. */
import type { Call } from "../../../core/call.ts";

/** One statement between those of others; `Out` is where the lane collects what is sent at once. */
export interface Occupant<Out> {
  readonly call: Call | undefined;
  readonly sql: string;
  /** When it came to the head of its lane; set by the lane. */
  headSince: number;
  /** Its answer is larger than allowed, and goes on coming. */
  readonly isTooLarge: boolean;
  /** Asked where its lane has cancelled something: this may be what was struck, and not because its caller asked. */
  readonly mayBeStruck: boolean;
  /** Why the server did not run it here, if so: it had no effect, and is run again by itself. */
  readonly refusal: unknown;
  /** False where it is to run by itself. Throws where a value cannot be sent. Nothing is written then. */
  write(out: Out): boolean;
  /** The server is ready for the next. */
  settle(): void;
  fail(error: unknown): void;
  /** Starts again on a connection of its own; its caller notices nothing. */
  startAgain(): void;
}
