/**
 * One error class, one table of kinds.
 *
 * A kind answers the three questions that everyone up the stack asks: may the call be repeated, which HTTP status and
 * which exit code tell of it. Connectors map their driver's errors to a kind in one place (`classify`); policies and
 * surfaces read the table and never a driver's error.
 */
import type { Stage } from "./stage.ts";

/** May a call that failed so be repeated: it certainly had no effect · its effect is unknown · repeating cannot help. */
export type Repeat = "always" | "if-repeatable" | "never";

interface KindFacts {
  readonly repeat: Repeat;
  /** What is known of the call's effect unless the error itself says more. */
  readonly outcome: Outcome;
  /** Status of the answer where a call failed so behind an HTTP surface (RFC 9110). */
  readonly http: number;
  /** Exit code of the shell; the numbers of sysexits.h where one fits, else from 80 on. */
  readonly exit: number;
  readonly sentence: string;
}

/** What each kind of failure means; the only home of these facts. */
export const KINDS = {
  config_invalid: { repeat: "never", outcome: "none", http: 500, exit: 78, sentence: "The configuration is wrong." },
  input_invalid: { repeat: "never", outcome: "none", http: 400, exit: 65, sentence: "The caller's input is wrong." },
  unsupported: {
    repeat: "never",
    outcome: "none",
    http: 501,
    exit: 80,
    sentence: "The connector or the system cannot do this.",
  },
  not_connected: { repeat: "never", outcome: "none", http: 503, exit: 81, sentence: "The connector is not connected." },
  unauthenticated: {
    repeat: "never",
    outcome: "none",
    http: 502,
    exit: 82,
    sentence: "The system does not accept the credentials.",
  },
  permission_denied: {
    repeat: "never",
    outcome: "none",
    http: 403,
    exit: 77,
    sentence: "The credentials do not allow this.",
  },
  not_found: { repeat: "never", outcome: "none", http: 404, exit: 66, sentence: "The thing asked for does not exist." },
  conflict: {
    repeat: "never",
    outcome: "none",
    http: 409,
    exit: 83,
    sentence: "The system's state does not allow this.",
  },
  contention: {
    repeat: "always",
    outcome: "none",
    http: 409,
    exit: 75,
    sentence: "A competing call won; nothing of this one was kept.",
  },
  too_large: {
    repeat: "never",
    outcome: "unknown",
    http: 413,
    exit: 84,
    sentence: "The input or the answer is larger than allowed.",
  },
  rate_limited: {
    repeat: "always",
    outcome: "none",
    http: 429,
    exit: 85,
    sentence: "A limit was reached; the call was not carried out.",
  },
  unavailable: {
    repeat: "if-repeatable",
    outcome: "unknown",
    http: 503,
    exit: 69,
    sentence: "The system cannot serve the call now.",
  },
  connection_lost: {
    repeat: "if-repeatable",
    outcome: "unknown",
    http: 502,
    exit: 86,
    sentence: "The connection broke during the call.",
  },
  timeout: {
    repeat: "if-repeatable",
    outcome: "unknown",
    http: 504,
    exit: 87,
    sentence: "The call took longer than allowed.",
  },
  circuit_open: {
    repeat: "always",
    outcome: "none",
    http: 503,
    exit: 88,
    sentence: "The system failed too often and is being spared.",
  },
  cancelled: { repeat: "never", outcome: "unknown", http: 499, exit: 130, sentence: "The caller gave up." },
  internal: { repeat: "never", outcome: "unknown", http: 500, exit: 70, sentence: "Something unforeseen failed." },
} as const satisfies Record<string, KindFacts>;

/** What sort of failure an error is; `KINDS` says what that means. */
export type Kind = keyof typeof KINDS;

/** What is known of a failed call's effect: `none` it certainly had none · `unknown` it may have been carried out. */
export type Outcome = "none" | "unknown";

/** What an error can carry beside its kind and message. */
export interface ErrorDetails {
  readonly connector?: string | undefined;
  readonly operation?: string | undefined;
  /** What to do about it, one sentence. */
  readonly hint?: string | undefined;
  readonly outcome?: Outcome | undefined;
  /** Milliseconds before which another try is useless; told by the system or by a policy. */
  readonly retryAfterMs?: number | undefined;
  /** Tries made, the first included. */
  readonly attempts?: number | undefined;
  /** The retry policy gave up: an outer retry must not multiply the tries. */
  readonly exhausted?: boolean | undefined;
  /** HTTP status of the system's answer. */
  readonly status?: number | undefined;
  /** The system's own code: SQLSTATE, errno, … */
  readonly code?: string | undefined;
  /** The policy that refused the call: "rate limit", "concurrency", … */
  readonly by?: string | undefined;
  /** Where the call was when its time was over. */
  readonly stage?: Stage | undefined;
  readonly cause?: unknown;
}

/** The one error that leaves busbar. Its message never carries values, SQL parameters or credentials. */
export class ConnectorError extends Error {
  readonly kind: Kind;
  connector: string | undefined;
  operation: string | undefined;
  readonly hint: string | undefined;
  outcome: Outcome | undefined;
  readonly retryAfterMs: number | undefined;
  attempts: number | undefined;
  readonly exhausted: boolean;
  readonly status: number | undefined;
  readonly code: string | undefined;
  readonly by: string | undefined;
  readonly stage: Stage | undefined;
  #isLocated = false;

  constructor(kind: Kind, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.kind = kind;
    this.connector = details.connector;
    this.operation = details.operation;
    this.hint = details.hint;
    this.outcome = details.outcome;
    this.retryAfterMs = details.retryAfterMs;
    this.attempts = details.attempts;
    this.exhausted = details.exhausted ?? false;
    this.status = details.status;
    this.code = details.code;
    this.by = details.by;
    this.stage = details.stage;
  }

  static {
    this.prototype.name = "ConnectorError";
  }

  /** Says where it happened, once: later calls keep the first place, which is the innermost. */
  locate(connector: string, operation?: string): this {
    if (this.#isLocated) return this;
    this.#isLocated = true;
    this.connector ??= connector;
    this.operation ??= operation;
    this.message += ` [${this.operation === undefined ? this.connector : `${this.connector}.${this.operation}`}]`;
    return this;
  }

  /** What a surface may show: no cause, no stack. */
  toJSON(): Record<string, unknown> {
    const { kind, message, connector, operation, hint, outcome, retryAfterMs, attempts, status, code, by, stage } =
      this;
    return { kind, message, connector, operation, hint, outcome, retryAfterMs, attempts, status, code, by, stage };
  }
}
