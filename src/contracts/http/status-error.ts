/**
 * An answer that tells of a failure.
 *
 * Its message has method, path, status and the status' own phrase, never the answer's words: an API puts the caller's
 * values into them. The one exception is the `title` of a problem document (RFC 9457), which names the kind of problem
 * and is the same every time. Who wants the rest finds it in `data` and `headers`, which nothing prints by accident.
 */
import { STATUS_CODES } from "node:http";
import type { Classification } from "../../core/classify.ts";
import type { AnswerHeaders, FailedAnswer } from "../../core/failed-answer.ts";
import { factsOfStatus } from "./status-kind.ts";

export interface StatusErrorFacts {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** The answer's parsed body, as far as it could be read. */
  readonly data: unknown;
  /** What the answer says in words that are safe to show: a problem's title, an authentication error. */
  readonly words?: string | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** An answer whose status says that the request failed; the `cause` of the `ConnectorError`. */
export class HTTPStatusError extends Error implements FailedAnswer {
  readonly status: number;
  readonly retryAfterMs: number | undefined;
  readonly #headers: AnswerHeaders;
  readonly #data: unknown;

  constructor({ method, path, status, headers, data, words, retryAfterMs }: StatusErrorFacts) {
    const phrase = STATUS_CODES[status];
    const said = words === undefined ? "" : `: ${words}`;
    super(`${method} ${path} answered ${status}${phrase === undefined ? "" : ` ${phrase}`}${said}`);
    this.status = status;
    this.retryAfterMs = retryAfterMs;
    this.#headers = headers;
    this.#data = data;
  }

  static {
    this.prototype.name = "HTTPStatusError";
  }

  /** The answer's headers, names in lower case. */
  get headers(): AnswerHeaders {
    return this.#headers;
  }

  /** The answer's body, parsed; undefined where it had none, could not be read, or was larger than 64 KiB. */
  get data(): unknown {
    return this.#data;
  }
}

/** Kind and facts of such an answer. */
export function classifyStatus({ status, retryAfterMs }: HTTPStatusError): Classification {
  return { ...factsOfStatus(status), status, retryAfterMs };
}
