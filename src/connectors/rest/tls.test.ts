import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { makeTestCertificates } from "../../testkit/index.ts";
import { startRestService } from "../../testkit/rest-service/index.ts";
import { RESTAPIConnector } from "./index.ts";

const folder = await mkdtemp(join(tmpdir(), "busbar-rest-tls-"));
const { ca, server, client, expired } = await makeTestCertificates(folder);
afterAll(() => rm(folder, { recursive: true, force: true }));

type Settings = ConstructorParameters<typeof RESTAPIConnector>[0];

async function healthOf(url: string, tls: Settings["tls"]) {
  const api = new RESTAPIConnector({ baseURL: url, tls, retryAttempts: 1 });
  await api.connect();
  const error = await api.post({ path: "/items", data: {} }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  await api.disconnect();
  return error;
}

describe("a server with a certificate of a private authority", async () => {
  const service = await startRestService({ tls: server });
  afterAll(() => service.close());

  test("is trusted by who knows the authority", async () => {
    expect(await healthOf(service.url, { ca: ca.cert })).toBeUndefined();
  });
  test("is refused by default, with a hint", async () => {
    expect(await healthOf(service.url, undefined)).toMatchObject({
      kind: "config_invalid",
      outcome: "none",
      hint: "Name the certificate's authority in the TLS settings.",
    });
  });
  test("is refused under another name", async () => {
    const tls = { ca: ca.cert, servername: "other.example" };
    expect(await healthOf(service.url, tls)).toMatchObject({
      kind: "config_invalid",
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
  });
  test("trap 27: is taken unchecked only where the configuration says so, for this connector alone", async () => {
    expect(await healthOf(service.url, { mode: "require" })).toBeUndefined();
    expect(await healthOf(service.url, undefined)).toMatchObject({ kind: "config_invalid" });
    expect(process.env["NODE_TLS_REJECT_UNAUTHORIZED"]).toBeUndefined();
  });
  test("is not asked without TLS", async () => {
    expect(await healthOf(service.url.replace("https", "http"), undefined)).toMatchObject({ kind: "connection_lost" });
  });
});

test("a certificate that has expired is refused", async () => {
  await using service = await startRestService({ tls: expired });
  expect(await healthOf(service.url, { ca: ca.cert })).toMatchObject({ kind: "unavailable", code: "CERT_HAS_EXPIRED" });
});

test("a server without TLS behind https is unavailable, with a hint", async () => {
  await using service = await startRestService();
  expect(await healthOf(service.url.replace("http", "https"), undefined)).toMatchObject({
    kind: "unavailable",
    outcome: "none",
    hint: expect.stringContaining("TLS on this port"),
  });
});

test("a server that asks for a client certificate gets ours, and no other host does", async () => {
  await using service = await startRestService({ tls: { ...server, ca: ca.cert } });
  await using other = await startRestService({ tls: { ...server, ca: ca.cert } });
  const tls = { ca: ca.cert, cert: client.cert, key: client.key };
  expect(await healthOf(service.url, { ca: ca.cert })).toMatchObject({
    kind: expect.stringMatching(/connection_lost|unavailable/),
  });
  expect(await healthOf(service.url, tls)).toBeUndefined();
  const api = new RESTAPIConnector({ baseURL: service.url, tls, retryAttempts: 1 });
  await api.connect();
  await expect(api.get({ path: "/redirect", query: { to: `${other.url}/echo` } })).rejects.toMatchObject({
    kind: expect.stringMatching(/connection_lost|unavailable/),
  });
  expect(other.requests).toHaveLength(0);
  await api.disconnect();
});
