/**
 * The way of one call: its request, the credentials, what a redirect or a refused token makes of it, the answer's data.
 *
 * A token that the API refuses is replaced and the request sent once more, whatever its method: a refusal says that
 * nothing was done. That happens once in a call. After a redirect that may have followed an effect (303 after a POST),
 * no later failure makes the call look untried.
 *
 * A keyed request carries its key wherever it goes, so it goes to no other origin. Where an earlier try of it may still be
 * worked on, the API's 409 says just that, and it is asked again.
 */
import { ACCEPTED_CODINGS, decompressed, parsedBody, UnusableAnswer } from "./answer-body.ts";
import type { Credential } from "./credentials.ts";
import { headerOf } from "./header-fields.ts";
import { hasHeader, mergedHeaders, withoutHeader } from "./header-list.ts";
import { keyGivenTwice, keyHeaderValue, keyWouldBeLost, type KeyHeader } from "./idempotency-keys.ts";
import type { Query } from "./query.ts";
import { impersonal, isRedirect, mayHaveActed, redirectOf } from "./redirect.ts";
import { requestBody, type BodyType } from "./request-body.ts";
import { requestTarget, shownPath, type Place } from "./request-target.ts";
import { retryAfterMs } from "./retry-after.ts";
import { safeWords } from "./safe-words.ts";
import { HTTPStatusError } from "./status-error.ts";
import type { TokenLease } from "./token-lease.ts";
import { usable, type JudgedAnswer, type TokenRefusal } from "./token-refusal.ts";
import { orAborted } from "../../core/abort.ts";
import type { Call } from "../../core/call.ts";
import { toConnectorError, type Classification } from "../../core/classify.ts";
import type { Clock } from "../../core/clock.ts";
import { ConnectorError, KINDS } from "../../core/errors.ts";
import type { AnswerMeta } from "../../core/record.ts";
import { redactor, Secret } from "../../core/secret.ts";
import type { Wire, WireAnswer, WireRequest } from "./wire.ts";
import { CallScope, type Scope } from "./scope.ts";

export interface SenderSettings {
  readonly place: Place;
  /** Configured headers, names and values in turn. */
  readonly headers: readonly string[];
  readonly userAgent: string;
  readonly credential: Credential | undefined;
  readonly lease: TokenLease | undefined;
  /** Tells whether an answer refuses the lease's token. */
  readonly isTokenRefused: TokenRefusal;
  /** Where the API looks for idempotency keys. */
  readonly keyHeader?: KeyHeader | undefined;
  readonly mostBytes: number;
  readonly mostRedirects: number;
  readonly clock: Clock;
  readonly wire: Wire;
  readonly classify: (error: unknown) => Classification | undefined;
}

export interface Question {
  readonly path: string;
  readonly query?: Query | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly data?: unknown;
  readonly bodyType?: BodyType | undefined;
}

/** What holds for all requests of one call. */
interface Trip {
  readonly scope: Scope;
  /** Only the status counts. */
  readonly isForStatus: boolean;
  /** The call brought its own Authorization, which wins. */
  readonly isAuthorized: boolean;
  mayRenew: boolean;
  /** The header of the call's idempotency key and its value. */
  readonly key: readonly [name: string, value: string] | undefined;
  /** Once away from the base URL's origin, credentials do not come back. */
  isAway: boolean;
  token: string | undefined;
}

export class Sender {
  readonly #settings: SenderSettings;
  /** What every request says, before a call's own headers. */
  readonly #headers: readonly string[];

  constructor(settings: SenderSettings) {
    const { headers, userAgent, credential } = settings;
    const own = credential?.in === "header" ? [credential.name, credential.value.reveal()] : [];
    const plain = [
      "user-agent",
      userAgent,
      "accept",
      "application/json, */*;q=0.8",
      "accept-encoding",
      ACCEPTED_CODINGS,
    ];
    this.#settings = settings;
    this.#headers = mergedHeaders(plain, [...headers, ...own]);
  }

  /** Carries out a call. */
  async send(method: string, question: Question, call: Call): Promise<unknown> {
    const scope = new CallScope(call);
    const key = this.#keyOf(call, question);
    const trip = this.#trip(scope, question, { isForStatus: method === "HEAD", key });
    try {
      const answer = await this.#follow(this.#request(method, question, key), trip);
      const data = await this.#dataOf(method, question, answer, trip);
      const meta: AnswerMeta = call.record.answer;
      meta.status = answer.status;
      meta.headers = answer.headers as NonNullable<AnswerMeta["headers"]>;
      if (headerOf(answer.headers, "idempotent-replayed") === "true") meta.replayed = true;
      return data;
    } catch (thrown) {
      const isAtWork = key !== undefined && call.record.inDoubt && isConflict(thrown);
      const error = isAtWork ? stillAtWork(thrown) : thrown;
      const told = this.#placed(error, `${method} ${shownPath(question.path)}`);
      throw scope.isPinned ? openEnded(toConnectorError(told, this.#settings.classify)) : told;
    }
  }

  /** The status of an answer to GET. */
  async statusOf(path: string, scope: Scope): Promise<number> {
    const question = { path };
    const { status } = await this.#follow(
      this.#request("GET", question),
      this.#trip(scope, question, { isForStatus: true }),
    );
    return status;
  }

  /** The error of a connection or an answer, with the request that it befell; others say so themselves. */
  #placed(error: unknown, request: string): unknown {
    if (error instanceof ConnectorError || error instanceof HTTPStatusError) return error;
    if (error instanceof UnusableAnswer) {
      const hint = error.kind === "too_large" ? "Ask for less, or raise maxResponseBytes." : undefined;
      return new ConnectorError(error.kind, `${request} answered with ${error.message}`, { hint });
    }
    const { kind, message, hint, code, cause } = toConnectorError(error, this.#settings.classify);
    // What nobody knows is told, and counted, as it is.
    if (kind === "internal") return error;
    // Whether it had been sent is known from the call's stage; the same error can befall a new and an old connection.
    return new ConnectorError(kind, `${request}: ${message}`, { hint, code, cause });
  }

  #keyOf(call: Call, { headers = {} }: Question): Trip["key"] {
    const { keyHeader } = this.#settings;
    if (keyHeader === undefined || call.effect !== "keyed") return undefined;
    const name = keyHeader.header.toLowerCase();
    if (Object.keys(headers).some((each) => each.toLowerCase() === name)) throw keyGivenTwice(keyHeader);
    return [name, keyHeaderValue(call.idempotencyKey, keyHeader)];
  }

  #trip(scope: Scope, { headers }: Question, about: Pick<Trip, "isForStatus"> & Partial<Pick<Trip, "key">>): Trip {
    const isAuthorized = headers !== undefined && Object.keys(headers).some((name) => /^authorization$/i.test(name));
    return { scope, key: undefined, ...about, isAuthorized, mayRenew: true, isAway: false, token: undefined };
  }

  #request(method: string, { path, query, headers, data, bodyType }: Question, key?: Trip["key"]): WireRequest {
    const { place } = this.#settings;
    const target = requestTarget(place, path, query);
    const body = requestBody(data, bodyType);
    const own = [...Object.entries(headers ?? {}).flat(), ...(key ?? [])];
    const asked = mergedHeaders(this.#headers, own);
    return {
      origin: place.origin,
      target,
      method,
      headers:
        body === undefined || hasHeader(asked, "content-type") ? asked : [...asked, "content-type", body.contentType],
      body: body?.content,
    };
  }

  /** Sends, and follows where the answer leads. */
  async #follow(first: WireRequest, trip: Trip): Promise<WireAnswer> {
    let request = first;
    for (let redirects = 0; ; redirects++) {
      const answer = await this.#authorized(request, trip);
      const location = isRedirect(answer.status) ? headerOf(answer.headers, "location") : undefined;
      if (location === undefined) return answer;
      if (mayHaveActed(answer.status, request.method)) trip.scope.pin();
      if (redirects >= this.#settings.mostRedirects)
        throw new ConnectorError("unsupported", `More than ${redirects} redirects (maxRedirects)`);
      request = this.#redirected(request, redirectOf(answer.status, location, request), trip);
    }
  }

  #redirected(request: WireRequest, to: ReturnType<typeof redirectOf>, trip: Trip): WireRequest {
    const { credential } = this.#settings;
    if (to.isForeign && to.keepsBody && trip.key !== undefined) throw keyWouldBeLost();
    if (to.isForeign) trip.isAway = true;
    // A server that repeats the whole query in its Location must not pass the key on.
    if (credential?.in === "query" && to.url.searchParams.has(credential.name))
      to.url.searchParams.delete(credential.name);
    const { origin, pathname, search } = to.url;
    const kept = trip.isAway ? impersonal(request.headers) : request.headers;
    return {
      origin,
      target: `${pathname}${search}`,
      method: to.method,
      // What has become a GET is another request.
      headers: to.keepsBody ? kept : withoutHeader(withoutHeader(kept, "content-type"), trip.key?.[0] ?? ""),
      body: to.keepsBody ? request.body : undefined,
    };
  }

  /** Sends as oneself; where a token is refused, once more with another one. */
  async #authorized(request: WireRequest, trip: Trip): Promise<WireAnswer> {
    const { lease } = this.#settings;
    if (lease === undefined || trip.isAuthorized || trip.isAway) return this.#exchange(request, trip);
    const { scope } = trip;
    scope.enter("authenticating");
    const token = lease.current() ?? (await orAborted(lease.take(), scope.signal));
    const first = await this.#withToken(request, token, trip);
    if (!first.isRefused || !trip.mayRenew) return usable(first);
    trip.mayRenew = false;
    scope.enter("authenticating");
    const another = await orAborted(lease.replace(token), scope.signal);
    return usable(another === undefined ? first : await this.#withToken(request, another, trip));
  }

  async #withToken(request: WireRequest, token: string, trip: Trip): Promise<JudgedAnswer> {
    const { lease, isTokenRefused } = this.#settings;
    trip.token = token;
    const headers = [...request.headers, "authorization", `Bearer ${token}`];
    const answer = await this.#exchange({ ...request, headers }, trip);
    const isRefused = await isTokenRefused(answer);
    if (!isRefused) lease?.accepted(token);
    return { answer, isRefused };
  }

  #exchange(request: WireRequest, { scope, isForStatus, isAway }: Trip): Promise<WireAnswer> {
    const { credential, wire } = this.#settings;
    const isKeyed = credential?.in === "query" && !isAway;
    const sent = isKeyed ? { ...request, target: withKey(request.target, credential) } : request;
    return wire(sent, { scope, isForStatus });
  }

  async #dataOf(method: string, { path }: Question, answer: WireAnswer, trip: Trip): Promise<unknown> {
    const { status, headers, body } = answer;
    const { mostBytes, clock } = this.#settings;
    const isGood = (status >= 200 && status < 300) || status === 304;
    if (isGood && method === "HEAD") return headers;
    const coding = headerOf(headers, "content-encoding");
    const read = async (): Promise<unknown> =>
      parsedBody(coding === undefined ? body : await decompressed(body, coding, mostBytes), headers);
    if (isGood) return status === 304 ? null : read();
    const data = (await read().catch(() => undefined)) ?? undefined;
    const words = safeWords(status, headers, data);
    throw new HTTPStatusError({
      method,
      path: shownPath(path),
      status,
      headers,
      data,
      words: words === undefined ? undefined : this.#redacted(words, trip),
      retryAfterMs: retryAfterMs(headerOf(headers, "retry-after"), {
        date: headerOf(headers, "date"),
        wallMs: clock.wall(),
      }),
    });
  }

  /** Free of what this call proved itself with; the configuration's secrets are taken out of every message later. */
  #redacted(words: string, { token }: Trip): string {
    const { credential } = this.#settings;
    const sent = [credential?.value.reveal().replace(/^\w+ /, ""), token].filter((text) => text !== undefined);
    return redactor(sent.map((text) => new Secret(text)))(words);
  }
}

function withKey(target: string, { name, value }: Credential): string {
  return `${target}${target.includes("?") ? "&" : "?"}${encodeURIComponent(name)}=${encodeURIComponent(value.reveal())}`;
}

function isConflict(error: unknown): error is HTTPStatusError {
  return error instanceof HTTPStatusError && error.status === 409;
}

/** The API still works on an earlier try, and refuses this one meanwhile. */
function stillAtWork(cause: HTTPStatusError): ConnectorError {
  const { message, status, retryAfterMs } = cause;
  return new ConnectorError("contention", message, { status, retryAfterMs, cause });
}

/** The failure of what came after an effect: the effect stays open, and the call is not sent again as if it had none. */
function openEnded(error: ConnectorError): ConnectorError {
  const { message, hint, status, code, retryAfterMs, cause } = error;
  const kind = KINDS[error.kind].repeat === "always" ? "unavailable" : error.kind;
  return new ConnectorError(kind, message, { hint, status, code, retryAfterMs, outcome: "unknown", cause });
}
