import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { openHub, type ConnectorError, type Hub } from "../../index.ts";
import { RESTAPIConnector } from "./index.ts";

/** Keys that the API takes, and the orders that it got with one of them. */
let keys: Set<string>;
let orders: number;
let asked: number;
let server: Server;
let folder: string;
let hub: Hub;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked++;
    const isKnown = keys.has(String(request.headers["x-key"]));
    if (isKnown && request.method === "POST") orders++;
    request.resume();
    response.writeHead(isKnown ? 200 : 401, { "content-type": "application/json" });
    response.end(JSON.stringify(isKnown ? { key: request.headers["x-key"] } : { error: "unknown key" }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(() => new Promise((resolve) => server.close(resolve)));
beforeEach(async () => {
  [keys, orders, asked] = [new Set(["one"]), 0, 0];
  folder = await mkdtemp(join(tmpdir(), "busbar-keys-"));
});
afterEach(async () => {
  await hub.close();
  await rm(folder, { recursive: true });
});

async function open(key: string, watch: "values" | false): Promise<RESTAPIConnector> {
  const { port } = server.address() as AddressInfo;
  await writeFile(join(folder, "key"), key);
  await writeFile(
    join(folder, "connectors.yaml"),
    `connectors:
  - name: api
    type: rest-api
    connection: { baseURL: "http://127.0.0.1:${port}", auth: { scheme: apiKey, name: X-Key, key: "\${file:key}" } }
`,
  );
  hub = await openHub(join(folder, "connectors.yaml"), { watch, watchInterval: 10 });
  return hub.get("api", RESTAPIConnector);
}

test("trap 28: a key that was rotated is read again when the API refuses the old one; even an order is placed, once", async () => {
  const api = await open("one", false);
  expect(await api.get({ path: "/" })).toEqual({ key: "one" });
  await writeFile(join(folder, "key"), "two");
  keys = new Set(["two"]);
  const { data, meta } = await api.call("post", { path: "/orders", data: {} });
  expect([data, meta.attempts, orders]).toEqual([{ key: "two" }, 2, 1]);
  asked = 0;
  await Promise.all(Array.from({ length: 20 }, () => api.get({ path: "/" })));
  expect(asked).toBe(20);
});

test("trap 28: a key that changes in its file is used from then on, while calls run", async () => {
  const api = await open("one", "values");
  keys.add("two");
  let isOver = false;
  const callers = Array.from({ length: 8 }, async () => {
    while (!isOver) await api.get({ path: "/" });
  });
  await writeFile(join(folder, "key"), "two");
  await expect.poll(() => api.get({ path: "/" })).toEqual({ key: "two" });
  keys.delete("one");
  await Promise.all(Array.from({ length: 50 }, () => api.get({ path: "/" })));
  isOver = true;
  await Promise.all(callers);
});

test("a key that is wrong is told, costs one more look, and no second request where nothing changed", async () => {
  const api = await open("wrong-key", false);
  const error = await api.get({ path: "/" }).then(
    () => expect.unreachable("must fail"),
    (thrown: unknown) => thrown as ConnectorError,
  );
  expect(error).toMatchObject({ kind: "unauthenticated", status: 401, connector: "api" });
  expect(error.message).not.toContain("wrong-key");
  expect(asked).toBe(1);
});
