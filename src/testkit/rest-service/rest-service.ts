/**
 * A small but real REST service on a loopback port of its own, for tests and demonstrations.
 *
 * | route | what it does |
 * | --- | --- |
 * | `GET /health` | `{ "status": "ok" }`; another status while `healthStatus` says so |
 * | `/items`, `/items/ID` | a collection in memory: list (`?name=`, `?limit=`), POST, GET, HEAD, PUT, PATCH, DELETE |
 * | `/echo…` | what was received: method, path, query, headers, body |
 * | `POST /token` | client credentials, Basic or in the form; tokens end after `tokenLifetimeMs`, or by `expireTokens()` |
 * | `/private/…` | any route behind `Authorization: Bearer TOKEN` of `/token` |
 * | `/keyed/…` | any route behind `X-API-Key: KEY`, `?api_key=KEY` or `Authorization: Bearer KEY` |
 * | `/basic/…` | any route behind Basic credentials: the client's name and secret |
 * | `/flaky`, `/limited` | 503 or 429 with `Retry-After` for the first `times` requests of an `id`, then 200 (`?times=1&retryAfter=0&id=x&status=`) |
 * | `/slow` | no answer until `release()` |
 * | `/large?bytes=N` | so much text; `&chunked` without saying how much |
 * | `/gzip-bomb?bytes=N` | the same, compressed to a thousandth |
 * | `/garbage` | says JSON and is not |
 * | `/encoded?coding=C` | JSON as gzip, br, deflate or raw-deflate |
 * | `/cut`, `/cut-answer` | resets the connection after it read the request, or within the answer |
 * | `/stale` | answers the first request of a connection and resets it at any other |
 * | `/redirect?to=URL&status=S`, `/loop` | redirects |
 * | whatever `answers` says | one more route, written by the test |
 *
 * Everything else is 404. What happens is decided by requests and by the methods below, never by chance or by sleeping.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { type Answer, json, problem, type Received } from "./answer.ts";
import { FaultyRoutes } from "./faulty-routes.ts";
import { Items } from "./items.ts";
import { RequestLog } from "./request-log.ts";
import { basicOf, TokenIssuer } from "./token-issuer.ts";

/** What a private REST service is like. */
export interface RestServiceOptions {
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** Default `demo-client` and `demo-secret`. */
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** For `/keyed`; default `demo-key`. */
  readonly apiKey?: string;
  /** How long tokens of `/token` are good; default one hour. */
  readonly tokenLifetimeMs?: number;
  /** Milliseconds, for the life of tokens; default the machine's monotonic clock. */
  readonly now?: () => number;
  /** Speaks HTTPS; with `ca` it takes only clients that have a certificate of it. */
  readonly tls?: { readonly cert: string; readonly key: string; readonly ca?: string };
}

/** A small REST service with tokens, faults and a log of its requests, on a free port. */
export class RestService {
  readonly host = "127.0.0.1";
  readonly port: number;
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly apiKey: string;
  readonly log = new RequestLog();
  readonly items = new Items();
  readonly tokens: TokenIssuer;
  /** More routes, by path; they come before the others. */
  readonly answers = new Map<string, (request: Received) => Answer>();
  /** Status of `/health`. */
  healthStatus = 200;
  /** How many connections were ever accepted. */
  connections = 0;
  readonly #faulty = new FaultyRoutes();
  readonly #server: Server;
  readonly #numbers = new WeakMap<Socket, { readonly number: number; requests: number }>();

  constructor(server: Server, options: RestServiceOptions) {
    const { clientId = "demo-client", clientSecret = "demo-secret", apiKey = "demo-key" } = options;
    this.#server = server;
    this.port = (server.address() as AddressInfo).port;
    this.url = `${options.tls === undefined ? "http" : "https"}://${this.host}:${this.port}`;
    this.clientId = clientId;
    this.clientSecret = clientSecret;
    this.apiKey = apiKey;
    const lifetimeMs = options.tokenLifetimeMs ?? 3_600_000;
    this.tokens = new TokenIssuer({
      clientId,
      clientSecret,
      lifetimeMs,
      now: options.now ?? (() => performance.now()),
    });
  }

  /** All requests, in the order of their arrival. */
  get requests(): ReturnType<RequestLog["of"]> {
    return this.log.of();
  }

  /** Every token that was issued is refused from now on. */
  expireTokens(): void {
    this.tokens.expireAll();
  }

  /** Answers every request that waits at `/slow`. */
  release(): void {
    this.#faulty.release();
  }

  /** Back to the beginning: no items, no log, no further routes, healthy. */
  reset(): void {
    this.items.clear();
    this.log.clear();
    this.answers.clear();
    this.healthStatus = 200;
    this.tokens.failures = 0;
  }

  /** Cuts every connection and stops. Twice is fine. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, "close");
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** For the server: numbers a new connection. */
  welcome(socket: Socket): void {
    this.#numbers.set(socket, { number: ++this.connections, requests: 0 });
  }

  /** For the server: reads a request and answers it. */
  async serve(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of message) chunks.push(chunk as Buffer);
    const connection = this.#numbers.get(message.socket) ?? { number: 0, requests: 0 };
    connection.requests++;
    const { method = "GET", headers } = message;
    const { pathname, searchParams } = new URL(message.url ?? "/", "http://service.invalid");
    const body = Buffer.concat(chunks).toString("utf8");
    this.log.add({ method, path: pathname, query: searchParams, headers, body, connection: connection.number });
    const request = { method, path: pathname, query: searchParams, headers, body, onConnection: connection.requests };
    const answer = this.#answerTo(request);
    if (typeof answer === "function") return answer(response, message.socket);
    response.writeHead(answer.status, answer.headers ?? {});
    response.end(method === "HEAD" ? undefined : answer.body);
  }

  #answerTo(request: Received): Answer {
    const { path, headers, query } = request;
    const written = this.answers.get(path);
    if (written !== undefined) return written(request);
    const [, first = ""] = path.split("/");
    switch (first) {
      case "health":
        return json(this.healthStatus, { status: this.healthStatus === 200 ? "ok" : "not ok" });
      case "items":
        return this.items.answer(request);
      case "echo":
        return json(200, { ...request, query: [...query] });
      case "token":
        return this.tokens.answer(request);
      case "private":
        if (this.tokens.accepts(headers.authorization)) return this.#answerTo(behind(request));
        return this.#refused('Bearer error="invalid_token", error_description="The token is not good"');
      case "keyed": {
        const key = headers["x-api-key"] ?? query.get("api_key") ?? headers.authorization?.replace("Bearer ", "");
        return key === this.apiKey ? this.#answerTo(behind(request)) : this.#refused("Key");
      }
      case "basic": {
        const [name, secret] = basicOf(headers.authorization) ?? [];
        const isRight = name === this.clientId && secret === this.clientSecret;
        return isRight ? this.#answerTo(behind(request)) : this.#refused("Basic");
      }
      default:
        return this.#faulty.answer(request) ?? problem(404, "Nothing here");
    }
  }

  #refused(challenge: string): Answer {
    return problem(401, "Who are you?", { "www-authenticate": challenge });
  }
}

/** The same request without the first part of its path. */
function behind(request: Received): Received {
  return { ...request, path: request.path.replace(/^\/[^/]*/, "") };
}

/** Starts a service; a forgotten one does not keep the process alive. */
export async function startRestService(options: RestServiceOptions = {}): Promise<RestService> {
  const { tls, port = 0 } = options;
  const hasClientCertificates = tls?.ca !== undefined;
  const server =
    tls === undefined
      ? createServer()
      : createSecureServer({ ...tls, requestCert: hasClientCertificates, rejectUnauthorized: hasClientCertificates });
  server.unref();
  server.listen({ host: "127.0.0.1", port });
  await once(server, "listening");
  const service = new RestService(server, options);
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    socket.unref();
    service.welcome(socket);
  });
  server.on("request", (message: IncomingMessage, response: ServerResponse) => {
    // A client that goes away while it is served is part of the tests.
    service.serve(message, response).catch(() => response.destroy());
  });
  return service;
}
