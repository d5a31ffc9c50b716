import { expect, test } from "vitest";
import { type ConnectorError } from "../../core/errors.ts";
import { authField, type OAuth2 } from "./auth.ts";
import { tokenOf, tokenRequest } from "./client-credentials.ts";

const settings = authField.parse({
  scheme: "oauth2",
  tokenURL: "https://login.example.com/token?tenant=7",
  clientId: "my client",
  clientSecret: "s3cr&t+ü",
  scope: "read write",
  parameters: { audience: "https://api.example.com", grant_type: "password" },
}) as OAuth2;

const answer = (status: number, body: string, headers: Record<string, string> = {}) => ({
  status,
  headers,
  body: Buffer.from(body),
});
const read = (status: number, body: string, headers?: Record<string, string>) =>
  tokenOf(answer(status, body, headers), settings, 0);

test("the request has the grant, the scope and the further fields, and proves the client by Basic", () => {
  const { url, headers, form } = tokenRequest(settings);
  expect(url.href).toBe("https://login.example.com/token?tenant=7");
  expect(Object.fromEntries(new URLSearchParams(form))).toEqual({
    grant_type: "client_credentials",
    scope: "read write",
    audience: "https://api.example.com",
  });
  const basic = Buffer.from("my+client:s3cr%26t%2B%C3%BC").toString("base64");
  expect(headers.join("\n")).toContain(`authorization\nBasic ${basic}`);
});

test("the client can be proved in the form instead", () => {
  const { headers, form } = tokenRequest({ ...settings, clientAuth: "post" });
  expect(Object.fromEntries(new URLSearchParams(form))).toMatchObject({
    client_id: "my client",
    client_secret: "s3cr&t+ü",
  });
  expect(headers).not.toContain("authorization");
});

test.each([
  ["as the standard says", '{"access_token":"t","token_type":"Bearer","expires_in":3600}', 3_600_000],
  ["with its life as text", '{"access_token":"t","expires_in":"3600"}', 3_600_000],
  ["without a life", '{"access_token":"t"}', undefined],
  ["with a life of null", '{"access_token":"t","expires_in":null,"scope":null}', undefined],
  ["with a life that is none", '{"access_token":"t","expires_in":"soon"}', undefined],
  ["with a life that is over", '{"access_token":"t","expires_in":0}', undefined],
  ["with another word for its type", '{"access_token":"t","token_type":"JWT","expires_in":1}', 1_000],
  ["behind a byte order mark", '\ufeff{"access_token":"t"}', undefined],
])("a token %s is read", (_, body, lifetimeMs) => {
  expect(read(200, body)).toEqual({ value: "t", lifetimeMs });
});

test.each([
  ["nothing", ""],
  ["a page", "<html>"],
  ["a list", "[]"],
  ["no token", '{"token":"t"}'],
  ["an empty token", '{"access_token":""}'],
  ["a token with a line break", '{"access_token":"a\\r\\nX: y"}'],
  ["a token that is a map", '{"access_token":{}}'],
])("an answer with %s is an error of the token endpoint", (_, body) => {
  expect(() => read(200, body)).toThrow(expect.objectContaining({ kind: "unavailable", outcome: "none" }));
});

test.each([
  [400, "unauthenticated"],
  [401, "unauthenticated"],
  [403, "unauthenticated"],
  [404, "unauthenticated"],
  [429, "rate_limited"],
  [500, "unavailable"],
  [503, "unavailable"],
])("a refusal with %i means %s", (status, kind) => {
  expect(() => read(status, "", { "retry-after": "3" })).toThrow(
    expect.objectContaining({ kind, status, outcome: "none", retryAfterMs: 3_000 }),
  );
});

test("what the server says of a refusal is shown without the secrets that it repeats", () => {
  const basic = Buffer.from("my+client:s3cr%26t%2B%C3%BC").toString("base64");
  const body = JSON.stringify({ error: "invalid_client", error_description: `no s3cr&t+ü, no ${basic}\r\nhere` });
  let error: ConnectorError | undefined;
  try {
    read(401, body);
  } catch (thrown) {
    error = thrown as ConnectorError;
  }
  expect(error?.message).toBe("The token endpoint answered 401: invalid_client, no [redacted], no [redacted] here");
});
