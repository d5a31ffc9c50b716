import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect as connectTls, createSecureContext, TLSSocket } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectorError } from "../../../../index.ts";
import {
  makeTestCertificates,
  postgresql,
  startService,
  type Service,
  type TestCertificates,
} from "../../../../testkit/index.ts";
import { PostgreSQLConnector } from "../../index.ts";

type Settings = ConstructorParameters<typeof PostgreSQLConnector>[0];

const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

let folder: string;
let certificates: TestCertificates;
let service: Service;
const servers: Server[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "busbar-channel-binding-"));
  certificates = await makeTestCertificates(folder);
  service = await startService(postgresql({ source: "embedded", tls: { certificates } }));
});
afterAll(async () => {
  for (const server of servers) server.close();
  await service.destroy();
  await rm(folder, { recursive: true });
});

async function login(settings: Partial<Settings>, sql = "SELECT 'in' AS answer"): Promise<unknown> {
  const { host, port, database, username, password } = service;
  const all = { host, port, database, username, password, ssl: { ca: certificates.ca.cert }, retryAttempts: 1 };
  const db = new PostgreSQLConnector({ ...all, ...settings });
  try {
    await db.connect();
    return (await db.query({ sql }))[0]?.["answer"];
  } finally {
    await db.disconnect();
  }
}

const failure = (settings: Partial<Settings>): Promise<ConnectorError> =>
  login(settings).then(
    () => expect.unreachable("must fail"),
    (error: unknown) => error as ConnectorError,
  );

async function listen(onClient: (client: Socket) => void): Promise<number> {
  const server = createServer(onClient);
  servers.push(server.listen(0, "127.0.0.1"));
  await once(server, "listening");
  return (server.address() as { readonly port: number }).port;
}

/** Ends TLS of both sides with a certificate of its own and passes on all that it reads. */
async function interceptor(): Promise<number> {
  const { cert, key } = certificates.elsewhere;
  const secureContext = createSecureContext({ cert, key });
  return listen((client) => {
    const away = connect(service.port, service.host);
    const quiet = (): void => void (client.destroy(), away.destroy());
    client.on("error", quiet).once("data", () => {
      client.write("S");
      const front = new TLSSocket(client, { isServer: true, secureContext });
      away.write(SSL_REQUEST);
      away.once("data", () => {
        const back = connectTls({ socket: away, rejectUnauthorized: false });
        for (const side of [front, back]) side.on("error", quiet).on("close", quiet);
        front.pipe(back).pipe(front);
      });
    });
    away.on("error", quiet);
  });
}

const message = (type: string, body: Buffer): Buffer => {
  const head = Buffer.alloc(5);
  head.write(type);
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
};
const authentication = (code: number, rest: Buffer | string = ""): Buffer =>
  message("R", Buffer.concat([Buffer.from([0, 0, 0, code]), Buffer.from(rest)]));
const ready = message("Z", Buffer.from("I"));

/** A server with the right certificate that answers the start of a session so; tells what it was sent after that. */
async function pretender(...answers: readonly Buffer[]): Promise<{ readonly port: number; readonly heard: Buffer[] }> {
  const heard: Buffer[] = [];
  const { cert, key } = certificates.server;
  const secureContext = createSecureContext({ cert, key });
  const port = await listen((client) => {
    client
      .on("error", () => {})
      .once("data", () => {
        client.write("S");
        const secure = new TLSSocket(client, { isServer: true, secureContext });
        const left = [...answers];
        secure.on("error", () => {});
        secure.on("data", (bytes: Buffer) => {
          if (left.length < answers.length) heard.push(bytes);
          const answer = left.shift();
          if (answer !== undefined) secure.write(answer);
        });
      });
  });
  return { port, heard };
}

describe("channel binding", () => {
  test.each(["disable", "prefer", "require", undefined] as const)(
    "%s logs in to a server that offers it",
    async (how) => {
      expect(await login(how === undefined ? {} : { channelBinding: how })).toBe("in");
    },
  );

  test("keeps a login from who ends TLS in between, even where the certificate is not checked", async () => {
    const port = await interceptor();
    const ssl = "require";
    expect(await login({ port, ssl, channelBinding: "disable" })).toBe("in");
    for (const channelBinding of ["prefer", "require"] as const)
      expect(await failure({ port, ssl, channelBinding })).toMatchObject({ kind: "unauthenticated", outcome: "none" });
  });

  test("is not missed where there is no TLS, unless it is required", async () => {
    expect(await login({ ssl: false })).toBe("in");
    expect(await login({ ssl: false, channelBinding: "prefer" })).toBe("in");
    for (const ssl of [false, "disable", undefined] as const)
      expect(() => new PostgreSQLConnector({ database: "a", username: "a", ssl, channelBinding: "require" })).toThrow(
        /channelBinding.*needs TLS/,
      );
  });

  test.each([
    ["asks for the password", [authentication(3)]],
    ["asks for its MD5", [authentication(5, "salt")]],
    ["offers SCRAM without it", [authentication(10, "SCRAM-SHA-256\0\0")]],
    ["asks for nothing", [Buffer.concat([authentication(0), ready])]],
    ["offers it and then asks for the password", [authentication(10, "SCRAM-SHA-256-PLUS\0\0"), authentication(3)]],
    [
      "offers it and then takes anything",
      [authentication(10, "SCRAM-SHA-256-PLUS\0\0"), Buffer.concat([authentication(0), ready])],
    ],
  ])("where required, refuses a server that %s, which hears no password", async (_, answers) => {
    const { port, heard } = await pretender(...answers);
    const error = await failure({ port, channelBinding: "require" });
    expect(error).toMatchObject({ kind: "unauthenticated", outcome: "none" });
    const sent = Buffer.concat(heard);
    expect(sent.includes(service.password)).toBe(false);
    // At most the beginning of SCRAM, which says nothing of it.
    expect(sent.length === 0 || sent.includes("p=tls-server-end-point")).toBe(true);
  });

  test("a server that begins SCRAM and lets us in without its proof is not believed", async () => {
    const skips = [authentication(10, "SCRAM-SHA-256\0\0"), Buffer.concat([authentication(0), ready])];
    const { port } = await pretender(...skips);
    expect(await failure({ port })).toMatchObject({
      kind: "unauthenticated",
      message: expect.stringContaining("did not prove"),
    });
  });
});

const scram = authentication(10, "SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0");

test.each([
  ["nothing that is known", [authentication(10, "OTHER\0\0")]],
  ["no mechanism at all", [authentication(10, "\0")]],
  ["an answer that is no SCRAM", [scram, authentication(11, "nonsense")]],
  ["somebody else's nonce", [scram, authentication(11, "r=elsewhere,s=AAAA,i=4096")]],
  ["a proof before it is asked for one", [scram, authentication(12, "v=AAAA")]],
  ["the same step twice", [Buffer.concat([scram, scram]), authentication(11, "x=")]],
  ["Kerberos", [authentication(7)]],
  ["GSSAPI in the middle", [scram, authentication(8, "token")]],
  ["a way that nobody knows", [authentication(99)]],
  ["an error that says no more", [message("E", Buffer.from("SFATAL\0C28000\0\0"))]],
] as const)(
  "a server that answers the login with %s ends it at once, and is not blamed on busbar",
  async (_, answers) => {
    const { port, heard } = await pretender(...answers);
    const error = await failure({ port, connectionTimeout: 5_000 });
    expect(error.kind).toMatch(/^(unauthenticated|unavailable)$/);
    expect(error.outcome).toBe("none");
    expect(Buffer.concat(heard).includes(service.password)).toBe(false);
  },
);

describe("a certificate that nothing can be bound to", () => {
  let other: Service;
  let cert: string;
  beforeAll(async () => {
    const [keyFile, certFile] = [join(folder, "ed25519.key"), join(folder, "ed25519.pem")];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"];
    const files = ["-keyout", keyFile, "-out", certFile, "-days", "2"];
    execFileSync("openssl", ["req", "-x509", "-newkey", "ed25519", "-nodes", ...files, ...names], { stdio: "ignore" });
    cert = await readFile(certFile, "utf8");
    const server = { cert, key: await readFile(keyFile, "utf8"), certFile, keyFile };
    other = await startService(postgresql({ source: "embedded", tls: { certificates: { ...certificates, server } } }));
  });
  afterAll(() => other.destroy());

  test("is enough where it is checked, and only there", async () => {
    const { port, password } = other;
    expect(await login({ port, password, ssl: { ca: cert } })).toBe("in");
    expect(await login({ port, password, ssl: "require", channelBinding: "disable" })).toBe("in");
    for (const settings of [{ ssl: "require" }, { ssl: { ca: cert }, channelBinding: "require" }] as const) {
      const error = await failure({ port, password, ...settings });
      expect(error).toMatchObject({ kind: "config_invalid", outcome: "none" });
      expect(error.hint).toContain("channelBinding: disable");
    }
  });
});

test("what stands in PG* variables changes nothing of a session that was not told to look there", async () => {
  const variables = {
    PGOPTIONS: "-c search_path=elsewhere",
    PGSSLNEGOTIATION: "direct",
    PGREPLICATION: "database",
    PGAPPNAME: "elsewhere",
    PGHOST: "elsewhere.invalid",
  };
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    const sql = "SELECT current_setting('search_path') || current_setting('application_name') AS answer";
    expect(await login({ ssl: false }, sql)).toBe('"$user", publicbusbar');
    expect(await login({}, sql)).toBe('"$user", publicbusbar');
  } finally {
    process.env = before;
  }
});
