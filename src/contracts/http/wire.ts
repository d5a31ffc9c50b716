/** A request and its answer as they cross the wire, and whoever carries them. */
import type { AnswerHeaders } from "./header-fields.ts";
import type { Scope } from "./scope.ts";

export interface WireRequest {
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
  readonly method: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body?: string | Uint8Array | undefined;
}

export interface WireAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: AnswerHeaders;
  /** As it came, compressed or not. */
  readonly body: Buffer;
}

export interface WireTask {
  readonly scope: Scope;
  /** What the answer is good for ends at its status: a long body is left out, not refused. */
  readonly isForStatus: boolean;
}

/** Sends one request, follows nothing, repeats nothing. Rejects with what cancelled the scope, or an error of its own. */
export type Wire = (request: WireRequest, task: WireTask) => Promise<WireAnswer>;
