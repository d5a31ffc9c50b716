/** Routes that behave as servers do on their bad days; each is described at the top of rest-service.ts. */
import type { ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { brotliCompressSync, createGzip, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import { type Answer, json, problem, type Received } from "./answer.ts";

export class FaultyRoutes {
  readonly #failed = new Map<string, number>();
  #held: ServerResponse[] = [];

  /** Answers every request that waits at `/slow`. */
  release(): void {
    for (const response of this.#held) response.writeHead(200, { "content-type": "application/json" }).end('"late"');
    this.#held = [];
  }

  /** The answer of a route, or undefined where there is no such route. */
  answer(request: Received): Answer | undefined {
    const { path, query, onConnection } = request;
    switch (path) {
      case "/flaky":
        return this.#flaky(request, 503);
      case "/limited":
        return this.#flaky(request, 429);
      case "/slow":
        return (response) => this.#held.push(response);
      case "/large":
        return (response) => sendLarge(response, Number(query.get("bytes") ?? 0), query.get("chunked") !== null);
      case "/gzip-bomb":
        return (response) => sendBomb(response, Number(query.get("bytes") ?? 0));
      case "/garbage":
        return { status: 200, headers: { "content-type": "application/json" }, body: '{"half": ' };
      case "/encoded":
        return encoded(query.get("coding") ?? "identity");
      case "/cut":
        return (_response, socket) => socket.resetAndDestroy();
      case "/cut-answer":
        return (response, socket) => {
          response.writeHead(200, { "content-type": "application/json", "content-length": 100 });
          response.write('{"half": ', () => socket.resetAndDestroy());
        };
      case "/stale":
        if (onConnection === 1) return json(200, { connection: "new" });
        return (_response, socket) => socket.resetAndDestroy();
      case "/redirect":
        return { status: Number(query.get("status") ?? 302), headers: { location: query.get("to") ?? "/echo" } };
      case "/loop":
        return { status: 302, headers: { location: "/loop" } };
      default:
        return undefined;
    }
  }

  #flaky({ method, query }: Received, status: number): Answer {
    const times = Number(query.get("times") ?? 1);
    const key = `${status} ${query.get("id") ?? ""}`;
    const failed = this.#failed.get(key) ?? 0;
    if (failed >= times) return json(200, { failed, method });
    this.#failed.set(key, failed + 1);
    return problem(Number(query.get("status") ?? status), "Not now", { "retry-after": query.get("retryAfter") ?? "0" });
  }
}

const CODINGS: Readonly<Record<string, (text: string) => Uint8Array>> = {
  gzip: (text) => gzipSync(text),
  br: (text) => brotliCompressSync(text),
  deflate: (text) => deflateSync(text),
  "raw-deflate": (text) => deflateRawSync(text),
  identity: (text) => Buffer.from(text),
};

function encoded(coding: string): Answer {
  const encode = CODINGS[coding];
  const body = JSON.stringify({ coding, text: "Zoë ".repeat(100) });
  const headers = { "content-type": "application/json", "content-encoding": coding.replace("raw-", "") };
  return { status: 200, headers, body: encode === undefined ? body : encode(body) };
}

const CHUNK = Buffer.alloc(65_536, "x");

function* chunksOf(bytes: number): Generator<Buffer> {
  for (let left = bytes; left > 0; left -= CHUNK.length) yield left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK;
}

function sendLarge(response: ServerResponse, bytes: number, isChunked: boolean): void {
  response.writeHead(200, { "content-type": "text/plain", ...(isChunked ? {} : { "content-length": bytes }) });
  // A client that has had enough hangs up.
  void pipeline(Readable.from(chunksOf(bytes)), response).catch(() => {});
}

function sendBomb(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { "content-type": "text/plain", "content-encoding": "gzip" });
  void pipeline(Readable.from(chunksOf(bytes)), createGzip(), response).catch(() => {});
}
