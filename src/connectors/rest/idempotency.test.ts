import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ConnectorError } from "../../core/errors.ts";
import { startService, type FaultProxy, type Service } from "../../testkit/index.ts";
import { json, startRestService } from "../../testkit/rest-service/index.ts";
import { orderCount, orderService } from "../../testkit/rest-service/order-service.ts";
import { RESTAPIConnector } from "./index.ts";

type Settings = Omit<ConstructorParameters<typeof RESTAPIConnector>[0], "baseURL">;

const service = await startRestService();
const foreign = await startRestService();
const open: RESTAPIConnector[] = [];

async function connected(baseURL: string, settings: Settings = {}): Promise<RESTAPIConnector> {
  const api = new RESTAPIConnector({ baseURL, idempotencyKeys: true, retry: { delay: 5 }, ...settings });
  open.push(api);
  await api.connect();
  return api;
}

const failure = (work: Promise<unknown>): Promise<ConnectorError> =>
  work.then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

/** The keys that came with the requests for a path. */
const keysAt = (path: string, header = "idempotency-key"): unknown[] =>
  service.log.of(path).map(({ headers }) => headers[header]);

beforeEach(() => {
  service.reset();
  foreign.reset();
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((api) => api.disconnect({ timeout: 100 })));
});
afterAll(() => Promise.all([service.close(), foreign.close()]));

describe("an API that honours idempotency keys", () => {
  test("gets the caller's key, or one of busbar's own, the same with every try", async () => {
    const api = await connected(service.url);
    for (const method of ["POST", "PATCH"] as const)
      for (const idempotencyKey of ["mine", undefined]) {
        const path = `/${method}/${idempotencyKey}`;
        service.answers.set(path, () =>
          service.log.of(path).length < 3 ? (_response, socket) => socket.resetAndDestroy() : json(201, "done"),
        );
        const options = idempotencyKey === undefined ? {} : { idempotencyKey };
        const { data, meta } = await api.call("request", { method, path, data: { item: 7 } }, options);
        expect([data, meta.attempts, meta.replayed]).toEqual(["done", 3, undefined]);
        const keys = keysAt(path);
        expect(new Set(keys).size).toBe(1);
        expect(keys[0]).toEqual(idempotencyKey ?? expect.stringMatching(/^[0-9a-f-]{36}$/));
      }
    await api.post({ path: "/items", data: {} });
    await api.post({ path: "/items", data: {} });
    expect(new Set(keysAt("/items")).size).toBe(2);
  });

  test("gets it in the header of its choice, quoted where it keeps to the draft", async () => {
    const api = await connected(service.url, { idempotencyKeys: { header: "X-Request-Id", quoted: true } });
    await api.post({ path: "/items", data: {} }, { idempotencyKey: "mine" });
    expect(keysAt("/items", "x-request-id")).toEqual(['"mine"']);
    expect(keysAt("/items")).toEqual([undefined]);
  });

  test("gets none with a request that is repeatable by itself, nor with one that no key makes so", async () => {
    const api = await connected(service.url);
    await api.get({ path: "/echo" });
    await api.put({ path: "/echo", data: {} });
    await api.request({ path: "/echo", method: "PURGE" });
    expect(keysAt("/echo")).toEqual([undefined, undefined, undefined]);
    const refused = await failure(api.request({ path: "/echo", method: "PURGE" }, { idempotencyKey: "k" }));
    expect(refused).toMatchObject({ kind: "unsupported", outcome: "none" });
    expect(service.log.of("/echo")).toHaveLength(3);
  });

  test("is not asked with two keys, nor with one that a header cannot carry", async () => {
    const api = await connected(service.url);
    const twice = await failure(api.post({ path: "/items", data: {}, headers: { "idempotency-KEY": "canary" } }));
    expect(twice).toMatchObject({ kind: "input_invalid", outcome: "none" });
    expect(twice.hint).toContain("`idempotencyKey`");
    const wrong = await failure(api.post({ path: "/items", data: {} }, { idempotencyKey: "canary\r\nX-B: b" }));
    expect(wrong).toMatchObject({ kind: "input_invalid", outcome: "none" });
    expect(`${twice.message} ${wrong.message}`).not.toContain("canary");
    expect(service.requests).toEqual([]);
  });

  test("gets the key again with a new token, and tells that an answer is not new", async () => {
    const { clientId, clientSecret } = service;
    const api = await connected(service.url, {
      auth: { scheme: "oauth2", tokenURL: `${service.url}/token`, clientId, clientSecret },
    });
    await api.post({ path: "/private/items", data: {} });
    service.expireTokens();
    await api.post({ path: "/private/items", data: {} }, { idempotencyKey: "k" });
    expect(keysAt("/private/items").slice(1)).toEqual(["k", "k"]);
    service.answers.set("/again", () => json(200, {}, { "idempotent-replayed": "true" }));
    expect((await api.call("post", { path: "/again" })).meta.replayed).toBe(true);
  });

  test("may lead a request elsewhere on its origin with the key, and to no other origin", async () => {
    const api = await connected(service.url);
    await api.post({ path: "/redirect", query: { to: "/echo", status: 307 } }, { idempotencyKey: "k" });
    expect(keysAt("/echo")).toEqual(["k"]);
    const away = api.post({ path: "/redirect", query: { to: `${foreign.url}/echo`, status: 308 }, data: {} });
    expect(await failure(away)).toMatchObject({ kind: "unsupported", attempts: 1 });
    expect(foreign.requests).toEqual([]);
    // What a 303 leads to is another request, which only reads.
    await api.post(
      { path: "/redirect", query: { to: "/redirect?to=/echo&status=302", status: 303 } },
      { idempotencyKey: "k" },
    );
    await api.post({ path: "/redirect", query: { to: `${foreign.url}/echo`, status: 303 } }, { idempotencyKey: "k" });
    expect([keysAt("/echo").at(-1), foreign.requests[0]?.headers["idempotency-key"]]).toEqual([undefined, undefined]);
  });
});

test("without the option a key is refused, because it would go nowhere", async () => {
  const api = await connected(service.url, { idempotencyKeys: false });
  for (const call of [
    api.post({ path: "/items" }, { idempotencyKey: "k" }),
    api.request({ path: "/items", method: "post" }, { idempotencyKey: "k", effect: "idempotent" }),
  ])
    expect(await failure(call)).toMatchObject({ kind: "unsupported", outcome: "none" });
  expect(service.requests).toEqual([]);
});

describe("trap 1: an order with a key", () => {
  let orders: Service;
  let proxy: FaultProxy;
  beforeAll(async () => {
    orders = await startService(orderService);
    proxy = await orders.proxied();
  });
  afterEach(() => proxy.heal());
  afterAll(() => orders.destroy());

  const place = (api: RESTAPIConnector, idempotencyKey: string, workMs = 0) =>
    api.call("post", { path: "/orders", query: { workMs }, data: { item: 7 } }, { idempotencyKey });

  test("is there once wherever in the answer the connection is cut", async () => {
    const api = await connected(`http://${proxy.host}:${proxy.port}`, { maxConnections: 1 });
    const before = orderCount(orders);
    let [calls, replayed] = [0, 0];
    for (let position = 0; position < 1_000; position += 9) {
      proxy.cutAfterBytesDown = position;
      const { data, meta } = await place(api, `cut ${position}`);
      calls++;
      expect(data).toEqual({ status: "ok", order: before + calls });
      if (meta.replayed === true) replayed++;
      if (proxy.cutAfterBytesDown !== undefined) break;
    }
    expect(calls).toBeGreaterThan(10);
    expect(calls).toBeLessThan(100);
    expect(replayed).toBe(calls - 1);
    expect(orderCount(orders)).toBe(before + calls);
  });

  test("is waited for while the API still works on an earlier try", async () => {
    const api = await connected(`http://${proxy.host}:${proxy.port}`, { retryAttempts: 100, retry: { delay: 20 } });
    const before = orderCount(orders);
    const placing = place(api, "slow", 400);
    const other = await connected(orders.url, { retryAttempts: 1 });
    await expect.poll(() => other.get({ path: "/working" }), { timeout: 5_000 }).toBe(1);
    // Somebody else with this key is told of a conflict: for that call it is no question of waiting.
    expect(await failure(place(other, "slow", 400))).toMatchObject({ kind: "conflict", status: 409 });
    proxy.cut();
    const { data, meta } = await placing;
    expect(data).toEqual({ status: "ok", order: before + 1 });
    expect(meta.attempts).toBeGreaterThan(2);
    expect(meta.replayed).toBe(true);
    expect(await failure(place(other, "slow", 1))).toMatchObject({ kind: "input_invalid", status: 422 });
    expect(orderCount(orders)).toBe(before + 1);
  });

  test("is there once while the service is killed and started again", async () => {
    const settings = { maxConnections: 8, retryAttempts: 100, retry: { delay: 50, maxDelay: 400 }, timeout: 60_000 };
    const api = await connected(`http://${proxy.host}:${proxy.port}`, settings);
    const before = orderCount(orders);
    let next = 0;
    const numbers: unknown[] = [];
    const callers = Array.from({ length: 8 }, async () => {
      for (let n = next++; n < 300; n = next++)
        numbers.push(((await place(api, `killed ${n}`)).data as { readonly order: number }).order);
    });
    const all = Promise.all(callers);
    for (const kill of [1, 2]) {
      await expect.poll(() => next, { timeout: 20_000 }).toBeGreaterThan(kill * 90);
      await orders.crash();
      await orders.start();
    }
    await all;
    expect(new Set(numbers).size).toBe(300);
    expect(orderCount(orders)).toBe(before + 300);
  }, 60_000);
});
