import { randomBytes } from "node:crypto";
import type { Service } from "./service.ts";

/** A database of one test. */
export interface FreshDatabase {
  readonly database: string;
  readonly url: string;
  /** Drops it, whoever is still connected. */
  drop(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Makes an empty database on a PostgreSQL service, for tests that share one server. Needs the npm package `pg`. */
export async function createDatabase(
  service: Pick<Service, "host" | "port" | "username" | "password" | "database">,
): Promise<FreshDatabase> {
  const { host, port, username, password } = service;
  const { default: pg } = await import("pg");
  const database = `test_${randomBytes(6).toString("hex")}`; // letters and digits: needs no quoting
  const run = async (sql: string): Promise<void> => {
    const client = new pg.Client({ host, port, user: username, password, database: service.database });
    client.on("error", () => {}); // a lost connection also fails the query
    await client.connect();
    await client.query(sql).finally(() => client.end());
  };
  await run(`CREATE DATABASE ${database}`);
  const drop = (): Promise<void> => run(`DROP DATABASE IF EXISTS ${database} WITH (FORCE)`);
  const url = `postgresql://${username}:${password}@${host}:${port}/${database}`;
  return { database, url, drop, [Symbol.asyncDispose]: drop };
}
