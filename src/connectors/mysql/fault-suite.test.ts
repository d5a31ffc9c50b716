import { createConnection, type RowDataPacket } from "mysql2/promise";
import { mariadb, runFaultSuite, type Service } from "../../testkit/index.ts";
import { MySQLConnector } from "./index.ts";

/** Asks the server with the bare driver. */
async function ask({ host, port, database, username, password }: Service, sql: string, ca?: string) {
  const ssl = ca === undefined ? {} : { ssl: { ca } };
  const client = await createConnection({ host, port, database, user: username, password, ...ssl });
  const [rows] = await client.query<RowDataPacket[]>(sql).finally(() => client.end());
  return rows;
}

await runFaultSuite({
  connector: "mysql",
  target: "live",
  server: mariadb(),
  secureServer: (shown) => mariadb({ tls: { ...shown, required: true } }),
  async start(service, ca) {
    const { database, username, password } = service;
    const ssl = ca === undefined ? false : { ca };
    await ask(service, "CREATE TABLE effects (id int AUTO_INCREMENT PRIMARY KEY, n int)", ca);
    return {
      make: (settings, environment) =>
        new MySQLConnector({ database, username, password, ssl, ...settings }, environment),
      read: (db, options) => db.query({ sql: "SELECT 1 AS a" }, options),
      write: (db, options) => db.insert({ table: "effects", data: { n: 1 } }, options),
      warmUp: (db) =>
        db
          .transaction(async (tx) => {
            await tx.query({ sql: "SELECT 1 AS a" });
            await tx.insert({ table: "effects", data: { n: 1 } });
            throw new Error("not kept");
          })
          .catch(() => {}),
      effects: async () => (await ask(service, "SELECT id FROM effects", ca)).length,
      stream: (db, options) => db.queryStream({ sql: "SELECT seq AS n FROM seq_1_to_1000000" }, options),
    };
  },
});
