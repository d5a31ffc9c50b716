/** One engine, wherever it runs. */
import type { Call } from "../../../core/call.ts";
import type { DeclaredColumn, SqliteValue } from "../driver/port.ts";
import type { CopyOrder } from "../backup/write-copy.ts";
import type { EngineAnswer, EngineRequest } from "./request.ts";

/** What requests that went together came back with. */
export interface EngineAnswers {
  /** Of those that succeeded. */
  readonly answers: readonly EngineAnswer[];
  /** What the next one failed of; those after it were not run. */
  readonly failure?: { readonly error: unknown };
}

/** One connection's engine. One request at a time; it ends with its call, where that can be. */
export interface Backend {
  /** Whether a transaction was open after the last answer. */
  readonly inTransaction: boolean;
  /** Nothing more can be asked. */
  readonly isLost: boolean;
  run(request: EngineRequest, call?: Call): Promise<EngineAnswer>;
  runAll(requests: readonly EngineRequest[], call?: Call): Promise<EngineAnswers>;
  open(request: EngineRequest, call?: Call): Promise<readonly DeclaredColumn[]>;
  fetch(most: number, call?: Call): Promise<readonly (readonly SqliteValue[])[]>;
  /** Ends reading. */
  endFetch(): Promise<void>;
  /** Writes the database to a file of its own; how many bytes it has. */
  copy(order: CopyOrder, call?: Call): Promise<number>;
  close(): Promise<void>;
}

/** Runs requests in order until one fails. */
export function runInOrder(
  run: (request: EngineRequest) => EngineAnswer,
  requests: readonly EngineRequest[],
): EngineAnswers {
  const answers: EngineAnswer[] = [];
  for (const request of requests)
    try {
      answers.push(run(request));
    } catch (error) {
      return { answers, failure: { error } };
    }
  return { answers };
}
