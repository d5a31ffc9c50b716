import { afterAll, beforeEach, expect, test } from "vitest";
import { frozenListener, startFaultProxy } from "../../testkit/index.ts";
import { startRestService } from "../../testkit/rest-service/index.ts";
import { RESTAPIConnector } from "./index.ts";

const service = await startRestService();
afterAll(() => service.close());
beforeEach(() => service.reset());

type Settings = ConstructorParameters<typeof RESTAPIConnector>[0];

async function connected(baseURL: string, config: Partial<Settings> = {}) {
  const api = new RESTAPIConnector({ baseURL, retry: { delay: 5 }, ...config });
  await api.connect();
  return Object.assign(api, { [Symbol.asyncDispose]: () => api.disconnect() });
}

const behindProxy = () => startFaultProxy({ targetHost: service.host, targetPort: service.port });
const urlOf = ({ host, port }: { readonly host: string; readonly port: number }): string => `http://${host}:${port}`;

test("trap 1: a POST on a connection that is cut after it was sent reaches the API once; its outcome is unknown", async () => {
  await using proxy = await behindProxy();
  await using api = await connected(urlOf(proxy));
  proxy.blackhole = "down";
  const order = api.post({ path: "/items", data: { order: 1 } }).catch((error: unknown) => error);
  await service.log.until(1, "POST /items");
  proxy.cut();
  expect(await order).toMatchObject({ kind: "connection_lost", outcome: "unknown", attempts: 1 });
  await proxy.heal();
  expect(await api.get({ path: "/items" })).toMatchObject({ total: 1 });
  expect(service.log.of("POST /items")).toHaveLength(1);
});

test("a GET on a connection that is cut after it was sent is sent again", async () => {
  await using proxy = await behindProxy();
  await using api = await connected(urlOf(proxy));
  proxy.blackhole = "down";
  const list = api.call("get", { path: "/items" });
  await service.log.until(1, "/items");
  proxy.blackhole = "none";
  proxy.cut();
  const { data, meta } = await list;
  expect(data).toEqual({ items: [], total: 0 });
  expect(meta.attempts).toBe(2);
});

test("an answer that breaks off is repeated for a read and unknown for a write", async () => {
  await using api = await connected(service.url);
  await expect(api.get({ path: "/cut-answer" })).rejects.toMatchObject({ kind: "connection_lost", attempts: 3 });
  await expect(api.post({ path: "/cut-answer", data: {} })).rejects.toMatchObject({ outcome: "unknown", attempts: 1 });
});

test("a connection that the server has dropped costs a GET one more try, and a POST its certainty", async () => {
  await using api = await connected(service.url, { poolSize: 1 });
  expect(await api.get({ path: "/stale" })).toEqual({ connection: "new" });
  const { data, meta } = await api.call("get", { path: "/stale" });
  expect(data).toEqual({ connection: "new" });
  expect(meta.attempts).toBe(2);
  await expect(api.post({ path: "/stale", data: {} })).rejects.toMatchObject({
    kind: "connection_lost",
    outcome: "unknown",
    attempts: 1,
    message: expect.stringMatching(/^POST \/stale: /),
  });
});

test("trap 3: a half-open connection costs a try its limit and the call no more", async () => {
  await using proxy = await behindProxy();
  await using api = await connected(urlOf(proxy), { attemptTimeout: 100, timeout: 10_000, poolSize: 1 });
  await api.get({ path: "/items" });
  const before = proxy.accepted;
  proxy.blackhole = "both";
  const list = api.call("get", { path: "/items" });
  // The first try hangs on the dead connection; a new one means that the second has begun.
  while (proxy.accepted === before) await new Promise((resolve) => setTimeout(resolve, 5));
  await proxy.heal();
  const { meta } = await list;
  expect(meta.attempts).toBeGreaterThanOrEqual(2);
  proxy.blackhole = "both";
  await expect(api.post({ path: "/items", data: {} })).rejects.toMatchObject({
    kind: "timeout",
    outcome: "unknown",
    attempts: 1,
  });
});

test("a host that refuses is unavailable; nothing was sent, so a POST is tried again as well", async () => {
  await using proxy = await behindProxy();
  await using api = await connected(urlOf(proxy));
  proxy.closeListener();
  await expect(api.post({ path: "/items", data: {} })).rejects.toMatchObject({
    kind: "unavailable",
    code: "ECONNREFUSED",
    outcome: "none",
    attempts: 3,
    message: expect.stringMatching(/^Operation failed after 3 attempts: POST \/items: connect ECONNREFUSED/),
  });
  expect(await api.healthCheck()).toMatchObject({ status: "unhealthy", connected: false });
  await proxy.heal();
  expect(await api.post({ path: "/items", data: {} })).toMatchObject({ id: 1 });
});

test("200 callers of a host that refuses are all answered, whatever the size of the pool", async () => {
  await using proxy = await behindProxy();
  await using api = await connected(urlOf(proxy), { poolSize: 2, retryAttempts: 1 });
  proxy.closeListener();
  const calls = Array.from({ length: 200 }, () =>
    api.post({ path: "/items", data: {} }).catch((error: unknown) => error),
  );
  for (const error of await Promise.all(calls)) expect(error).toMatchObject({ kind: "unavailable", outcome: "none" });
});

test("a host that accepts and resets before the request is sent or after it is never taken for an answer", async () => {
  await using proxy = await behindProxy();
  await using api = await connected(urlOf(proxy));
  proxy.refuse = true;
  await expect(api.get({ path: "/items" })).rejects.toMatchObject({ kind: "connection_lost", attempts: 3 });
  expect(service.requests).toHaveLength(0);
});

test("a host that never answers a connect times out without effect, by the call's limit and by its own", async () => {
  await using frozen = await frozenListener();
  await using api = await connected(urlOf(frozen), { connectionTimeout: 80, retryAttempts: 1 });
  await expect(api.post({ path: "/items", data: {} }, { timeout: 40 })).rejects.toMatchObject({
    kind: "timeout",
    outcome: "none",
    message: expect.stringContaining("while waiting for a connection"),
  });
  await expect(api.post({ path: "/items", data: {} })).rejects.toMatchObject({
    kind: "timeout",
    outcome: "none",
    code: "UND_ERR_CONNECT_TIMEOUT",
  });
});

test("an API that never answers costs a call its limit and little more", async () => {
  await using api = await connected(service.url, { timeout: 200 });
  const startedAt = performance.now();
  await expect(api.get({ path: "/slow" })).rejects.toMatchObject({ kind: "timeout" });
  const tookMs = performance.now() - startedAt;
  expect(tookMs).toBeGreaterThan(190);
  expect(tookMs).toBeLessThan(1_000);
});

test("trap 4: an abort ends the request at once, and the connection with it", async () => {
  await using api = await connected(service.url);
  const abort = new AbortController();
  let hungUp = (): void => {};
  const closed = new Promise<void>((resolve) => (hungUp = resolve));
  service.answers.set("/watched", () => (_response, socket) => void socket.once("close", hungUp));
  const call = api.get({ path: "/watched" }, { signal: abort.signal }).catch((error: unknown) => error);
  await service.log.until(1, "/watched");
  const abortedAt = performance.now();
  abort.abort();
  expect(await call).toMatchObject({ kind: "cancelled" });
  // How soon, the fault suite measures; without an abort it would be ten seconds.
  expect(performance.now() - abortedAt).toBeLessThan(2_000);
  await closed;
  expect(await api.get({ path: "/items" })).toMatchObject({ total: 0 });
});

test("an abort ends a body that is on its way", async () => {
  await using proxy = await behindProxy();
  await using api = await connected(urlOf(proxy));
  const abort = new AbortController();
  proxy.rateBytesPerSec = 50_000;
  const call = api.get({ path: "/large?bytes=5000000" }, { signal: abort.signal }).catch((error: unknown) => error);
  await service.log.until(1, "/large");
  abort.abort();
  expect(await call).toMatchObject({ kind: "cancelled" });
});

test("trap 23: too large an answer ends while it comes: the API is not read to its end", async () => {
  await using api = await connected(service.url, { maxResponseBytes: "1MiB" });
  for (const path of ["/large?bytes=10000000000", "/large?bytes=10000000000&chunked", "/gzip-bomb?bytes=100000000"])
    await expect(api.get({ path })).rejects.toMatchObject({
      kind: "too_large",
      attempts: 1,
      hint: "Ask for less, or raise maxResponseBytes.",
      message: expect.stringContaining("answered with more than 1048576 bytes"),
    });
  await expect(api.post({ path: "/large?bytes=2000000", data: {} })).rejects.toMatchObject({ outcome: "unknown" });
});

test("an answer of exactly the limit is taken", async () => {
  await using api = await connected(service.url, { maxResponseBytes: 100_000 });
  expect(await api.get({ path: "/large?bytes=100000&chunked" })).toHaveLength(100_000);
  await expect(api.get({ path: "/large?bytes=100001&chunked" })).rejects.toMatchObject({ kind: "too_large" });
});

test("what is not HTTP is unavailable, and its bytes stay out of the error", async () => {
  service.answers.set("/smtp", () => (_response, socket) => void socket.end("220 canary ESMTP\r\n\r\n"));
  await using api = await connected(service.url, { retryAttempts: 1 });
  const error = await api.get({ path: "/smtp" }).catch((thrown: Error) => thrown);
  expect(error).toMatchObject({ kind: "unavailable", message: "GET /smtp: The answer is not HTTP [rest.get]" });
  expect((error as Error).cause).toBeUndefined();
});

test("trap 12: a server that is killed and comes back needs no restart", async () => {
  const first = await startRestService();
  await using api = await connected(first.url);
  await api.get({ path: "/items" });
  await first.close();
  await expect(api.get({ path: "/items" })).rejects.toMatchObject({
    kind: expect.stringMatching(/unavailable|connection_lost/),
  });
  await using second = await startRestService({ port: first.port });
  expect(await api.get({ path: "/items" })).toMatchObject({ total: 0 });
  expect(second.requests).toHaveLength(1);
});

test("a server that is killed under a thousand calls leaves none of them hanging, and no POST is sent twice", async () => {
  const victim = await startRestService();
  await using api = await connected(victim.url, { poolSize: 20 });
  const calls = Array.from({ length: 1_000 }, (_, n) =>
    (n % 2 === 0 ? api.get({ path: `/items/${n}` }) : api.post({ path: `/slow/${n}`, data: {} })).catch(
      (error: unknown) => error,
    ),
  );
  await victim.log.until(100);
  await victim.close();
  for (const ended of await Promise.all(calls))
    expect(ended).toMatchObject({ kind: expect.stringMatching(/^(not_found|unavailable|connection_lost)$/) });
  const posts = victim.log.of().filter(({ method }) => method === "POST");
  expect(new Set(posts.map(({ path }) => path)).size).toBe(posts.length);
});

test("disconnecting waits for running calls, then ends them", async () => {
  const api = await connected(service.url);
  const finished = api.get({ path: "/slow" });
  await service.log.until(1, "/slow");
  const closing = api.disconnect();
  service.release();
  expect(await finished).toBe("late");
  await closing;
  const impatient = await connected(service.url);
  const cut = impatient.get({ path: "/slow" }).catch((error: unknown) => error);
  await service.log.until(2, "/slow");
  await impatient.disconnect({ timeout: 0 });
  expect(await cut).toMatchObject({ kind: "cancelled" });
});
