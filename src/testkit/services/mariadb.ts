/**
 * MariaDB, as the distribution has it (Debian 12: 10.11).
 *
 * `mariadb-install-db` takes most of a second, copying its result a tenth of that: it runs once for each build of the
 * server and each machine (folders.ts). User and database are made when the server starts, by a file with one statement a
 * line.
 */
import { createHash } from "node:crypto";
import { statSync } from "node:fs";
import { join } from "node:path";
import { findBinaries } from "./find-binaries.ts";
import { cachedFolder } from "./folders.ts";
import { runProgram } from "./run-program.ts";
import type { ServiceInstance, ServiceSpec } from "./service-spec.ts";
import type { ShownCertificate } from "./tls.ts";
import { firstReply } from "./wait.ts";

const USERNAME = "test";
const DATABASE = "test";

/** What a private MariaDB server is like. */
export interface MariadbOptions {
  /** Server settings; they win over the testkit's own. */
  readonly conf?: Readonly<Record<string, string>>;
  readonly tls?: {
    readonly certificates: ShownCertificate["certificates"];
    /** Which certificate the server shows. Default: `server`. */
    readonly show?: ShownCertificate["show"];
    /** Refuses connections without TLS. Default: both are served. */
    readonly required?: boolean;
  };
}

/** A MariaDB server whose user `test` may do everything, with TCP on the loopback address only. */
export function mariadb({ conf = {}, tls }: MariadbOptions = {}): ServiceSpec {
  return {
    name: "mariadb",
    // The installer needs a program of the clients' package.
    debianPackages: ["mariadb-server-core", "mariadb-client-core"],
    howToGet:
      "Install mariadb-server-core and mariadb-client-core (10.11 or newer), or name the folder of mariadbd in TEST_SERVICE_MARIADB_BIN.",
    async findBinaries() {
      return findBinaries({ name: "mariadb", files: ["mariadbd"] });
    },
    async prepare(instance) {
      const template = await dataTemplate(instance);
      await instance.run({ file: "cp", args: ["-a", template, join(instance.dir, "data")] });
      const { password } = instance;
      const user = `'${USERNAME}'@'127.0.0.1'`;
      const statements = [
        `CREATE USER IF NOT EXISTS ${user} IDENTIFIED BY '${password}'`,
        `GRANT ALL ON *.* TO ${user} WITH GRANT OPTION`,
        `CREATE DATABASE IF NOT EXISTS ${DATABASE} CHARACTER SET utf8mb4`,
      ];
      await instance.write("init.sql", statements.map((each) => `${each};\n`).join(""));
      if (!tls) return;
      const { certificates, show = "server" } = tls;
      await instance.write("server.pem", certificates[show].cert);
      await instance.write("server.key", certificates[show].key);
      await instance.write("ca.pem", certificates.ca.cert);
    },
    command: ({ binaries, dir, port }) => ({
      file: join(binaries, "mariadbd"),
      args: [
        "--no-defaults",
        ...settings({
          ...{ datadir: join(dir, "data"), port: String(port), socket: join(dir, "s"), "pid-file": join(dir, "pid") },
          ...{ tmpdir: dir, "init-file": join(dir, "init.sql") },
          ...LEAN,
          ...(tls ? tlsSettings(dir) : {}),
          ...(tls?.required ? { "require-secure-transport": "ON" } : {}),
          ...conf,
        }),
      ],
    }),
    async isReady({ port }) {
      const reply = await firstReply(port, { send: Buffer.alloc(0) });
      // The greeting tells the version of the protocol.
      return reply !== undefined && reply[4] === 10;
    },
    stopSignal: "SIGTERM",
    facts: ({ host, port, password }) => ({
      username: USERNAME,
      database: DATABASE,
      url: `mysql://${USERNAME}:${password}@${host}:${port}/${DATABASE}`,
    }),
  };
}

const LEAN = {
  "bind-address": "127.0.0.1",
  "skip-name-resolve": "ON",
  "innodb-flush-log-at-trx-commit": "0",
  "innodb-flush-method": "nosync",
  "sync-binlog": "0",
  "innodb-buffer-pool-size": "32M",
  "innodb-log-file-size": "8M",
  "performance-schema": "OFF",
  "max-connections": "60",
};

const tlsSettings = (dir: string): Record<string, string> => ({
  "ssl-cert": join(dir, "server.pem"),
  "ssl-key": join(dir, "server.key"),
  "ssl-ca": join(dir, "ca.pem"),
});

const settings = (values: Readonly<Record<string, string>>): string[] =>
  Object.entries(values).map(([name, value]) => `--${name}=${value}`);

async function dataTemplate({ binaries, owner }: ServiceInstance): Promise<string> {
  const args = ["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"];
  const server = join(binaries, "mariadbd");
  const { size, mtimeMs } = statSync(server);
  const build = [server, size, mtimeMs, owner?.uid, ...args].join("|");
  const name = `mariadb-data-${createHash("sha256").update(build).digest("hex").slice(0, 16)}`;
  const folder = await cachedFolder(name, owner, async (draft) => {
    const file = installer(binaries);
    const all = ["--no-defaults", `--datadir=${join(draft, "data")}`, ...args, "--innodb-log-file-size=8M"];
    await runProgram({ file, args: all }, { cwd: draft, owner });
  });
  return join(folder, "data");
}

/** Debian puts it beside the clients' programs, not beside the server. */
function installer(binaries: string): string {
  const name = "mariadb-install-db";
  const folder = findBinaries({ name: "mariadb-install-db", files: [name], folders: [binaries] });
  return folder === undefined ? name : join(folder, name);
}
