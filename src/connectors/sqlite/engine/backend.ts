/** One engine, wherever it runs. */
import type { DeclaredColumn, SqliteValue } from "../driver/port.ts";
import type { EngineAnswer, EngineRequest } from "./request.ts";

/** What requests that went together came back with. */
export interface EngineAnswers {
  /** Of those that succeeded. */
  readonly answers: readonly EngineAnswer[];
  /** What the next one failed of; those after it were not run. */
  readonly failure?: { readonly error: unknown };
}

/** One connection's engine. One request at a time. */
export interface Backend {
  /** Whether a transaction was open after the last answer. */
  readonly inTransaction: boolean;
  /** Nothing more can be asked. */
  readonly isLost: boolean;
  run(request: EngineRequest): Promise<EngineAnswer>;
  runAll(requests: readonly EngineRequest[]): Promise<EngineAnswers>;
  open(request: EngineRequest): Promise<readonly DeclaredColumn[]>;
  fetch(most: number): Promise<readonly (readonly SqliteValue[])[]>;
  /** Ends reading. */
  endFetch(): Promise<void>;
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
