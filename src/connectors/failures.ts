/** From anything that was thrown to what callers and subscribers are told. */
import type { Call } from "../core/call.ts";
import { toConnectorError, type Classification } from "../core/classify.ts";
import { auditCall, auditConnect } from "../core/audit-refusal.ts";
import { ConnectorError } from "../core/errors.ts";
import { publishUnclassified } from "../core/events.ts";
import { redactError, type Redaction } from "../core/secret.ts";

export interface FailuresOf {
  readonly connector: string;
  readonly provider: string;
  /** The system's proper name. */
  readonly title: string;
  readonly classify: (error: unknown) => Classification | undefined;
  readonly redaction: Redaction;
}

/** The failures of one connector. */
export class Failures {
  readonly #of: FailuresOf;

  constructor(of: FailuresOf) {
    this.#of = of;
  }

  /** What a call failed of, as its caller gets it. */
  ofCall(thrown: unknown, call: Call): ConnectorError {
    const error = this.present(thrown, call.name);
    auditCall(error, call);
    return error;
  }

  /** The error as callers see it: placed, and free of the connector's secrets, its causes too. */
  present(thrown: unknown, operation?: string): ConnectorError {
    const error = this.classified(thrown);
    redactError(error, this.#of.redaction.redact);
    return error.locate(this.#of.connector, operation);
  }

  /** Why a session could not be opened; `thrown` is what the opening threw. */
  ofConnecting(thrown: unknown): ConnectorError {
    const { connector, provider, title, redaction } = this.#of;
    const cause = this.classified(thrown);
    const { kind, hint, retryAfterMs, status, code } = cause;
    // Nothing was asked of the system yet, so the call that wanted it had no effect.
    const details = { hint, retryAfterMs, status, code, outcome: "none", cause: thrown } as const;
    const error = new ConnectorError(kind, `Failed to connect to ${title}: ${cause.message}`, details);
    redactError(error, redaction.redact);
    auditConnect(error, { connector, provider });
    return error;
  }

  classified(thrown: unknown): ConnectorError {
    return toConnectorError(thrown, this.#of.classify, (error) => this.tellUnclassified(error));
  }

  /** Tells subscribers of an error that no table knew. */
  tellUnclassified(error: unknown): void {
    const { connector, provider, redaction } = this.#of;
    if (error instanceof Error) redactError(error, redaction.redact);
    publishUnclassified({ connector, provider, error });
  }
}
