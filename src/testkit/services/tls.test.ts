import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { X509Certificate } from "node:crypto";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { describeService } from "./describe-service.ts";
import { postgresql } from "./postgresql.ts";
import { type Service, startService } from "./service.ts";
import { makeTestCertificates, type TestCertificates } from "./tls.ts";

let dir: string;
let certificates: TestCertificates;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "busbar-tls-test-"));
  certificates = await makeTestCertificates(dir);
});
afterAll(() => rm(dir, { recursive: true }));

describe("test certificates", () => {
  it("are signed by their own authority, and one of them has expired", () => {
    const ca = new X509Certificate(certificates.ca.cert);
    const { server, client, expired, elsewhere } = certificates;
    for (const leaf of [server, client, expired, elsewhere]) {
      expect(new X509Certificate(leaf.cert).verify(ca.publicKey)).toBe(true);
    }
    expect(new X509Certificate(server.cert).checkHost("localhost")).toBe("localhost");
    expect(new X509Certificate(server.cert).checkIP("127.0.0.1")).toBe("127.0.0.1");
    expect(new X509Certificate(elsewhere.cert).checkHost("localhost")).toBeUndefined();
    expect(new X509Certificate(elsewhere.cert).checkIP("127.0.0.1")).toBeUndefined();
    expect(Date.parse(new X509Certificate(expired.cert).validTo)).toBeLessThan(Date.now());
  });
});

async function whoIsConnected(service: Service, ssl: pg.ClientConfig["ssl"]): Promise<unknown> {
  const client = new pg.Client({ connectionString: service.url, ssl });
  client.on("error", () => {});
  try {
    await client.connect();
    const { rows } = await client.query("select version, client_dn from pg_stat_ssl where pid = pg_backend_pid()");
    return rows[0];
  } finally {
    await client.end().catch(() => {});
  }
}

await describeService("PostgreSQL with TLS", postgresql({ source: "embedded" }), () => {
  it("proves itself to a client that knows the authority, and to no other", async () => {
    await using service = await startService(postgresql({ source: "embedded", tls: { certificates } }));
    const trusting = { ca: certificates.ca.cert };
    expect(await whoIsConnected(service, trusting)).toEqual({ version: "TLSv1.3", client_dn: null });
    expect(await whoIsConnected(service, false)).toEqual({ version: null, client_dn: null });
    await expect(whoIsConnected(service, true)).rejects.toThrow("self-signed certificate in certificate chain");
  });

  it("asks for a client certificate and shows an expired one of its own when told so", async () => {
    const tls = { certificates, show: "expired", clientCertificate: true } as const;
    await using service = await startService(postgresql({ source: "embedded", tls }));
    const { ca, client } = certificates;
    await expect(whoIsConnected(service, { ca: ca.cert })).rejects.toThrow("certificate has expired");
    const unverified = { rejectUnauthorized: false };
    await expect(whoIsConnected(service, unverified)).rejects.toThrow("requires a valid client certificate");
    await expect(whoIsConnected(service, false)).rejects.toThrow("no encryption");
    const known = await whoIsConnected(service, { ...unverified, cert: client.cert, key: client.key });
    expect(known).toEqual({ version: "TLSv1.3", client_dn: "/CN=test" });
  });
});
