/** What reached a server, in order, and waiting until it has. */
import type { IncomingHttpHeaders } from "node:http";

export interface LoggedRequest {
  readonly method: string;
  /** Without query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** As sent, UTF-8. */
  readonly body: string;
  /** Number of the connection that it came on, from 1. */
  readonly connection: number;
}

/** Requests in the order of their arrival; the body has been read. */
export class RequestLog {
  readonly #requests: LoggedRequest[] = [];
  #waiters: (() => void)[] = [];

  add(request: LoggedRequest): void {
    this.#requests.push(request);
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const check of waiters) check();
  }

  /** All, or those with this path, such as `/items`, or this method and path, such as `POST /items`. */
  of(what?: string): readonly LoggedRequest[] {
    if (what === undefined) return this.#requests;
    return this.#requests.filter(({ method, path }) => path === what || `${method} ${path}` === what);
  }

  /** Waits until that many of them have come. */
  async until(count: number, what?: string): Promise<void> {
    while (this.of(what).length < count) await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }

  clear(): void {
    this.#requests.length = 0;
  }
}
