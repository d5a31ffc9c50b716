/**
 * A private certificate authority for one test run, made with the `openssl` program: 0.2 s, nothing to expire in the
 * repository. All leaves are for `localhost` and 127.0.0.1 and last two days, but for `expired`, which ended yesterday,
 * and `elsewhere`, which is another host's. For "signed by somebody else" call `makeTestCertificates` twice.
 */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { runProgram } from "./run-program.ts";

/** A certificate with its key, PEM text and files. */
export interface TestCertificate {
  /** PEM. */
  readonly cert: string;
  /** PEM, unencrypted. */
  readonly key: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** An authority of its own, and certificates that it has signed. */
export interface TestCertificates {
  readonly ca: TestCertificate;
  readonly server: TestCertificate;
  readonly client: TestCertificate;
  readonly expired: TestCertificate;
  readonly elsewhere: TestCertificate;
}

/** What a server shows of them. */
export interface ShownCertificate {
  readonly certificates: TestCertificates;
  readonly show: "server" | "expired" | "elsewhere";
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
const TWO_DAYS = ["-days", "2"];

/** Makes the authority and its leaves as PEM files in `dir`, which must be there. */
export async function makeTestCertificates(dir: string): Promise<TestCertificates> {
  await openssl(dir, [
    ...["req", "-x509", ...NEW_KEY, "-keyout", "ca.key", "-out", "ca.pem", ...TWO_DAYS, "-subj", "/CN=busbar test CA"],
    ...["-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign"],
  ]);
  const [ca, server, client, expired, elsewhere] = await Promise.all([
    read(dir, "ca"),
    sign(dir, { name: "server", subject: "/CN=localhost", serial: 1, usage: "serverAuth", validity: [TWO_DAYS] }),
    sign(dir, { name: "client", subject: "/CN=test", serial: 2, usage: "clientAuth", validity: [TWO_DAYS] }),
    sign(dir, { name: "expired", subject: "/CN=localhost", serial: 3, usage: "serverAuth", validity: PAST }),
    sign(dir, { ...AWAY, subject: "/CN=elsewhere.example", serial: 4, usage: "serverAuth", validity: [TWO_DAYS] }),
  ]);
  return { ca, server, client, expired, elsewhere };
}

const HERE = "DNS:localhost,IP:127.0.0.1";
const AWAY = { name: "elsewhere", hosts: "DNS:elsewhere.example" };

/** Older versions take a negative number of days, newer ones (3.4) real dates. */
const PAST = [
  ["-days", "-1"],
  ["-not_before", "20200101000000Z", "-not_after", "20200102000000Z"],
];

/** What a certificate says. */
interface Leaf {
  /** Of its files; new in their folder. */
  readonly name: string;
  /** Default: this machine. */
  readonly hosts?: string;
  readonly subject: string;
  readonly serial: number;
  readonly usage: "serverAuth" | "clientAuth";
  /** The first that this openssl understands is taken. */
  readonly validity: readonly (readonly string[])[];
}

/** One more certificate of a client, signed by the authority whose files are in `dir`. */
export function signTestClient(
  dir: string,
  { name, user, isExpired = false }: { readonly name: string; readonly user: string; readonly isExpired?: boolean },
): Promise<TestCertificate> {
  const serial = createHash("sha256").update(name).digest().readUInt32BE(0);
  const validity = isExpired ? PAST : [TWO_DAYS];
  return sign(dir, { name, subject: `/CN=${user}`, serial, usage: "clientAuth", validity });
}

async function sign(
  dir: string,
  { name, hosts = HERE, subject, serial, usage, validity }: Leaf,
): Promise<TestCertificate> {
  await openssl(dir, ["req", "-new", ...NEW_KEY, "-keyout", `${name}.key`, "-out", `${name}.csr`, "-subj", subject]);
  const extensions = `subjectAltName=${hosts}\nextendedKeyUsage=${usage}\nbasicConstraints=CA:FALSE\n`;
  await writeFile(join(dir, `${name}.ext`), extensions);
  let failure: unknown;
  for (const period of validity) {
    try {
      await openssl(dir, [
        ...["x509", "-req", "-in", `${name}.csr`, "-CA", "ca.pem", "-CAkey", "ca.key", "-set_serial", String(serial)],
        ...[...period, "-extfile", `${name}.ext`, "-out", `${name}.pem`],
      ]);
      return await read(dir, name);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function read(dir: string, name: string): Promise<TestCertificate> {
  const certFile = join(dir, `${name}.pem`);
  const keyFile = join(dir, `${name}.key`);
  return { cert: await readFile(certFile, "utf8"), key: await readFile(keyFile, "utf8"), certFile, keyFile };
}

async function openssl(dir: string, args: readonly string[]): Promise<void> {
  await runProgram({ file: "openssl", args }, { cwd: dir, timeoutMs: 20_000 });
}
