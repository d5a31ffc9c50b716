import { chmod, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import type { ConnectorError } from "../../../index.ts";
import {
  makeTestCertificates,
  postgresql,
  startService,
  type Service,
  type TestCertificates,
} from "../../../testkit/index.ts";
import { PostgreSQLConnector } from "../index.ts";

type Settings = ConstructorParameters<typeof PostgreSQLConnector>[0];

const variables = { ...process.env };
let folder: string;
let certificates: TestCertificates;
let service: Service;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-ways-in-"));
  await chmod(folder, 0o777);
  certificates = await makeTestCertificates(folder);
  const conf = { unix_socket_directories: folder };
  service = await startService(postgresql({ source: "embedded", tls: { certificates }, conf }));
});
afterEach(() => void (process.env = { ...variables }));
afterAll(async () => {
  await service.destroy();
  await rm(folder, { recursive: true });
});

/** What the server says of us. */
async function login(settings: Settings, run?: (db: PostgreSQLConnector) => Promise<void>): Promise<unknown> {
  const db = new PostgreSQLConnector({ retryAttempts: 1, ...settings });
  try {
    await db.connect();
    await run?.(db);
    const sql =
      "SELECT usename::text AS user, application_name AS name, ssl AS tls, client_port = -1 AS local FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE pid = pg_backend_pid()";
    return (await db.query({ sql }))[0];
  } finally {
    await db.disconnect();
  }
}

const failure = (settings: Settings): Promise<ConnectorError> =>
  login(settings).then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );
const url = (query = "", place = `127.0.0.1:${service.port}`): string =>
  `postgresql://test:${service.password}@${place}/postgres${query}`;
const inside = { user: "test", name: "busbar", tls: false, local: false };

describe("by URL", () => {
  test("with an application name, and TLS that checks what its mode says", async () => {
    const ca = encodeURIComponent(certificates.ca.certFile);
    expect(await login({ url: url() })).toEqual(inside);
    expect(await login({ url: url("?application_name=shop&connect_timeout=3") })).toEqual({ ...inside, name: "shop" });
    for (const mode of ["require", "verify-ca", "verify-full"])
      expect(await login({ url: url(`?sslmode=${mode}&sslrootcert=${ca}&channel_binding=require`) })).toMatchObject({
        tls: true,
      });
    expect(await login({ url: url("?sslmode=require") })).toMatchObject({ tls: true });
    expect(await login({ url: url("?sslmode=disable") })).toMatchObject({ tls: false });
  });

  test("verify-ca does not mind the name of the certificate, verify-full does, and both mind who made it", async () => {
    await using other = await startService(
      postgresql({ source: "embedded", tls: { certificates, show: "elsewhere" } }),
    );
    const at = (query: string): string => `${other.url}?sslrootcert=${certificates.ca.certFile}&sslmode=${query}`;
    expect(await login({ url: at("verify-ca") })).toMatchObject({ tls: true });
    expect(await failure({ url: at("verify-full") })).toMatchObject({ kind: "config_invalid", outcome: "none" });
    for (const mode of ["verify-ca", "verify-full"])
      expect(await failure({ url: `${other.url}?sslmode=${mode}` })).toMatchObject({ kind: "config_invalid" });
  });

  test("to the first of several servers that is what was asked for", async () => {
    const place = `127.0.0.1:1,127.0.0.1:${service.port}`;
    expect(await login({ url: url("?target_session_attrs=primary", place) })).toEqual(inside);
    const error = await failure({ url: url("?target_session_attrs=standby&connect_timeout=2", place) });
    expect(error.kind).toBe("unavailable");
    expect(error.message).toContain(`127.0.0.1:${service.port} is the primary`);
  });

  test("connect_timeout is for each server, and none waits longer for all of them", async () => {
    const place = "192.0.2.1:1,192.0.2.1:2";
    const startedAt = performance.now();
    expect((await failure({ url: url("?connect_timeout=1", place) })).outcome).toBe("none");
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  test("what the options say too is refused, as is a file that is not there", async () => {
    for (const [query, option] of [
      ["application_name=a", { applicationName: "b" }],
      ["target_session_attrs=any", { targetSessionAttrs: "any" }],
      ["connect_timeout=1", { connectionTimeout: 1_000 }],
    ] as const) {
      const error = await failure({ url: url(`?${query}`), ...option });
      expect(error).toMatchObject({ kind: "config_invalid", outcome: "none" });
      expect(error.message).toContain(`${Object.keys(option)[0]} stands in the options and in the connection's url`);
    }
    const missing = await failure({ url: url("?sslmode=verify-full&sslrootcert=/nowhere") });
    expect(missing).toMatchObject({ kind: "config_invalid", outcome: "none" });
    expect(missing.message).toContain("cannot be read (ENOENT)");
  });
});

describe("by a Unix socket", () => {
  const sleepy = async (db: PostgreSQLConnector): Promise<void> => {
    const sleep = db.query({ sql: "SELECT pg_sleep(60)" }, { timeout: 50 });
    await expect(sleep).rejects.toMatchObject({ kind: "timeout" });
  };

  test("named as host, in a URL and in a variable; its statements can be cancelled", async () => {
    const { port, database, username, password } = service;
    const local = { ...inside, local: true };
    const settings = { database, username, password, port };
    expect(await login({ ...settings, host: folder, maxConnections: 1 }, sleepy)).toEqual(local);
    expect(await login({ url: url(`?host=${encodeURIComponent(folder)}&port=${port}`, "") })).toEqual(local);
    expect(await login({ url: url("", `${encodeURIComponent(folder)}:${port}`) })).toEqual(local);
    Object.assign(process.env, { PGHOST: folder });
    expect(await login({ ...settings, fromEnvironment: true })).toEqual(local);
  });

  test("has no TLS, whatever was asked for, as it leads nowhere else", async () => {
    const ssl = { url: url("?sslmode=verify-full", `${encodeURIComponent(folder)}:${service.port}`) };
    expect(await login(ssl)).toMatchObject({ tls: false, local: true });
    const error = await failure({ url: `${ssl.url}&channel_binding=require` });
    expect(error).toMatchObject({ kind: "unauthenticated", outcome: "none" });
  });

  test("that is not there is said to be so", async () => {
    const { database, username, port } = service;
    const error = await failure({ host: join(folder, "nowhere"), port, database, username });
    expect(error).toMatchObject({ kind: "unavailable", outcome: "none" });
  });
});

describe("by PG* variables", () => {
  const set = (more: Record<string, string> = {}): void =>
    void Object.assign(process.env, {
      ...{ PGHOST: service.host, PGPORT: String(service.port), PGDATABASE: service.database, PGUSER: "test" },
      ...{ PGPASSWORD: service.password, PGAPPNAME: "shop", ...more },
    });

  test("where that is asked for", async () => {
    set({ PGSSLMODE: "verify-full", PGSSLROOTCERT: certificates.ca.certFile, PGCHANNELBINDING: "require" });
    expect(await login({ fromEnvironment: true })).toEqual({ ...inside, name: "shop", tls: true });
    const { database, username } = service;
    const error = await failure({ database, username, port: service.port, connectionTimeout: 2_000 });
    expect(error).toMatchObject({ kind: "unauthenticated" });
  });

  test("and what is said elsewhere stands", async () => {
    set({ PGDATABASE: "other", PGAPPNAME: "shop", PGCONNECT_TIMEOUT: "1", PGTARGETSESSIONATTRS: "standby" });
    const more = { applicationName: "own", targetSessionAttrs: "any", connectionTimeout: 5_000 } as const;
    expect(await login({ url: url(), fromEnvironment: true, ...more })).toEqual({ ...inside, name: "own" });
  });

  test("with a password out of a file that only its owner can read", async () => {
    const { port, password } = service;
    const file = join(folder, "passwords");
    const wrong = [`# ${port}`, `127.0.0.1:1:*:*:wrong`, `elsewhere:*:*:*:wrong`, "nonsense", `*:${port}:*:eve:wrong`];
    const mine = `127.0.0.1:${port}:post\\gres:*:${password.replaceAll(/[\\:]/g, "\\$&")}`;
    await writeFile(file, [...wrong, mine, "*:*:*:*:wrong"].join("\n"), { mode: 0o600 });
    set({ PGPASSFILE: file });
    delete process.env["PGPASSWORD"];
    const echo = async (db: PostgreSQLConnector): Promise<void> => {
      const thrown: unknown = await db.query({ sql: `SELECT '${password}'::int` }).catch((each: unknown) => each);
      expect(String((thrown as Error).cause)).toContain("[redacted]");
    };
    expect(await login({ fromEnvironment: true }, echo)).toMatchObject({ user: "test" });
    await chmod(file, 0o644);
    const error = await failure({ fromEnvironment: true });
    expect(error).toMatchObject({ kind: "config_invalid", outcome: "none", hint: "chmod 600" });
    await chmod(file, 0o600);
    // Not asked for: not looked at.
    const { host, database, username } = service;
    expect(await failure({ host, port, database, username })).toMatchObject({ kind: "unauthenticated" });
  });

  test("a password of theirs shows nowhere", async () => {
    set();
    const db = new PostgreSQLConnector({ fromEnvironment: true, retryAttempts: 1 });
    expect(JSON.stringify(db.describe())).not.toContain(service.password);
    await db.connect();
    const error = await db.query({ sql: `SELECT '${service.password}'::int` }).catch((thrown: unknown) => thrown);
    await db.disconnect();
    expect(`${(error as Error).message} ${String((error as Error).cause)}`).not.toContain(service.password);
  });
});
