import { afterAll, beforeEach, expect, test } from "vitest";
import { problem, startRestService } from "../../testkit/rest-service/index.ts";
import { RESTAPIConnector } from "./index.ts";

const service = await startRestService();
const other = await startRestService();
afterAll(() => Promise.all([service.close(), other.close()]));
beforeEach(() => {
  service.reset();
  other.reset();
});

type Settings = ConstructorParameters<typeof RESTAPIConnector>[0];
const secret = "canary-secret";

async function connected(config: Partial<Settings> = {}) {
  const api = new RESTAPIConnector({ baseURL: service.url, retry: { delay: 5 }, ...config });
  await api.connect();
  return Object.assign(api, { [Symbol.asyncDispose]: () => api.disconnect() });
}

const elsewhere = (path: string): string => `/redirect?status=307&to=${encodeURIComponent(`${other.url}${path}`)}`;

test.each<[string, Partial<Settings>]>([
  ["a plain key", { apiKey: secret }],
  ["a key in a header", { auth: { scheme: "apiKey", key: secret } }],
  ["a key in the query", { auth: { scheme: "apiKey", key: secret, in: "query", name: "key" } }],
  ["a bearer token", { auth: { scheme: "bearer", token: secret } }],
  ["a password", { auth: { scheme: "basic", username: "ada", password: secret } }],
  ["a renewed token", { auth: { scheme: "custom", token: async () => ({ token: secret }) } }],
  ["configured headers", { headers: { Cookie: `session=${secret}`, "X-Tenant": secret } }],
])("trap 17: a redirect to another host carries no credentials: %s", async (_, config) => {
  await using api = await connected(config);
  const headers = { "X-Own": secret, "proxy-authorization": secret };
  expect(await api.post({ path: elsewhere("/echo/x?a=b"), headers, data: { a: 1 } })).toMatchObject({
    method: "POST",
    query: [["a", "b"]],
    body: '{"a":1}',
  });
  expect(JSON.stringify(service.requests)).not.toBe("[]");
  const seen = other.requests;
  expect(seen).toHaveLength(1);
  expect(JSON.stringify([seen, [...seen[0]!.query]])).not.toContain(secret);
  expect(JSON.stringify(seen)).not.toContain(Buffer.from(`ada:${secret}`).toString("base64"));
  expect(Object.keys(seen[0]!.headers).sort()).toEqual([
    ...["accept", "accept-encoding", "connection", "content-length", "content-type", "host", "user-agent"],
  ]);
});

test("a key that the server repeats in its Location is taken out of it", async () => {
  await using api = await connected({ auth: { scheme: "apiKey", key: secret, in: "query", name: "key" } });
  service.answers.set("/moved", ({ query }) => ({
    status: 302,
    headers: { location: `${other.url}/echo?${query.toString()}&page=2` },
  }));
  expect(await api.get({ path: "/moved", query: { q: 1 } })).toMatchObject({ query: [["q", "1"], ["page", "2"]] }); // prettier-ignore
});

test("a redirect on the same origin keeps the credentials, once", async () => {
  await using api = await connected({ auth: { scheme: "apiKey", key: secret, in: "query", name: "key" } });
  service.answers.set("/moved", ({ query }) => ({ status: 302, headers: { location: `/echo?${query.toString()}` } }));
  expect(await api.get({ path: "/moved", query: { q: 1 } })).toMatchObject({ query: [["q", "1"], ["key", secret]] }); // prettier-ignore
});

test.each<[string, Partial<Settings>]>([
  ["a plain key", { apiKey: secret }],
  ["a key in the query", { auth: { scheme: "apiKey", key: secret, in: "query", name: "key" } }],
  ["a renewed token", { auth: { scheme: "custom", token: async () => ({ token: secret }) } }],
])("credentials do not come back after a detour over another host: %s", async (_, config) => {
  await using api = await connected(config);
  // Home again, and there once more: that last step stays on the origin.
  other.answers.set("/back", () => ({ status: 302, headers: { location: `${service.url}/redirect?to=/echo/chosen` } }));
  expect(await api.get({ path: elsewhere("/back") })).toMatchObject({ path: "/echo/chosen" });
  const [first, ...after] = service.log.of().map(({ headers, query }) => JSON.stringify([headers, [...query]]));
  expect(first).toContain(secret);
  expect(after).toHaveLength(2);
  expect(after.join()).not.toContain(secret);
});

test("a redirect into another part of the network is refused", async () => {
  await using api = await connected();
  for (const to of ["http://169.254.169.254/latest/meta-data", "http://10.0.0.1/", "http://[fd00::1]/"])
    await expect(api.get({ path: "/redirect", query: { to } })).rejects.toMatchObject({
      kind: "unsupported",
      message: expect.stringMatching(/^A redirect to a (link-local|private) address is not followed/),
    });
});

test("redirects end: after as many as allowed, and none where none is allowed", async () => {
  await using api = await connected({ maxRedirects: 2 });
  await expect(api.get({ path: "/loop" })).rejects.toThrow("More than 2 redirects");
  expect(service.log.of("/loop")).toHaveLength(3);
  await using strict = await connected({ maxRedirects: 0 });
  await expect(strict.get({ path: "/redirect" })).rejects.toThrow("More than 0 redirects");
});

test("a redirect without a location is an answer that cannot be followed", async () => {
  await using api = await connected();
  service.answers.set("/lost", () => ({ status: 302 }));
  await expect(api.get({ path: "/lost" })).rejects.toMatchObject({ kind: "unsupported", status: 302 });
});

test.each([
  [303, 429, "unavailable"],
  [303, 404, "not_found"],
  [302, 503, "unavailable"],
])(
  "a POST that was answered with %i and then %i is not sent again: it may have been carried out",
  async (status, then, kind) => {
    await using api = await connected();
    service.answers.set("/order", () => ({ status, headers: { location: "/receipt" } }));
    service.answers.set("/receipt", () => problem(then, "No", { "retry-after": "0" }));
    await expect(api.post({ path: "/order", data: {} })).rejects.toMatchObject({
      kind,
      outcome: "unknown",
      status: then,
    });
    expect(service.log.of("/order")).toHaveLength(1);
  },
);

test("a POST whose redirect leads to a host that is down may have been carried out, too", async () => {
  const gone = await startRestService();
  await gone.close();
  await using api = await connected();
  service.answers.set("/order", () => ({ status: 303, headers: { location: `${gone.url}/receipt` } }));
  await expect(api.post({ path: "/order", data: {} })).rejects.toMatchObject({
    kind: "unavailable",
    outcome: "unknown",
  });
  expect(service.log.of("/order")).toHaveLength(1);
  service.answers.set("/order", () => ({ status: 307, headers: { location: `${gone.url}/receipt` } }));
  await expect(api.post({ path: "/order", data: {} })).rejects.toMatchObject({ outcome: "none", attempts: 3 });
});
