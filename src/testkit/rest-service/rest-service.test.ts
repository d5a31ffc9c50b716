import { expect, test } from "vitest";
import { json, startRestService } from "./index.ts";

interface Issued {
  readonly access_token: string;
  readonly expires_in: number;
}

test("tokens end by time and by hand, and are given to the right client only", async () => {
  let now = 0;
  await using service = await startRestService({ tokenLifetimeMs: 1_000, now: () => now });
  const ask = (secret: string): Promise<Response> =>
    fetch(`${service.url}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "client_credentials",
        client_id: service.clientId,
        client_secret: secret,
      }),
    });
  expect((await ask("wrong")).status).toBe(401);
  const statusWith = async (token: string): Promise<number> =>
    (await fetch(`${service.url}/private/items`, { headers: { authorization: `Bearer ${token}` } })).status;
  const { access_token: token, expires_in } = (await (await ask(service.clientSecret)).json()) as Issued;
  expect(expires_in).toBe(1);
  now = 999;
  expect(await statusWith(token)).toBe(200);
  now = 1_000;
  expect(await statusWith(token)).toBe(401);
  const { access_token: second } = (await (await ask(service.clientSecret)).json()) as Issued;
  service.expireTokens();
  expect(await statusWith(second)).toBe(401);
  expect(service.tokens.issued).toBe(2);
});

test("what is flaky fails as often as it was asked to, and says when to come back", async () => {
  await using service = await startRestService();
  const url = `${service.url}/flaky?times=2&retryAfter=1&id=a`;
  const seen = [];
  for (let n = 0; n < 3; n++) seen.push(await fetch(url));
  expect(seen.map(({ status }) => status)).toEqual([503, 503, 200]);
  expect(seen[0]?.headers.get("retry-after")).toBe("1");
});

test("the log waits for requests, and a reset forgets them", async () => {
  await using service = await startRestService();
  const second = service.log.until(2, "POST /echo");
  for (const body of ["a", "b"]) await fetch(`${service.url}/echo`, { method: "POST", body });
  await second;
  expect(service.log.of("/echo").map(({ body }) => body)).toEqual(["a", "b"]);
  service.answers.set("/own", () => json(200, "mine"));
  expect(await (await fetch(`${service.url}/own`)).json()).toBe("mine");
  service.reset();
  expect(service.requests).toEqual([]);
  expect((await fetch(`${service.url}/own`)).status).toBe(404);
});

test("closing cuts what waits, and twice is fine", async () => {
  const service = await startRestService();
  const waiting = fetch(`${service.url}/slow`).catch((error: unknown) => error);
  await service.log.until(1);
  await service.close();
  await service.close();
  expect(await waiting).toBeInstanceOf(Error);
});
