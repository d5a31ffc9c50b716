/** The live side: connections to the API and, where tokens are renewed, to whoever issues them. */
import type { Agent, Pool } from "undici";
import { poolSize } from "../../config/fields.ts";
import { credentialOf } from "../../contracts/http/credentials.ts";
import type { HTTPOperations } from "../../contracts/http/operations.ts";
import { keyHeaderOf } from "../../contracts/http/idempotency-keys.ts";
import { placeOf } from "../../contracts/http/request-target.ts";
import { signalScope } from "../../contracts/http/scope.ts";
import { Sender } from "../../contracts/http/sender.ts";
import { factsOfStatus } from "../../contracts/http/status-kind.ts";
import { TokenLease } from "../../contracts/http/token-lease.ts";
import { tokenRefusal } from "../../contracts/http/token-refusal.ts";
import { tokenSource } from "../../contracts/http/token-source.ts";
import type { Wire } from "../../contracts/http/wire.ts";
import { toConnectorError } from "../../core/classify.ts";
import type { Environment, Session } from "../../core/definition.ts";
import { loadDriver } from "../../core/driver.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Degraded } from "../../core/health.ts";
import { Secret } from "../../core/secret.ts";
import type { Connection, Options } from "./config.ts";
import { Connecting } from "./connecting.ts";
import { classify } from "./errors.ts";
import { exchange } from "./exchange.ts";
import { tlsOptions, type TLSOptions } from "./tls-options.ts";

/** How long an idle connection is kept where the server does not say how long it keeps it. */
const IDLE_MS = 4_000;
/** undici takes no zero for "for ever". */
const FOR_EVER_MS = 2 ** 31 - 1;
/** For a token function, which cannot say. */
const RENEW_AHEAD_MS = 60_000;

/** Opens no connection yet: an API that is down does not keep anybody from starting. */
export async function openSession(
  { connection, options }: { readonly connection: Connection; readonly options: Options },
  env: Environment,
): Promise<Session<HTTPOperations>> {
  const undici = await loadDriver("undici", () => import("undici"));
  const { clock } = env;
  const place = placeOf(connection.baseURL);
  const common = wireOptions(options);
  const { own: ownTLS, others: othersTLS } = tlsOptions(connection.tls);
  const connecting = new Connecting();
  const connectWith = (tls: TLSOptions): ReturnType<Connecting["watch"]> =>
    connecting.watch(undici.buildConnector({ ...tls, timeout: options.connectionTimeout }));
  const own: Pool = new undici.Pool(place.origin, { ...common, connect: connectWith(ownTLS) });
  const others: Agent = new undici.Agent({ ...common, connect: connectWith(othersTLS) });
  const wire: Wire = (request, task) =>
    exchange(request.origin === place.origin ? own : others, request, { ...task, mostBytes: options.maxResponseBytes });
  const { auth } = connection;
  const source = tokenSource(auth, { wire, clock, classify, userAgent: options.userAgent });
  const lease =
    source &&
    new TokenLease({
      async source(signal) {
        const token = await source(signal);
        env.conceal(new Secret(token.value));
        return token;
      },
      clock,
      renewAheadMs: auth?.scheme === "oauth2" ? auth.renewAhead : RENEW_AHEAD_MS,
      onRenewed: (lifetimeMs) => env.notify("token renewed", { lifetimeMs }),
      // A message may hold what a token function was given; the kind holds nothing.
      onFailed: (error) =>
        env.notify("token not renewed", { kind: toConnectorError(error, classify).kind }, { severity: "warning" }),
    });
  const sender = new Sender({
    place,
    headers: Object.entries(connection.headers ?? {}).flatMap(([name, value]) => [
      name,
      value instanceof Secret ? value.reveal() : value,
    ]),
    userAgent: options.userAgent,
    credential: credentialOf(connection.apiKey, auth),
    lease,
    isTokenRefused: tokenRefusal(auth !== undefined && "renewOn" in auth ? auth.renewOn : [], options.maxResponseBytes),
    keyHeader: keyHeaderOf(options.idempotencyKeys),
    mostBytes: options.maxResponseBytes,
    mostRedirects: options.maxRedirects,
    clock,
    wire,
    classify,
  });
  return {
    handlers: {
      get: (input, call) => sender.send("GET", input, call),
      head: (input, call) => sender.send("HEAD", input, call) as Promise<Record<string, string | string[]>>,
      post: (input, call) => sender.send("POST", input, call),
      put: (input, call) => sender.send("PUT", input, call),
      patch: (input, call) => sender.send("PATCH", input, call),
      delete: (input, call) => sender.send("DELETE", input, call),
      request: (input, call) => sender.send(input.method, input, call),
    },
    ping: async (signal) =>
      healthOf(await sender.statusOf(options.healthPath, signalScope(signal)), options.healthPath),
    async close() {
      lease?.close();
      const destroyed = Promise.all([own.destroy(), others.destroy()]);
      connecting.end();
      await destroyed;
    },
  };
}

function wireOptions(options: Options): Pool.Options {
  const idleMs = options.idleTimeout === 0 ? FOR_EVER_MS : options.idleTimeout;
  return {
    connections: poolSize(options),
    pipelining: 1,
    keepAliveTimeout: Math.min(idleMs, IDLE_MS),
    keepAliveMaxTimeout: idleMs,
    // Time is ruled by the call.
    headersTimeout: 0,
    bodyTimeout: 0,
  };
}

function healthOf(status: number, path: string): void | Degraded {
  if (status >= 200 && status < 300) return undefined;
  const said = `GET ${path} answered ${status}`;
  const { kind } = factsOfStatus(status);
  if (kind === "unauthenticated" || kind === "permission_denied" || status >= 500)
    throw new ConnectorError(kind, status >= 500 ? said : `${said}: ${kind}`, { status });
  return { degraded: status === 429 ? said : `${said}; set healthPath to a path that the API answers with 2xx` };
}
