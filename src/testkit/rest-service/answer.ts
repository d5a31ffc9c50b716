/** What a route gets and what it answers with. */
import type { IncomingHttpHeaders, OutgoingHttpHeaders, ServerResponse } from "node:http";
import type { Socket } from "node:net";

export interface Received {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** How many requests this connection has brought, this one included. */
  readonly onConnection: number;
}

/** A whole answer, or a function that does with the connection what no proper server would. */
export type Answer =
  | {
      readonly status: number;
      readonly headers?: OutgoingHttpHeaders;
      readonly body?: string | Uint8Array | undefined;
    }
  | ((response: ServerResponse, socket: Socket) => void);

export function json(status: number, data: unknown, headers: OutgoingHttpHeaders = {}): Answer {
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(data) };
}

/** A problem document (RFC 9457). */
export function problem(status: number, title: string, headers: OutgoingHttpHeaders = {}): Answer {
  return json(status, { status, title }, { "content-type": "application/problem+json", ...headers });
}
