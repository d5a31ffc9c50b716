/**
 * The systems that are compared, each with the same two tables, and what one of them has not.
 *
 * What the contract leaves to the system is made the same here by the tables: texts are compared byte by byte.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MySQLConnector } from "busbar/connectors/mysql";
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { SQLiteConnector } from "busbar/connectors/sqlite";
import { mariadb, postgresql, startService } from "busbar/testkit";
import type { System } from "./run-program.ts";

export interface RunningSystem extends System {
  close(this: void): Promise<void>;
}

interface Types {
  readonly int: string;
  readonly big: string;
  readonly text: string;
  readonly decimal: string;
  /** Behind the definition of a table. */
  readonly end?: string;
}

const tables = ({ int, big, text, decimal, end = "" }: Types): readonly string[] => [
  `create table item (id ${int} not null, label ${text}, note ${text}, qty ${int}, big ${big}, price ${decimal},
    primary key (id), unique (label)) ${end}`,
  `create table link (left_id ${int} not null, right_id ${int} not null, weight ${int} not null,
    primary key (left_id, right_id), foreign key (left_id) references item (id), check (weight >= 0)) ${end}`,
];

async function startPostgreSQL(source: "system" | "embedded"): Promise<RunningSystem> {
  const service = await startService(postgresql({ source }));
  const { host, port, database, username, password } = service;
  const connector = new PostgreSQLConnector({ host, port, database, username, password });
  const types = { int: "integer", big: "bigint", text: 'text collate "C"', decimal: "numeric(20,4)" };
  await connector.connect();
  for (const sql of tables(types)) await connector.execute("execute", { sql });
  return {
    name: `PostgreSQL, ${source}`,
    lacks: new Set(),
    connector,
    async close() {
      await connector.disconnect();
      await service.destroy();
    },
  };
}

async function startMariaDB(): Promise<RunningSystem> {
  const service = await startService(mariadb());
  const { host, port, database, username, password } = service;
  const connector = new MySQLConnector({ host, port, database, username, password });
  await connector.connect();
  // Not `nopad`, spaces at the end of a text would be nothing.
  const end = "engine = InnoDB character set utf8mb4 collate utf8mb4_nopad_bin";
  const types = { int: "int", big: "bigint", text: "varchar(100)", decimal: "decimal(20,4)", end };
  for (const sql of tables(types)) await connector.execute("execute", { sql });
  return {
    name: "MariaDB",
    lacks: new Set(["returning of updates", "count of rows that an upsert leaves"]),
    connector,
    async close() {
      await connector.disconnect();
      await service.destroy();
    },
  };
}

async function startSQLite(): Promise<RunningSystem> {
  const folder = await mkdtemp(join(tmpdir(), "busbar-differential-"));
  const connector = new SQLiteConnector({ file: join(folder, "test.db") });
  await connector.connect();
  // Decimals are texts, as its notes say; programs write them with all their digits.
  const types = { int: "integer", big: "bigint", text: "text", decimal: "text" };
  for (const sql of tables(types)) await connector.execute("execute", { sql });
  return {
    name: "SQLite",
    lacks: new Set(["order of decimals"]),
    connector,
    async close() {
      await connector.disconnect();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** All at once; the first is what the others are compared with. */
export const startSystems = (): Promise<RunningSystem[]> =>
  Promise.all([startPostgreSQL("embedded"), startPostgreSQL("system"), startMariaDB(), startSQLite()]);
