import { execFileSync } from "node:child_process";
import { mkdtemp, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openHub, type ConnectorError } from "../../../index.ts";
import {
  makeTestCertificates,
  postgresql,
  signTestClient,
  startService,
  type Service,
  type TestCertificate,
  type TestCertificates,
} from "../../../testkit/index.ts";
import { PostgreSQLConnector } from "../index.ts";

type Settings = ConstructorParameters<typeof PostgreSQLConnector>[0];

let folder: string;
let certificates: TestCertificates;
let strangers: TestCertificates;
let expired: TestCertificate;
let service: Service;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-client-certificate-"));
  const [ours, theirs] = await Promise.all([mkdtemp(join(folder, "a-")), mkdtemp(join(folder, "b-"))]);
  [certificates, strangers] = await Promise.all([makeTestCertificates(ours), makeTestCertificates(theirs)]);
  expired = await signTestClient(ours, { name: "old", user: "test", isExpired: true });
  service = await startService(postgresql({ source: "embedded", tls: { certificates, clientCertificate: "login" } }));
});
afterAll(async () => {
  await service.destroy();
  await rm(folder, { recursive: true });
});

/** Whom the server takes us for. */
async function login({ ssl, ...more }: Partial<Settings>): Promise<unknown> {
  const { host, port, database, username } = service;
  const tls = { ca: certificates.ca.cert, ...(ssl as object) };
  const db = new PostgreSQLConnector({ host, port, database, username, ssl: tls, retryAttempts: 1, ...more });
  try {
    await db.connect();
    return (await db.query({ sql: "SELECT current_user::text AS who" }))[0]?.["who"];
  } finally {
    await db.disconnect();
  }
}

const failure = (settings: Partial<Settings>): Promise<ConnectorError> =>
  login(settings).then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );
const pair = ({ cert, key }: TestCertificate) => ({ cert, key });

describe("a server that logs in by certificate", () => {
  test("takes the user whom the certificate names, without a password", async () => {
    expect(await login({ ssl: pair(certificates.client) })).toBe("test");
  });

  test("takes a key that is encrypted, with its passphrase alone", async () => {
    const { cert, keyFile } = certificates.client;
    const args = ["pkcs8", "-topk8", "-in", keyFile, "-passout", "pass:open sesame"];
    const key = execFileSync("openssl", args, { encoding: "utf8" });
    expect(key).toContain("ENCRYPTED");
    expect(await login({ ssl: { cert, key, passphrase: "open sesame" } })).toBe("test");
    for (const passphrase of [undefined, "open barley"]) {
      const error = await failure({ ssl: { cert, key, ...(passphrase && { passphrase }) } });
      expect(error).toMatchObject({ kind: "config_invalid", outcome: "none" });
      expect(error.message).toContain("passphrase in ssl");
      expect(error.message).not.toContain("barley");
    }
  });

  test("refuses one who comes without, and another user's", async () => {
    expect(await failure({ ssl: {} })).toMatchObject({ kind: "unauthenticated", outcome: "none" });
    const error = await failure({ ssl: pair(certificates.client), username: "somebody" });
    expect(error).toMatchObject({ kind: "unauthenticated", outcome: "none" });
  });

  test("refuses an expired certificate and one of another authority, and that is said to be so", async () => {
    for (const wrong of [expired, strangers.client])
      expect(await failure({ ssl: pair(wrong) })).toMatchObject({
        kind: "unauthenticated",
        outcome: "none",
        hint: expect.stringContaining("client certificate"),
      });
  });

  test("cannot be asked with a certificate that does not belong to the key", async () => {
    const mixed = { cert: certificates.client.cert, key: strangers.client.key };
    for (const ssl of [mixed, { cert: "no PEM", key: "no PEM" }, { ca: "no PEM" }])
      expect(await failure({ ssl })).toMatchObject({ kind: "config_invalid", outcome: "none" });
  });

  test("is asked with what stands in the files that a URL names whenever a connection is made", async () => {
    const [certFile, keyFile] = [join(folder, "named.pem"), join(folder, "named.key")];
    const put = async ({ cert, key }: TestCertificate): Promise<void> => {
      await Promise.all([writeFile(certFile, cert), writeFile(keyFile, key)]);
    };
    const next = await signTestClient(join(certificates.client.certFile, ".."), { name: "later", user: "test" });
    const { host, port, database, username } = service;
    const files = `sslrootcert=${certificates.ca.certFile}&sslcert=${certFile}&sslkey=${keyFile}`;
    const url = `postgresql://${username}@${host}:${port}/${database}?sslmode=verify-full&${files}`;
    await put(certificates.client);
    const db = new PostgreSQLConnector({ url, maxConnections: 4, retryAttempts: 1 });
    try {
      const sql =
        "SELECT client_serial::text AS serial, pg_sleep(0.05)::text FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
      const serial = async (): Promise<unknown> => (await db.query({ sql }))[0]?.["serial"];
      await db.connect();
      const before = await serial();
      await put(next);
      const serials = new Set(await Promise.all([serial(), serial(), serial(), serial()]));
      expect(serials.size).toBe(2);
      expect(serials).toContain(before);
    } finally {
      await db.disconnect();
    }
    const half = new PostgreSQLConnector({ url: url.replace("named.key", "nowhere.key"), retryAttempts: 1 });
    await expect(half.connect()).rejects.toMatchObject({ kind: "config_invalid", outcome: "none" });
  });

  test("is asked with the new certificate once its file has changed, without a restart", async () => {
    const { host, port, database, username } = service;
    const next = await signTestClient(join(certificates.client.certFile, ".."), { name: "next", user: "test" });
    const put = async ({ cert, key }: TestCertificate): Promise<void> => {
      for (const [name, text] of Object.entries({ "client.pem": cert, "client.key": key })) {
        await writeFile(join(folder, `${name}.new`), text);
        await rename(join(folder, `${name}.new`), join(folder, name));
      }
    };
    await put(certificates.client);
    await writeFile(join(folder, "ca.pem"), certificates.ca.cert);
    const file = join(folder, "connectors.yaml");
    await writeFile(
      file,
      `connectors:
  - name: db
    type: database
    provider: postgresql
    connection:
      { host: "${host}", port: ${port}, database: ${database}, username: ${username},
        ssl: { ca: "\${file:ca.pem}", cert: "\${file:client.pem}", key: "\${file:client.key}" } }
`,
    );
    const hub = await openHub(file, { watch: "values", watchInterval: 20 });
    try {
      const db = hub.get("db", PostgreSQLConnector);
      const sql = "SELECT client_serial::text AS serial FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
      const serial = async (): Promise<unknown> => (await db.query({ sql }))[0]?.["serial"];
      const before = await serial();
      await put(next);
      await expect.poll(serial).not.toBe(before);
    } finally {
      await hub.close({ timeout: 500 });
    }
    expect(await readFile(join(folder, "client.pem"), "utf8")).toBe(next.cert);
  });
});
