/** A hub on a private PostgreSQL with callers that read, write and keep transactions open; credentials and settings come from files. */
import { openHub, type Hub } from "busbar";
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import type { Service } from "busbar/testkit";
import { mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { untilOver } from "./callers.ts";
import { ask, startDatabase } from "./database.ts";
import { between, type Random } from "./random.ts";

const CALLERS = 32;
/** How often the file of the credentials is looked at. */
export const WATCH_MS = 200;

/** Settings of the connector, which `configure` changes. */
export interface HubSettings {
  readonly maxConnections: number;
  readonly applicationName: string;
}

/** What the callers have seen. */
export interface Work {
  calls: number;
  /** Rows whose insertion was acknowledged. */
  rows: number;
  readonly failures: string[];
}

export class HubAtWork {
  readonly service: Service;
  readonly hub: Hub;
  readonly #folder: string;

  private constructor(service: Service, hub: Hub, folder: string) {
    this.service = service;
    this.hub = hub;
    this.#folder = folder;
  }

  /** Makes server, roles, table and hub; both roles may do the same. */
  static async open(roles: readonly string[], password: string, settings: HubSettings): Promise<HubAtWork> {
    const service = await startDatabase();
    const folder = await mkdtemp(join(tmpdir(), "busbar-chaos-"));
    await ask(service, [
      "create table notes (id bigint generated always as identity, caller text not null default current_user)",
      ...roles.map((role) => `create role ${role} login password '${password}'`),
      ...roles.map((role) => `grant select, insert on notes to ${role}`),
    ]);
    await writeURL(folder, service, roles[0]!, password);
    await configure(folder, settings);
    const hub = await openHub(join(folder, "connectors.yaml"), { watchInterval: WATCH_MS });
    return new HubAtWork(service, hub, folder);
  }

  /** Changes the file that the credentials come from. */
  writeURL(role: string, password: string): Promise<void> {
    return writeURL(this.#folder, this.service, role, password);
  }

  /** Changes the configuration, which is in force when the hub has reloaded it. */
  configure(settings: HubSettings): Promise<void> {
    return configure(this.#folder, settings);
  }

  /** Lets callers work until `during` has ended, and waits for the last of them. */
  async underLoad(random: Random, during: () => Promise<void>): Promise<Work> {
    const work: Work = { calls: 0, rows: 0, failures: [] };
    const db = this.hub.get("db", PostgreSQLConnector);
    let isOver = false;
    const load = untilOver(
      CALLERS,
      () => isOver,
      async () => {
        work.calls++;
        try {
          const rows = await oneCall(db, random);
          work.rows += rows;
        } catch (error) {
          work.failures.push(error instanceof Error ? error.message : String(error));
          await pause(50);
        }
      },
    );
    try {
      await during();
    } finally {
      isOver = true;
      await load;
    }
    return work;
  }

  async close(): Promise<void> {
    await this.hub.close();
    await this.service.destroy();
    await rm(this.#folder, { recursive: true });
  }
}

/** Answers how many rows it has inserted. */
async function oneCall(db: PostgreSQLConnector, random: Random): Promise<number> {
  const note = { table: "notes", data: {} };
  const choice = random();
  if (choice < 0.5) {
    await db.query({ sql: "select count(*), pg_sleep(0.002)::text from notes where id < 100" });
    return 0;
  }
  if (choice < 0.9) {
    await db.insert(note);
    return 1;
  }
  return db.transaction(async (transaction) => {
    await transaction.insert(note);
    await pause(between(random, 0, 100));
    await transaction.insert(note);
    return 2;
  });
}

/** As an agent of a vault does: whole, and never half written. */
async function replace(folder: string, name: string, text: string): Promise<void> {
  await writeFile(join(folder, `${name}.new`), text);
  await rename(join(folder, `${name}.new`), join(folder, name));
}

function writeURL(folder: string, { host, port, database }: Service, role: string, password: string): Promise<void> {
  return replace(folder, "url", `postgresql://${role}:${password}@${host}:${port}/${database}`);
}

function configure(folder: string, settings: HubSettings): Promise<void> {
  const connection = { url: "${file:url}" };
  const connectors = [{ name: "db", type: "database", provider: "postgresql", connection, options: settings }];
  // JSON is YAML.
  return replace(folder, "connectors.yaml", JSON.stringify({ connectors }));
}
