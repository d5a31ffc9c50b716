import { inspect } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { Secret } from "../../core/secret.ts";
import { RESTAPIConnector } from "./index.ts";

type Settings = ConstructorParameters<typeof RESTAPIConnector>[0];
const baseURL = "https://api.example.com/v1";
const make = (config: unknown): RESTAPIConnector => new RESTAPIConnector(config as Settings);

test("little is needed, and defaults are told", () => {
  const { connection, options } = make({ baseURL }).describe().settings;
  expect(connection).toEqual({ baseURL });
  expect(options).toEqual({
    connectionTimeout: 5_000,
    idleTimeout: 300_000,
    healthPath: "/health",
    maxResponseBytes: 10_485_760,
    maxRedirects: 5,
    idempotencyKeys: false,
    userAgent: "busbar",
  });
});

test.each<[string, object, string]>([
  ["no base URL", {}, "baseURL: is missing; expected an http or https URL"],
  [
    "a header that is none",
    { baseURL, idempotencyKeys: { header: "a b" } },
    "idempotencyKeys.header: expected the name of a",
  ],
  [
    "a header of the connector's own",
    { baseURL, idempotencyKeys: { header: "Host" } },
    "expected the name of a header",
  ],
  ["another scheme", { baseURL: "ftp://canary.example" }, "baseURL: expected an http or https URL"],
  ["a path for a base URL", { baseURL: "/canary" }, "baseURL: expected an http or https URL"],
  ["a password in the base URL", { baseURL: "https://ada:canary@api.example.com" }, "baseURL: cannot have a user name"],
  ["a query in the base URL", { baseURL: `${baseURL}?key=canary` }, "baseURL: cannot have a query"],
  ["a key and auth", { baseURL, apiKey: "canary", auth: { scheme: "none" } }, "apiKey: says the same as auth"],
  [
    "a key and an Authorization header",
    { baseURL, apiKey: "canary", headers: { Authorization: "canary" } },
    'headers: the header "Authorization" is set by auth',
  ],
  [
    "a header that auth sets",
    { baseURL, auth: { scheme: "apiKey", key: "canary" }, headers: { "x-api-key": "canary" } },
    'headers: the header "x-api-key" is set by auth',
  ],
  ["a line break in a key", { baseURL, apiKey: "canary\r\nX: y" }, "apiKey: has line breaks"],
  [
    "a line break in a token",
    { baseURL, auth: { scheme: "bearer", token: "canary\n" } },
    "auth.token: has line breaks",
  ],
  ["a line break in a header", { baseURL, headers: { "X-A": "canary\r\n" } }, "headers.X-A: the value of the header"],
  ["a header that frames", { baseURL, headers: { Host: "canary" } }, 'headers.Host: the header "Host" is set by'],
  [
    "a colon in a user name",
    { baseURL, auth: { scheme: "basic", username: "a:canary", password: "x" } },
    "auth.username: cannot have a colon",
  ],
  ["an unknown scheme", { baseURL, auth: { scheme: "canary" } }, "auth.scheme"],
  ["a typo in auth", { baseURL, auth: { scheme: "bearer", tokn: "canary" } }, "tokn"],
  [
    "a header name that cannot be",
    { baseURL, auth: { scheme: "apiKey", key: "x", name: "a b" } },
    "auth.name: the name of a header",
  ],
  [
    "a token URL that is none",
    { baseURL, auth: { scheme: "oauth2", tokenURL: "canary", clientId: "a", clientSecret: "b" } },
    "auth.tokenURL: expected",
  ],
  [
    "TLS without https",
    { baseURL: "http://api.example.com", tls: { ca: "canary" } },
    "tls: takes a baseURL that starts with https:",
  ],
  ["two sizes of the pool", { baseURL, poolSize: 1, maxConnections: 2 }, "poolSize: says the same as maxConnections"],
  ["too many redirects", { baseURL, maxRedirects: 21 }, "maxRedirects"],
  ["a line break in the user agent", { baseURL, userAgent: "canary\r\n" }, "userAgent: has characters"],
  ["a typo", { baseURL, apikey: "canary" }, 'unknown name "apikey"; did you mean "apiKey"?'],
])("%s is refused, without showing it", (_, config, message) => {
  let error: Error | undefined;
  try {
    make(config);
  } catch (thrown) {
    error = thrown as Error;
  }
  expect(error).toMatchObject({ kind: "config_invalid" });
  expect(error!.message).toContain(message);
  expect(inspect(error, { depth: 9 })).not.toContain("canary");
});

test("headers whose names speak of credentials are secrets, others are not, and a Secret always is", () => {
  const headers = { "X-Session-Id": "canary", Cookie: "canary", "X-Other": new Secret("canary"), Accept: "text/csv" };
  const described = make({ baseURL, headers }).describe();
  expect(JSON.stringify(described.settings)).not.toContain("canary");
  expect(described.settings.connection["headers"]).toMatchObject({ Accept: "text/csv" });
});

test("certificates that cannot be read fail to connect, without showing them", async () => {
  const api = make({ baseURL, tls: { ca: "canary", cert: "canary", key: "canary-key" } });
  const error = await api.connect().catch((thrown: Error) => thrown);
  expect(error).toMatchObject({
    kind: "config_invalid",
    message: expect.stringContaining("Failed to connect to REST API"),
  });
  expect(inspect(error, { depth: 9 })).not.toContain("canary");
});

test("every field is described, and both halves have a JSON Schema", () => {
  const { connection, options } = RESTAPIConnector.definition;
  for (const schema of [connection, options])
    for (const [name, field] of Object.entries(
      z.toJSONSchema(schema!, { io: "input", unrepresentable: "any" }).properties ?? {},
    ))
      expect(typeof field === "object" && field.description, name).toMatch(/\.$/);
});
