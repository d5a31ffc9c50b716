/** Systems that go away and come back, each as `recovery` needs it: a connector at work, and the two moments. */
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { RESTAPIConnector } from "busbar/connectors/rest";
import { startFaultProxy, startRestService } from "busbar/testkit";
import { countClients, startDatabase } from "./database.ts";

/** Connections that a connector may have. */
export const POOL_SIZE = 10;

/** A system with one connector on it. */
export interface System {
  call(this: void): Promise<unknown>;
  leave(this: void): Promise<void>;
  /** Resolves when the system serves again. */
  comeBack(this: void): Promise<void>;
  /** Connections that the system has, or that are on their way to it. */
  connections(this: void): Promise<number>;
  disconnect(this: void): Promise<void>;
  /** Ends the system itself. */
  close(this: void): Promise<void>;
}

/** Its processes are killed; nobody listens. */
async function killedDatabase(): Promise<System> {
  const service = await startDatabase();
  const { host, port, username, password, database } = service;
  const db = new PostgreSQLConnector({ host, port, username, password, database, maxConnections: POOL_SIZE });
  await db.connect();
  return {
    call: () => db.query({ sql: "select 1" }),
    leave: () => service.crash(),
    comeBack: () => service.start(),
    connections: () => countClients(service),
    disconnect: () => db.disconnect(),
    close: () => service.destroy(),
  };
}

/** Every byte is lost on its way; connections stay open on both sides, and new ones get no word. */
async function unreachableDatabase(): Promise<System> {
  const service = await startDatabase();
  const proxy = await service.proxied();
  const { username, password, database } = service;
  const where = { host: proxy.host, port: proxy.port, username, password, database };
  const limits = { maxConnections: POOL_SIZE, attemptTimeout: 500, connectionTimeout: 500 };
  const db = new PostgreSQLConnector({ ...where, ...limits });
  await db.connect();
  return {
    call: () => db.query({ sql: "select 1" }),
    leave: async () => void (proxy.blackhole = "both"),
    comeBack: () => proxy.heal(),
    connections: async () => proxy.open,
    disconnect: () => db.disconnect(),
    close: () => service.destroy(),
  };
}

/** Its connections are reset, and nobody listens any more. */
async function restService(): Promise<System> {
  const service = await startRestService();
  const proxy = await startFaultProxy({ targetHost: service.host, targetPort: service.port });
  const baseURL = `http://${proxy.host}:${proxy.port}`;
  const api = new RESTAPIConnector({ baseURL, maxConnections: POOL_SIZE });
  await api.connect();
  return {
    call: () => api.get({ path: "/health" }),
    async leave() {
      proxy.closeListener();
      proxy.cut();
    },
    comeBack: () => proxy.reopen(),
    connections: async () => proxy.open,
    disconnect: () => api.disconnect(),
    async close() {
      await proxy.close();
      await service.close();
    },
  };
}

export const SYSTEMS = {
  "PostgreSQL, killed": killedDatabase,
  "PostgreSQL, unreachable": unreachableDatabase,
  "REST, nobody listens": restService,
} satisfies Readonly<Record<string, () => Promise<System>>>;
