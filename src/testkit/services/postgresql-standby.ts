/** A hot standby of a PostgreSQL server: a copy of it that follows it, answers reads, and can take its place. */
import { join } from "node:path";
import { postgresql, type PostgresqlOptions } from "./postgresql.ts";
import type { Service } from "./service.ts";
import type { ServiceSpec } from "./service-spec.ts";

/** Follows `primary`, which must be of the source `system`. Users and passwords are the primary's. */
export function postgresqlStandby(primary: Service, options: Omit<PostgresqlOptions, "source"> = {}): ServiceSpec {
  const own = postgresql(options);
  return {
    ...own,
    async prepare(instance) {
      const { host, port, username, password } = primary;
      const at = ["-h", host, "-p", String(port), "-U", username, "-D", "data"];
      await instance.run({
        file: join(instance.binaries, "pg_basebackup"),
        args: [...at, "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"],
        env: { PGPASSWORD: password },
      });
    },
    facts: ({ host, port }) => {
      const { username, database, password } = primary;
      return { username, database, url: `postgresql://${username}:${password}@${host}:${port}/${database}` };
    },
  };
}
