/** From anything that was thrown to what callers and subscribers are told. */
import { toConnectorError, type Classification } from "../core/classify.ts";
import type { ConnectorError } from "../core/errors.ts";
import { publishUnclassified } from "../core/events.ts";
import { redactError } from "../core/secret.ts";

export interface FailuresOf {
  readonly connector: string;
  readonly provider: string;
  readonly classify: (error: unknown) => Classification | undefined;
  /** Takes the connector's secrets out of a text. */
  readonly redact: (text: string) => string;
}

/** The failures of one connector. */
export class Failures {
  readonly #of: FailuresOf;

  constructor(of: FailuresOf) {
    this.#of = of;
  }

  /** The error as callers see it: placed, and free of the connector's secrets, its causes too. */
  present(thrown: unknown, operation?: string): ConnectorError {
    const error = this.classified(thrown);
    redactError(error, this.#of.redact);
    return error.locate(this.#of.connector, operation);
  }

  classified(thrown: unknown): ConnectorError {
    return toConnectorError(thrown, this.#of.classify, (error) => this.tellUnclassified(error));
  }

  /** Tells subscribers of an error that no table knew. */
  tellUnclassified(error: unknown): void {
    const { connector, provider, redact } = this.#of;
    if (error instanceof Error) redactError(error, redact);
    publishUnclassified({ connector, provider, error });
  }
}
