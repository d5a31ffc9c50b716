/** What connector and thread say to each other; several of each go in one message. */
import { ConnectorError, type Kind, type Outcome } from "../../../core/errors.ts";
import type { Driver } from "../driver/port.ts";
import { SqliteError } from "../driver/sqlite-error.ts";
import type { CopyOrder } from "../backup/write-copy.ts";
import type { EngineOptions, EngineRequest } from "../engine/request.ts";

/** What the thread begins with. */
export interface WorkerStart {
  readonly driver: Driver["name"];
  readonly options: EngineOptions;
  /** One number a connection: the request that nobody waits for any more. */
  readonly givenUp: SharedArrayBuffer;
}

/** What a connection is asked to do. */
export type Work =
  | { readonly do: "connect" | "endFetch" | "close" }
  | { readonly do: "run" | "open"; readonly request: EngineRequest }
  | { readonly do: "runAll"; readonly requests: readonly EngineRequest[] }
  | { readonly do: "fetch"; readonly most: number }
  | { readonly do: "copy"; readonly order: CopyOrder };

export interface Question {
  readonly id: number;
  readonly connection: number;
  readonly work: Work;
}

export interface Reply {
  readonly id: number;
  readonly inTransaction: boolean;
  readonly answer?: unknown;
  readonly error?: PlainError;
}

/** An error as it crosses over: its class and own fields would be lost. */
export type PlainError =
  | { readonly of: "sqlite"; readonly message: string; readonly code: string }
  | {
      readonly of: "busbar";
      readonly message: string;
      readonly kind: Kind;
      readonly outcome: Outcome | undefined;
      readonly hint: string | undefined;
    }
  | { readonly of: "other"; readonly message: string };

export function plainError(error: unknown): PlainError {
  if (error instanceof SqliteError) return { of: "sqlite", message: error.message, code: error.code };
  if (error instanceof ConnectorError) {
    const { message, kind, outcome, hint } = error;
    return { of: "busbar", message, kind, outcome, hint };
  }
  return { of: "other", message: error instanceof Error ? error.message : String(error) };
}

export function errorOf(plain: PlainError): Error {
  if (plain.of === "sqlite") return new SqliteError(plain.message, plain.code);
  if (plain.of === "other") return new Error(plain.message);
  const { message, kind, outcome, hint } = plain;
  return new ConnectorError(kind, message, { outcome, hint });
}
