/** A private server for one test file, and connectors to it: all are ended with the file. */
import { afterAll } from "vitest";
import { mariadb, startService, type MariadbOptions, type Service } from "../../testkit/index.ts";
import { MySQLConnector } from "./index.ts";

export type Settings = ConstructorParameters<typeof MySQLConnector>[0];
type Environment = ConstructorParameters<typeof MySQLConnector>[1];

export interface OpenServer {
  readonly service: Service;
  /** A connector to the server, not connected yet. */
  make(this: void, settings?: Partial<Settings>, environment?: Environment): MySQLConnector;
  /** A connected one. */
  connected(this: void, settings?: Partial<Settings>, environment?: Environment): Promise<MySQLConnector>;
  /** Disconnects all that were made so far, but for the one named. */
  disconnectAll(this: void, except?: MySQLConnector): Promise<void>;
}

/** To be awaited at the top of a test file. */
export async function openForTest(options: MariadbOptions = {}): Promise<OpenServer> {
  const service = await startService(mariadb(options));
  const { host, port, database, username, password } = service;
  const made = new Set<MySQLConnector>();
  const make: OpenServer["make"] = (settings, environment) => {
    const all = { host, port, database, username, password, ...settings };
    const connector = new MySQLConnector(all, environment);
    made.add(connector);
    return connector;
  };
  const disconnectAll: OpenServer["disconnectAll"] = async (except) => {
    const ended = [...made].filter((connector) => connector !== except);
    for (const connector of ended) made.delete(connector);
    await Promise.all(ended.map((connector) => connector.disconnect({ timeout: 100 })));
  };
  afterAll(async () => {
    await disconnectAll();
    await service.destroy();
  });
  return {
    service,
    make,
    async connected(settings, environment) {
      const connector = make(settings, environment);
      await connector.connect();
      return connector;
    },
    disconnectAll,
  };
}
