import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { gzipSync } from "node:zlib";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { NoticeEvent } from "../../core/events.ts";
import { json, startRestService, type Answer } from "../../testkit/rest-service/index.ts";
import { RESTAPIConnector } from "./index.ts";

const service = await startRestService();
afterAll(() => service.close());
beforeEach(() => {
  service.reset();
  service.expireTokens();
  service.tokens.issued = 0;
});

type Settings = ConstructorParameters<typeof RESTAPIConnector>[0];
const oauth2 = {
  scheme: "oauth2",
  tokenURL: `${service.url}/token`,
  clientId: service.clientId,
  clientSecret: service.clientSecret,
} as const;

async function connected(auth: Settings["auth"], config: Partial<Settings> = {}) {
  const api = new RESTAPIConnector({ baseURL: service.url, auth, retry: { delay: 5 }, ...config });
  await api.connect();
  return Object.assign(api, { [Symbol.asyncDispose]: () => api.disconnect() });
}

describe("credentials that do not change", () => {
  const { apiKey: key, clientId: username, clientSecret: password } = service;
  test.each<[string, Settings["auth"], string]>([
    ["a key in a header", { scheme: "apiKey", key }, "/keyed/items"],
    ["a key in the query", { scheme: "apiKey", key, in: "query", name: "api_key" }, "/keyed/items?limit=1"],
    ["a key behind a word", { scheme: "apiKey", key, name: "authorization", prefix: "Bearer" }, "/keyed/items"],
    ["a bearer token", { scheme: "bearer", token: key }, "/keyed/items"],
    ["name and password", { scheme: "basic", username, password }, "/basic/items"],
    ["none", { scheme: "none" }, "/items"],
  ])("%s", async (_, auth, path) => {
    await using api = await connected(auth);
    expect(await api.get({ path })).toEqual({ items: [], total: 0 });
  });

  test("an Authorization of the call's own wins", async () => {
    await using api = await connected({ scheme: "bearer", token: "not this one" });
    const headers = { Authorization: `Bearer ${service.apiKey}` };
    expect(await api.get({ path: "/keyed/items", headers })).toMatchObject({ total: 0 });
    expect(service.requests[0]!.headers.authorization).toBe(headers.Authorization);
  });
});

describe("tokens of a token endpoint", () => {
  test("a token is got with the first call that needs one, and kept", async () => {
    await using api = await connected(oauth2);
    expect(service.tokens.issued).toBe(0);
    for (let n = 0; n < 3; n++) expect(await api.get({ path: "/private/items" })).toMatchObject({ total: 0 });
    expect(service.tokens.issued).toBe(1);
  });

  test("the client can be proved in the form", async () => {
    await using api = await connected({ ...oauth2, clientAuth: "post", scope: "read", parameters: { audience: "x" } });
    expect(await api.get({ path: "/private/items" })).toMatchObject({ total: 0 });
    expect(service.log.of("/token")[0]!.body).toMatch(
      /audience=x.*grant_type=client_credentials.*scope=read.*client_secret/,
    );
  });

  test("a token that the API refuses is replaced and the call sent once more, a POST too", async () => {
    await using api = await connected(oauth2);
    await api.get({ path: "/private/items" });
    service.expireTokens();
    const { data, meta } = await api.call("post", { path: "/private/items", data: { name: "Ada" } });
    expect(data).toMatchObject({ name: "Ada" });
    expect(meta.attempts).toBe(1);
    expect(service.items.size).toBe(1);
    expect(service.tokens.issued).toBe(2);
  });

  test("trap 5: 200 callers over an ended token make one token request, and none of them fails", async () => {
    await using api = await connected(oauth2, { poolSize: 50 });
    await api.get({ path: "/private/items" });
    for (let round = 0; round < 3; round++) {
      service.expireTokens();
      service.tokens.issued = 0;
      const answers = await Promise.all(Array.from({ length: 200 }, () => api.get({ path: "/private/items" })));
      expect(answers).toHaveLength(200);
      expect(service.tokens.issued).toBe(1);
    }
  });

  test("trap 5: 200 callers who have no token yet make one token request", async () => {
    await using api = await connected(oauth2);
    await Promise.all(Array.from({ length: 200 }, () => api.get({ path: "/private/items" })));
    expect(service.tokens.issued).toBe(1);
  });

  test("trap 5: a late refusal of an old token starts no second renewal", async () => {
    await using api = await connected(oauth2);
    await api.get({ path: "/private/items" });
    const old = service.requests.at(-1)!.headers.authorization;
    // The refusal of the first caller is held back until the second has renewed the token and used the new one.
    let refuse = (): void => {};
    service.answers.set("/held", ({ headers }) =>
      headers.authorization === old
        ? (response) => {
            refuse = () => response.writeHead(401).end();
          }
        : json(200, "new token"),
    );
    const late = api.get({ path: "/held" });
    await service.log.until(1, "/held");
    service.expireTokens();
    await api.get({ path: "/private/items" });
    expect(service.tokens.issued).toBe(2);
    refuse();
    expect(await late).toBe("new token");
    expect(service.tokens.issued).toBe(2);
  });

  test("trap 6: expires_in is honoured: a token is renewed before it is refused", async () => {
    await using brief = await startRestService({ tokenLifetimeMs: 200 });
    const api = new RESTAPIConnector({ baseURL: brief.url, auth: { ...oauth2, tokenURL: `${brief.url}/token` } });
    await api.connect();
    const until = performance.now() + 600;
    while (performance.now() < until) await api.get({ path: "/private/items" });
    const answers = brief.log.of("/private/items").length;
    expect(brief.tokens.issued).toBeGreaterThanOrEqual(3);
    expect(brief.tokens.issued).toBeLessThan(answers);
    await api.disconnect();
  });

  describe("trap 6: where the API says otherwise than by 401 that a token is not taken", () => {
    const refused = { error: { code: "TOKEN_EXPIRED" } };
    const gzipped = { "content-encoding": "gzip", "content-type": "application/json" };
    const unzipped = gzipSync(JSON.stringify(refused));
    test.each<[string, { status?: number; bodyMatches?: string }[], Answer]>([
      ["403", [{ status: 403 }], json(403, {})],
      ["404", [{ status: 403 }, { status: 404 }], json(404, {})],
      ["200 with an error", [{ status: 200, bodyMatches: '"code":\\s*"token_expired"' }], json(200, refused)],
      ["the same compressed", [{ bodyMatches: "token_expired" }], (r) => r.writeHead(200, gzipped).end(unzipped)],
      ["401 all the same", [{ status: 403 }], json(401, {})],
    ])("%s: it is renewed, and the call sent once more", async (_, renewOn, refusal) => {
      await using api = await connected({ ...oauth2, renewOn });
      await api.get({ path: "/private/items" });
      const old = service.requests.at(-1)!.headers.authorization;
      service.answers.set("/odd", ({ headers }) => (headers.authorization === old ? refusal : json(200, "well")));
      expect(await api.post({ path: "/odd", data: {} })).toBe("well");
      expect([service.log.of("/odd").length, service.tokens.issued]).toEqual([2, 2]);
    });

    test("what is not named is an answer like any other", async () => {
      await using api = await connected({ ...oauth2, renewOn: [{ status: 403, bodyMatches: "expired" }] });
      service.answers.set("/odd", () => json(403, { error: "not yours" }));
      service.answers.set("/even", () => json(200, { error: "expired" }));
      await expect(api.get({ path: "/odd" })).rejects.toMatchObject({ kind: "permission_denied" });
      expect(await api.get({ path: "/even" })).toEqual({ error: "expired" });
      expect(service.tokens.issued).toBe(1);
    });

    test("a second refusal ends the call, and never passes for an answer", async () => {
      await using api = await connected({ ...oauth2, renewOn: [{ bodyMatches: "expired" }] });
      service.answers.set("/odd", () => json(200, { error: "expired" }));
      await expect(api.get({ path: "/odd" })).rejects.toMatchObject({
        kind: "unauthenticated",
        message: "GET /odd answered with a refusal of the token [rest.get]",
      });
      expect(service.log.of("/odd")).toHaveLength(2);
    });

    test.each<[object]>([[{}], [{ status: 1 }], [{ bodyMatches: "(" }], [{ bodyMatches: "" }], [{ code: 403 }]])(
      "%j is no rule",
      (rule) => {
        expect(
          () =>
            new RESTAPIConnector({ baseURL: service.url, auth: { ...oauth2, renewOn: [rule as { status: number }] } }),
        ).toThrow("Invalid configuration");
      },
    );
  });

  test("trap 7: a user's own rules take away neither the renewal at 401 nor the retry at 503", async () => {
    const retry = { on: [{ status: 409 }], never: [{ status: 404 }], delay: 1 };
    await using api = await connected(oauth2, { retry });
    await api.get({ path: "/private/items" });
    service.expireTokens();
    expect((await api.call("get", { path: "/private/items" })).meta.attempts).toBe(1);
    expect(service.tokens.issued).toBe(2);
    const statuses = [409, 503];
    service.answers.set("/moody", () => json(statuses.shift() ?? 200, "well"));
    expect(await api.call("get", { path: "/moody" })).toMatchObject({ data: "well", meta: { attempts: 3 } });
  });

  test("a second refusal ends the call: unauthenticated, in the server's words, without the token (never a loop)", async () => {
    await using api = await connected(oauth2);
    service.answers.set("/locked", ({ headers }) =>
      json(
        401,
        {},
        { "www-authenticate": `Bearer error="invalid_token", error_description="not ${headers.authorization}"` },
      ),
    );
    const error = await api.get({ path: "/locked" }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: "unauthenticated", status: 401, attempts: 1 });
    expect((error as Error).message).toBe(
      "GET /locked answered 401 Unauthorized: invalid_token, not Bearer [redacted] [rest.get]",
    );
    expect(service.log.of("/locked")).toHaveLength(2);
    expect(service.tokens.issued).toBe(2);
    for (let n = 0; n < 20; n++) await api.get({ path: "/locked" }).catch(() => {});
    expect(service.tokens.issued).toBe(2);
  });

  test("a health check renews once at most as well", async () => {
    await using api = await connected(oauth2, { healthPath: "/locked" });
    service.answers.set("/locked", () => json(401, {}));
    for (let n = 0; n < 5; n++)
      expect(await api.healthCheck()).toMatchObject({ status: "unhealthy", error: expect.stringContaining("401") });
    expect(service.tokens.issued).toBeLessThanOrEqual(2);
    service.answers.set("/locked", () => json(200, {}));
    expect(await api.healthCheck()).toMatchObject({ status: "healthy" });
  });

  test("wrong credentials are unauthenticated, in the server's words, without the secret, and are not tried again", async () => {
    await using api = await connected({ ...oauth2, clientSecret: "wrong-secret" });
    const error = await api.post({ path: "/private/items", data: {} }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({ kind: "unauthenticated", status: 401, outcome: "none", attempts: 1 });
    expect((error as Error).message).toBe(
      "Failed to get a token: The token endpoint answered 401: invalid_client, " +
        "no client demo-client with secret [redacted] [rest.post]",
    );
    expect(service.log.of("/private/items")).toHaveLength(0);
  });

  test("a token endpoint that fails for a while is asked again by the call's own tries, a POST's too", async () => {
    await using api = await connected(oauth2);
    service.tokens.failures = 2;
    const { meta } = await api.call("post", { path: "/private/items", data: {} });
    expect(meta.attempts).toBe(3);
    expect(service.items.size).toBe(1);
  });

  test("a token endpoint that is down fails the call without effect", async () => {
    const gone = await startRestService();
    await gone.close();
    await using api = await connected({ ...oauth2, tokenURL: `${gone.url}/token` }, { retryAttempts: 2 });
    await expect(api.post({ path: "/private/items", data: {} })).rejects.toMatchObject({
      kind: "unavailable",
      outcome: "none",
      attempts: 2,
      message: expect.stringMatching(/^Operation failed after 2 attempts: Failed to get a token: connect ECONNREFUSED/),
    });
  });

  test("a token endpoint that does not answer costs the caller no more than the call's time", async () => {
    await using api = await connected({ ...oauth2, tokenURL: `${service.url}/slow` });
    await expect(api.post({ path: "/items", data: {} }, { timeout: 30 })).rejects.toMatchObject({
      kind: "timeout",
      outcome: "none",
      message: expect.stringContaining("while authenticating"),
    });
    expect(service.log.of("/items")).toHaveLength(0);
  });

  test("a renewal is told, without the token", async () => {
    const notices: NoticeEvent[] = [];
    const keep = (message: unknown): void => void notices.push(message as NoticeEvent);
    subscribe("busbar:notice", keep);
    await using api = await connected(oauth2);
    await api.get({ path: "/private/items" });
    unsubscribe("busbar:notice", keep);
    const detail = { lifetimeMs: 3_600_000 };
    expect(notices).toEqual([{ connector: "rest", name: "token renewed", severity: "info", detail }]);
  });
});

describe("tokens of a function", () => {
  test("a function is asked once for all, again after a refusal, and told when nobody needs it any more", async () => {
    const given = ["first", service.apiKey];
    await using api = await connected({ scheme: "custom", token: async () => ({ token: given.shift()! }) });
    await Promise.all(Array.from({ length: 50 }, () => api.get({ path: "/keyed/items" })));
    expect(given).toEqual([]);
    const never = new RESTAPIConnector({
      baseURL: service.url,
      auth: { scheme: "custom", token: () => new Promise(() => {}) },
    });
    await never.connect();
    const waiting = never.get({ path: "/items" }).catch((error: unknown) => error);
    await never.disconnect({ timeout: 0 });
    expect(await waiting).toMatchObject({ kind: "cancelled", outcome: undefined });
  });

  test("the end of a token is a date or a number", async () => {
    for (const expiresAt of [new Date(0), Date.now() - 1, Date.now() + 60_000]) {
      let asked = 0;
      const token = async () => ({ token: `${service.apiKey}${asked++ > 5 ? "x" : ""}`, expiresAt });
      await using api = await connected({ scheme: "custom", token });
      await api.get({ path: "/keyed/items" });
      await api.get({ path: "/keyed/items" });
      expect(asked).toBe(Number(expiresAt) > Date.now() ? 1 : 2);
    }
  });

  test.each([
    [
      "throws",
      () => Promise.reject(new Error("vault is sealed")),
      "internal",
      "Failed to get a token: vault is sealed",
    ],
    ["answers with nothing", async () => ({ token: "" }), "unauthenticated", "without a usable token"],
    ["answers with two lines", async () => ({ token: "a\r\nb" }), "unauthenticated", "without a usable token"],
  ])("a function that %s fails the call without effect", async (_, token, kind, message) => {
    await using api = await connected({ scheme: "custom", token });
    await expect(api.post({ path: "/items", data: {} })).rejects.toMatchObject({
      kind,
      outcome: "none",
      message: expect.stringContaining(message),
    });
  });
});
