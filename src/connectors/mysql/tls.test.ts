import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  makeTestCertificates,
  mariadb,
  startService,
  type Service,
  type TestCertificates,
} from "../../testkit/index.ts";
import { MySQLConnector } from "./index.ts";
import { describeService } from "../../testkit/services/describe-service.ts";

await describeService("TLS, on MariaDB", mariadb(), () => {
  type Settings = ConstructorParameters<typeof MySQLConnector>[0];
  type Ssl = Settings["ssl"];

  let folder: string;
  let certificates: TestCertificates;
  let strangers: TestCertificates;
  let service: Service;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "busbar-tls-"));
    const [ours, theirs] = await Promise.all([mkdtemp(join(folder, "a-")), mkdtemp(join(folder, "b-"))]);
    [certificates, strangers] = await Promise.all([makeTestCertificates(ours), makeTestCertificates(theirs)]);
    service = await startService(mariadb({ tls: { certificates, required: true } }));
  });
  afterAll(async () => {
    await service.destroy();
    await rm(folder, { recursive: true });
  });

  /** What a query over such a connection says of its encryption, and that it can be cancelled. */
  async function ask(ssl: Ssl, more: Partial<Settings> = {}): Promise<unknown> {
    const { host, port, database, username, password } = service;
    const db = new MySQLConnector({ host, port, database, username, password, ssl, maxConnections: 1, ...more });
    try {
      await db.connect();
      const before = await db.query({
        sql: "SELECT VARIABLE_VALUE <> '' AS `ssl`, CONNECTION_ID() AS pid FROM information_schema.session_status WHERE VARIABLE_NAME = 'Ssl_version'",
      });
      await expect(db.query({ sql: "SELECT SLEEP(60)" }, { timeout: 50 })).rejects.toMatchObject({ kind: "timeout" });
      // The same connection: the cancel request got through, and it went through TLS, or the server would not have taken it.
      const after = await db.query({
        sql: "SELECT VARIABLE_VALUE <> '' AS `ssl`, CONNECTION_ID() AS pid FROM information_schema.session_status WHERE VARIABLE_NAME = 'Ssl_version'",
      });
      expect(after).toEqual(before);
      return after[0]?.["ssl"] === 1;
    } finally {
      await db.disconnect();
    }
  }

  const client = () => ({ cert: certificates.client.cert, key: certificates.client.key });
  const failure = async (ssl: Ssl, more: Partial<Settings> = {}): Promise<unknown> =>
    ask(ssl, more).catch((error: unknown) => error);

  describe("a server with a certificate of a private authority", () => {
    test("is trusted with that authority named, by name and by address", async () => {
      const ssl = { ca: certificates.ca.cert, ...client() };
      expect(await ask({ mode: "verify-full", ...ssl })).toBe(true);
      expect(await ask(ssl, { host: "localhost" })).toBe(true);
      expect(await ask({ ...ssl, servername: "localhost" })).toBe(true);
    });

    test("is not trusted without it, nor with another", async () => {
      for (const ssl of [true, "verify-full", client(), { ca: strangers.ca.cert, ...client() }] as const)
        expect(await failure(ssl)).toMatchObject({
          kind: "config_invalid",
          outcome: "none",
          hint: "Name the certificate's authority in the TLS settings.",
          message: expect.stringMatching(/^Failed to connect to MySQL: /),
        });
    });

    test("is not trusted under another name", async () => {
      const ssl = { ca: certificates.ca.cert, ...client(), servername: "db.example" };
      expect(await failure(ssl)).toMatchObject({
        kind: "config_invalid",
        hint: "The certificate is for another host name.",
      });
    });

    test("is taken as it is where that was asked for", async () => {
      expect(await ask({ mode: "require", ...client() })).toBe(true);
    });

    test("refuses who comes without TLS", async () => {
      for (const ssl of [false, "disable"] as const)
        expect(await failure(ssl)).toMatchObject({ kind: "unauthenticated", outcome: "none" });
    });

    test("knows who shows a certificate, where a user must", async () => {
      const { host, port, database, username, password } = service;
      const ssl = { ca: certificates.ca.cert, ...client() };
      const admin = new MySQLConnector({ host, port, database, username, password, ssl });
      await admin.connect();
      await admin.query({ sql: "CREATE USER shown@'127.0.0.1' IDENTIFIED BY 'p' REQUIRE X509" });
      await admin.query({ sql: "GRANT ALL ON *.* TO shown@'127.0.0.1'" });
      await admin.disconnect();
      const shown = { username: "shown", password: "p" };
      expect(await ask(ssl, shown)).toBe(true);
      expect(await failure({ ca: certificates.ca.cert }, shown)).toMatchObject({ kind: "unauthenticated" });
    });
  });

  test("an expired certificate is refused", async () => {
    await using expired = await startService(mariadb({ tls: { certificates, show: "expired" } }));
    const { host, port, database, username, password } = expired;
    const db = new MySQLConnector({ host, port, database, username, password, ssl: { ca: certificates.ca.cert } });
    await expect(db.connect()).rejects.toMatchObject({
      kind: "unavailable",
      outcome: "none",
      hint: expect.stringContaining("expired"),
    });
  });

  test("the key of the client never shows", () => {
    const db = new MySQLConnector({ database: "a", username: "a", ssl: { ...client() } });
    expect(JSON.stringify(db.describe().settings)).not.toContain("PRIVATE");
  });
});
