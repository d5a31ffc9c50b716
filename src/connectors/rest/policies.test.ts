import { afterAll, beforeEach, expect, test } from "vitest";
import { json, startRestService } from "../../testkit/rest-service/index.ts";
import { RESTAPIConnector } from "./index.ts";

const service = await startRestService();
afterAll(() => service.close());
beforeEach(() => service.reset());

async function connected(options: Omit<ConstructorParameters<typeof RESTAPIConnector>[0], "baseURL">) {
  const api = new RESTAPIConnector({ baseURL: service.url, ...options });
  await api.connect();
  return Object.assign(api, { [Symbol.asyncDispose]: () => api.disconnect() });
}

test("fifty same reads make one request, with status and headers for all; a write outdates the answer", async () => {
  await using api = await connected({ cache: { operations: { get: "1m" } }, invalidates: { put: ["get"] } });
  service.answers.set("/rates", () => json(200, { eur: [1] }, { etag: "x" }));
  const read = () => api.call("get", { path: "/rates" });
  const answers = await Promise.all(Array.from({ length: 50 }, read));
  for (const { data, meta } of answers)
    expect([data, meta.status, meta.headers?.["etag"]]).toEqual([{ eur: [1] }, 200, "x"]);
  expect((await read()).meta.cache).toBe("hit");
  expect(service.requests.length).toBe(1);
  await api.put({ path: "/rates", data: {} });
  expect((await read()).meta.cache).toBe("miss");
});

test("trap 8: a quota that an answer says is used up holds back what is queued", async () => {
  await using api = await connected({ rateLimit: { requests: 20, window: "1s", burst: 1 }, retryAttempts: 1 });
  const at: number[] = [];
  service.answers.set("/quota", () => {
    at.push(performance.now());
    const left = 5 - at.length;
    return json(200, {}, { "ratelimit-remaining": `${left}`, "ratelimit-reset": "1" });
  });
  for (let i = 0; i < 4; i++) await api.get({ path: "/quota" });
  const waiting = [api.get({ path: "/quota" }), api.get({ path: "/quota" })];
  await Promise.all(waiting);
  // The fifth answer says that nothing is left for a second.
  expect(at[5]! - at[4]!).toBeGreaterThan(900);
});

test("a user's rule may look into the body of the answer", async () => {
  await using api = await connected({ retry: { delay: 1, on: [{ status: 409, bodyMatches: '"code":"BUSY"' }] } });
  let tries = 0;
  service.answers.set("/busy", () => (++tries < 3 ? json(409, { code: "BUSY" }) : json(200, "done")));
  expect(await api.get({ path: "/busy" })).toBe("done");
  service.answers.set("/taken", () => json(409, { code: "TAKEN" }));
  await expect(api.get({ path: "/taken" })).rejects.toMatchObject({ kind: "conflict", attempts: 1 });
});

test("the circuit opens while the system fails, and closes when it is back", async () => {
  await using api = await connected({ circuitBreaker: { failures: 2, openFor: 20 }, retryAttempts: 1 });
  let isUp = false;
  service.answers.set("/flaky", () => (isUp ? json(200, "up") : json(500, {})));
  const read = () => api.get({ path: "/flaky" }).catch(({ kind }: { kind: string }) => kind);
  expect([await read(), await read(), await read()]).toEqual(["unavailable", "unavailable", "circuit_open"]);
  isUp = true;
  await expect.poll(read, { interval: 5 }).toBe("up");
  expect(api.circuitBreaker?.state).toBe("closed");
});

test("a hedged read is answered by the faster request, and the other is aborted", async () => {
  await using api = await connected({ hedge: { delay: 5 } });
  let requests = 0;
  const aborted = new Promise<void>((resolve) =>
    service.answers.set("/slow-once", () =>
      ++requests > 1 ? json(200, "second") : (response) => void response.on("close", () => resolve()),
    ),
  );
  expect(await api.get({ path: "/slow-once" })).toBe("second");
  await aborted;
});
