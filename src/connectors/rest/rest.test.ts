import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import type { CallRecord } from "../../core/record.ts";
import { fakeClock } from "../../testkit/index.ts";
import { json, problem, startRestService } from "../../testkit/rest-service/index.ts";
import DefaultExport, { RESTAPIConnector } from "./index.ts";

const service = await startRestService();
afterAll(() => service.close());
beforeEach(() => service.reset());

async function connected(config: Omit<ConstructorParameters<typeof RESTAPIConnector>[0], "baseURL"> = {}) {
  const api = new RESTAPIConnector({ baseURL: service.url, retry: { delay: 5 }, ...config });
  await api.connect();
  return Object.assign(api, { [Symbol.asyncDispose]: () => api.disconnect() });
}

test("the seed contract: get, post, put, patch and delete through execute", async () => {
  const api = new RESTAPIConnector({
    baseURL: service.url,
    timeout: 5_000,
    headers: { "X-Client": "seed" },
    apiKey: service.apiKey,
  });
  expect(api.isConnected).toBe(false);
  await expect(api.execute("get", { path: "/items" })).rejects.toThrow("Connector not connected");
  await api.connect();
  expect(api.isConnected).toBe(true);
  expect(await api.execute("post", { path: "/keyed/items", data: { name: "Ada" } })).toEqual({ id: 1, name: "Ada" });
  expect(await api.execute("get", { path: "/keyed/items", query: { name: "Ada" } })).toEqual({
    items: [{ id: 1, name: "Ada" }],
    total: 1,
  });
  expect(await api.execute("put", { path: "/keyed/items/1", data: { name: "Grace" } })).toEqual({
    id: 1,
    name: "Grace",
  });
  expect(await api.execute("patch", { path: "/keyed/items/1", data: { born: 1906 } })).toMatchObject({ born: 1906 });
  expect(await api.execute("delete", { path: "/keyed/items/1" })).toBeNull();
  expect(await api.healthCheck()).toEqual({
    status: "healthy",
    connected: true,
    responseTime: expect.any(Number),
    timestamp: expect.stringMatching(/^\d{4}-.*Z$/),
  });
  for (const { headers } of service.log.of().filter(({ path }) => path !== "/health"))
    expect(headers).toMatchObject({ "x-client": "seed", authorization: `Bearer ${service.apiKey}` });
  await api.disconnect();
  await api.disconnect();
  expect(api.isConnected).toBe(false);
  await expect(api.execute("get", { path: "/items" })).rejects.toThrow("Connector not connected");
});

test("every operation is also a method, and the class is the default export", async () => {
  await using api = await connected();
  expect(DefaultExport).toBe(RESTAPIConnector);
  expect(await api.post({ path: "/items", data: { name: "Ada" } })).toMatchObject({ name: "Ada" });
  expect(await api.head({ path: "/items/1" })).toMatchObject({ "content-type": "application/json" });
  await expect(api.execute("fetch" as never)).rejects.toThrow("Unknown operation: fetch");
});

test("the base URL's own path stays in front of every path", async () => {
  const api = new RESTAPIConnector({ baseURL: `${service.url}/echo/v1/` });
  await api.connect();
  expect(await api.get({ path: "/users" })).toMatchObject({ path: "/echo/v1/users" });
  expect(await api.get({ path: "" })).toMatchObject({ path: "/echo/v1/" });
  await api.disconnect();
});

test("connecting asks the API nothing, so one that is down keeps nobody from starting", async () => {
  const asked = service.connections;
  await using api = await connected();
  expect(service.connections).toBe(asked);
  expect(api.isConnected).toBe(true);
});

test("a request says who asks and what it takes, and configuration and call may say otherwise", async () => {
  await using api = await connected({ userAgent: "shop/2", headers: { Accept: "application/xml", "X-Team": "a" } });
  expect(await api.get({ path: "/echo", headers: { "x-team": "b" } })).toMatchObject({
    headers: {
      "user-agent": "shop/2",
      accept: "application/xml",
      "x-team": "b",
      "accept-encoding": "gzip, deflate, br",
    },
  });
});

test("304 is an answer without data", async () => {
  await using api = await connected();
  service.answers.set("/cached", () => ({ status: 304, headers: { etag: '"1"' } }));
  const { data, meta } = await api.call("get", { path: "/cached", headers: { "If-None-Match": '"1"' } });
  expect([data, meta.status, meta.headers?.["etag"]]).toEqual([null, 304, '"1"']);
});

test("an answer of several cookies tells them all", async () => {
  await using api = await connected();
  service.answers.set("/cookies", () => ({ status: 200, headers: { "set-cookie": ["a=1", "b=2"] } }));
  expect((await api.call("get", { path: "/cookies" })).meta.headers?.["set-cookie"]).toEqual(["a=1", "b=2"]);
});

describe("failures", () => {
  test("the answer's body can be had from the error's cause, and stands in no message", async () => {
    await using api = await connected();
    service.answers.set("/invalid", () => json(422, { fields: { email: "canary" } }));
    const error = await api.post({ path: "/invalid", data: {} }).catch((thrown: Error) => thrown);
    expect(error).toMatchObject({
      kind: "input_invalid",
      status: 422,
      cause: { data: { fields: { email: "canary" } } },
    });
    expect((error as Error).message).toBe("POST /invalid answered 422 Unprocessable Entity [rest.post]");
  });

  test("the body of an error is read up to 64 KiB, and a larger one changes nothing else", async () => {
    await using api = await connected({ maxResponseBytes: 10 });
    service.answers.set("/invalid", () => json(422, { fields: ["x".repeat(1_000)] }));
    const small = await api.get({ path: "/invalid" }).catch((thrown: Error) => thrown);
    expect(small).toMatchObject({ kind: "input_invalid", cause: { data: { fields: [expect.any(String)] } } });
    service.answers.set("/invalid", () => json(422, { fields: ["x".repeat(200_000)] }));
    const large = await api.get({ path: "/invalid" }).catch((thrown: Error) => thrown);
    expect(large).toMatchObject({ kind: "input_invalid", status: 422, cause: { data: undefined } });
  });

  test("an error of a problem document shows its title and nothing else of it", async () => {
    await using api = await connected();
    await expect(api.get({ path: "/nowhere" })).rejects.toThrow(
      "GET /nowhere answered 404 Not Found: Nothing here [rest.get]",
    );
  });

  test.each([400, 401, 403, 404, 409, 410, 413, 415, 422, 501])(
    "trap 2: %i is final: it is not asked again",
    async (status) => {
      await using api = await connected();
      service.answers.set("/final", () => problem(status, "No"));
      await expect(api.get({ path: "/final" })).rejects.toMatchObject({ status, attempts: 1 });
      expect(service.log.of("/final")).toHaveLength(1);
    },
  );

  test.each([
    ["429", "post", "7", 7_000],
    ["503", "get", "7", 7_000],
    ["503", "get", "Thu, 01 Jan 2026 00:00:07 GMT", 7_000],
  ] as const)(
    "trap 2: %s to a %s is asked again exactly as late as Retry-After says: %s",
    async (status, operation, value, ms) => {
      const clock = fakeClock();
      const api = new RESTAPIConnector({ baseURL: service.url, timeout: 60_000 }, { clock });
      await api.connect();
      service.answers.set("/limited", () => {
        const date = "Thu, 01 Jan 2026 00:00:00 GMT";
        return service.log.of("/limited").length > 1
          ? json(200, "ok")
          : problem(Number(status), "No", { "retry-after": value, date });
      });
      const answer = api.call(operation, { path: "/limited" });
      await service.log.until(1);
      // The answer is on its way through the real network; the wait for it is over when a timer is armed for the retry.
      const armed = clock.pending;
      while (clock.pending === armed) await nextTurn();
      await clock.advance(ms - 1);
      expect(service.log.of("/limited")).toHaveLength(1);
      await clock.advance(1);
      await service.log.until(2);
      expect((await answer).meta).toMatchObject({ attempts: 2, waitMs: ms });
      await api.disconnect();
    },
  );

  test("a Retry-After beyond the deadline fails the call at once, and tells how long", async () => {
    await using api = await connected({ timeout: 1_000 });
    service.answers.set("/limited", () => problem(429, "No", { "retry-after": "86400000" }));
    await expect(api.get({ path: "/limited" })).rejects.toMatchObject({
      kind: "rate_limited",
      retryAfterMs: 86_400_000,
      attempts: 1,
    });
  });

  test("what the caller asserts lets a POST be repeated", async () => {
    await using api = await connected();
    expect(await api.post({ path: "/flaky", query: { id: "asserted" } }, { effect: "idempotent" })).toMatchObject({
      failed: 1,
    });
  });
});

describe("health", () => {
  test.each([
    [204, "healthy", undefined],
    [401, "unhealthy", "GET /health answered 401: unauthenticated"],
    [403, "unhealthy", "GET /health answered 403: permission_denied"],
    [404, "degraded", "GET /health answered 404; set healthPath to a path that the API answers with 2xx"],
    [429, "degraded", "GET /health answered 429"],
    [503, "unhealthy", "GET /health answered 503"],
  ])("%i is %s", async (status, expected, error) => {
    await using api = await connected();
    service.healthStatus = status;
    const health = await api.healthCheck();
    expect(health.status).toBe(expected);
    if (error === undefined) expect(health.error).toBeUndefined();
    else expect(health.error).toContain(error);
    expect(service.log.of("/health")).toHaveLength(1);
  });

  test("the path is the user's, and a long answer is not read to its end", async () => {
    await using api = await connected({ healthPath: "/large?bytes=50000000" });
    expect(await api.healthCheck()).toMatchObject({ status: "healthy" });
    expect(await api.get({ path: "/echo" })).toMatchObject({ method: "GET" });
  });

  test("trap 13: a check in between disturbs no running call", async () => {
    await using api = await connected();
    const slow = api.get({ path: "/slow" });
    await service.log.until(1, "/slow");
    expect(await api.healthCheck()).toMatchObject({ status: "healthy" });
    service.release();
    expect(await slow).toBe("late");
  });
});

describe("many at a time", () => {
  test("a thousand calls share the pool's connections", async () => {
    const before = service.connections;
    await using api = await connected({ poolSize: 7 });
    const numbers = Array.from({ length: 1_000 }, (_, n) => n);
    const seen = await Promise.all(numbers.map((n) => api.get({ path: "/echo", query: { n } })));
    expect(seen.map((data) => Number((data as { query: string[][] }).query[0]?.[1]))).toEqual(numbers);
    expect(service.connections - before).toBe(7);
  });

  test("calls that are aborted while they wait for a connection never reach the API, and disturb no other", async () => {
    await using api = await connected({ poolSize: 1 });
    const first = api.get({ path: "/slow" });
    await service.log.until(1);
    const before = service.connections;
    const abort = new AbortController();
    const waiting = Array.from({ length: 100 }, () =>
      api.post({ path: "/items", data: {} }, { signal: abort.signal }).catch((error: unknown) => error),
    );
    await nextTurn();
    abort.abort();
    for (const error of await Promise.all(waiting)) expect(error).toMatchObject({ kind: "cancelled", outcome: "none" });
    service.release();
    expect(await first).toBe("late");
    expect(await api.get({ path: "/items" })).toEqual({ items: [], total: 0 });
    expect(service.log.of("/items")).toHaveLength(1);
    expect(service.connections).toBe(before);
  });
});

test("a call tells observers what it was and how it ended", async () => {
  await using api = await connected();
  const records: CallRecord[] = [];
  const keep = (message: unknown): void => void records.push(message as CallRecord);
  subscribe("busbar:call", keep);
  await api.get({ path: "/items" });
  await api.request({ method: "PURGE", path: "/items" }).catch(() => {});
  unsubscribe("busbar:call", keep);
  expect(records.map(({ operation, effect, result, attempts }) => [operation, effect, result, attempts])).toEqual([
    ["get", "read", "ok", 1],
    ["request", "unsafe", "unsupported", 1],
  ]);
});
