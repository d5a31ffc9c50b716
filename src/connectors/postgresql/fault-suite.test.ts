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

await runFaultSuite({
  connector: "postgresql",
  target: "embedded",
  server: postgresql({ source: "embedded" }),
  secureServer: (shown) => postgresql({ source: "embedded", tls: { ...shown, required: true } }),
  async start(service, ca) {
    const { database, username, password } = service;
    const ssl = ca === undefined ? false : { ca };
    await ask(service, "CREATE TABLE effects (id serial PRIMARY KEY, n int)", ca);
    return {
      make: (settings, environment) =>
        new PostgreSQLConnector({ database, username, password, ssl, ...settings }, environment),
      read: (db, options) => db.query({ sql: "SELECT 1 AS a" }, options),
      write: (db, options) => db.insert({ table: "effects", data: { n: 1 } }, options),
      effects: async () => (await ask(service, "SELECT id FROM effects", ca)).length,
      stream: (db, options) => db.queryStream({ sql: "SELECT generate_series(1, 1000000) AS n" }, options),
    };
  },
});
