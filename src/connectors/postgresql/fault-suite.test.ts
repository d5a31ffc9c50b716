import pg from "pg";
import { postgresql, runFaultSuite, type Service } from "../../testkit/index.ts";
import { PostgreSQLConnector } from "./index.ts";

/** Asks the server with the bare driver. */
async function ask({ host, port, database, username, password }: Service, sql: string, ca?: string) {
  const ssl = ca === undefined ? false : { ca };
  const client = new pg.Client({ host, port, database, user: username, password, ssl });
  await client.connect();
  const { rows } = await client.query<Record<string, unknown>>(sql).finally(() => client.end());
  return rows;
}

/**
 * One server; and as the primary of several, of which the standby is struck as well, and the replica is not. Faults of
 * replicas are in replicas.test.ts.
 */
const TARGETS = [
  { target: "embedded", isAlone: true },
  { target: "embedded, with standby and replica", isAlone: false },
];

for (const { target, isAlone } of TARGETS)
  await runFaultSuite({
    connector: "postgresql",
    target,
    server: postgresql({ source: "embedded" }),
    ...(isAlone && { secureServer: (shown) => postgresql({ source: "embedded", tls: { ...shown, required: true } }) }),
    async start(service, ca) {
      const { database, username, password } = service;
      const ssl = ca === undefined ? false : { ca };
      await ask(service, "CREATE TABLE effects (id serial PRIMARY KEY, n int)", ca);
      return {
        make(settings, environment) {
          const again = [`${settings.host}:${settings.port}`];
          const others = isAlone ? {} : { standbys: again, replicas: [`${service.host}:${service.port}`] };
          return new PostgreSQLConnector({ database, username, password, ssl, ...others, ...settings }, environment);
        },
        read: (db, options) => db.query({ sql: "SELECT 1 AS a" }, options),
        write: (db, options) => db.insert({ table: "effects", data: { n: 1 } }, options),
        effects: async () => (await ask(service, "SELECT id FROM effects", ca)).length,
        stream: (db, options) => db.queryStream({ sql: "SELECT generate_series(1, 1000000) AS n" }, options),
      };
    },
  });
