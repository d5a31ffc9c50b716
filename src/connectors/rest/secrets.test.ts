import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { inspect } from "node:util";
import { afterAll, expect, test } from "vitest";
import { channels } from "../../core/events.ts";
import { json, startRestService } from "../../testkit/rest-service/index.ts";
import { RESTAPIConnector } from "./index.ts";

const service = await startRestService({ clientSecret: "canary-client-secret" });
afterAll(() => service.close());
type Settings = ConstructorParameters<typeof RESTAPIConnector>[0];

const oauth2 = { scheme: "oauth2", tokenURL: `${service.url}/token`, clientId: "demo-client" } as const;
const configs: readonly Partial<Settings>[] = [
  { apiKey: "canary-key", headers: { Cookie: "canary-cookie" } },
  { auth: { scheme: "apiKey", key: "canary-key" } },
  { auth: { scheme: "apiKey", key: "canary-key", in: "query", name: "key" } },
  { auth: { scheme: "basic", username: "ada", password: "canary-password" } },
  { auth: { ...oauth2, clientSecret: "canary-client-secret" } },
  { auth: { ...oauth2, clientSecret: "canary-wrong-secret" } },
  { auth: { ...oauth2, clientSecret: "canary-wrong-secret", clientAuth: "post" } },
  { auth: { scheme: "custom", token: async () => ({ token: "canary-token" }) } },
];

/** Everything that a caller, an observer or a log could print. */
const printed: string[] = [];
const print = (value: unknown): void => {
  printed.push(inspect(value, { depth: Infinity, showHidden: true, getters: false }));
  if (value instanceof Error) printed.push(value.message, String(value.stack), JSON.stringify(value));
  if (value instanceof Error && value.cause !== undefined) print(value.cause);
};

test("no credential and no value of a request or an answer reaches an error, an event or a description", async () => {
  const observed = Object.values(channels).map(({ name }) => name);
  for (const name of observed) subscribe(name, print);
  service.answers.set("/tell", ({ headers, query, body }) =>
    json(
      401,
      { title: "No", detail: `canary ${headers.authorization}`, body },
      { "www-authenticate": `Bearer error="${headers.authorization ?? query.get("key")}"` },
    ),
  );
  const tokens: string[] = [];
  for (const config of configs) {
    const api = new RESTAPIConnector({ baseURL: service.url, retry: { delay: 1 }, healthPath: "/tell", ...config });
    await api.connect();
    print(api.describe().settings);
    print(api);
    print(await api.healthCheck());
    const input = { query: { q: "canary-query" }, data: { d: "canary-data" }, headers: { "X-Own": "canary-header" } };
    for (const path of [
      "/tell",
      "/nowhere",
      "/garbage",
      "/cut",
      "/cut-answer",
      "/loop",
      "/private/nowhere",
      "/large?bytes=99999999",
    ])
      print(await api.post({ path, ...input }).catch((error: unknown) => error));
    for (const headers of [{ "X-A": "canary\r\n" }, { "canary name": "x" }])
      print(await api.get({ path: "/echo", headers: { ...headers } }).catch((error: unknown) => error));
    for (const path of ["/canary\r\n", "https://canary.example/", "//canary"])
      print(await api.get({ path }).catch((error: unknown) => error));
    print(await api.get({ path: "/slow", query: input.query }, { timeout: 10 }).catch((error: unknown) => error));
    await api.disconnect();
  }
  for (const name of observed) unsubscribe(name, print);
  for (const { headers } of service.requests) tokens.push(headers.authorization?.replace(/^\w+ /, "") ?? "canary");
  const text = printed.join("\n");
  expect(printed.length).toBeGreaterThan(100);
  expect(text).not.toContain("canary");
  for (const token of tokens) expect(text).not.toContain(token);
});
