/**
 * Systems under attack, each with its own record of what it was asked to run.
 *
 * The proof does not trust the connector: PostgreSQL writes every statement into a log, MariaDB into a table. What a
 * harmless value makes the server run is what a hostile one may make it run, to the letter and as often. SQLite keeps no
 * record; there it is what could be struck that is looked at, over another connection.
 */
import { mkdtemp, open, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { MySQLConnector } from "busbar/connectors/mysql";
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { SQLiteConnector } from "busbar/connectors/sqlite";
import { mariadb, postgresql, startService, type ServiceSpec } from "busbar/testkit";
import type { SqlContext } from "../../src/contracts/sql/behaviour.ts";

/** What a server was asked to run. */
export interface Ran {
  /** The statements, without the values of their parameters; each once. */
  readonly texts: ReadonlySet<string>;
  /** What was carried out, each time. */
  readonly runs: readonly string[];
}

export interface Watched {
  readonly connector: SqlContext["connector"];
  /** As the connector's, but not watched. */
  readonly admin: SqlContext["connector"];
  /** The same as the connector, with what only PostgreSQL's has. */
  readonly postgresql?: PostgreSQLConnector;
  /** The same as the connector, with what only SQLite's has, and the files of its backups. */
  readonly sqlite?: SQLiteConnector;
  backups?(this: void): Promise<string[]>;
  /** As the connector's, with a ledger of that name. */
  withLedger(this: void, table: readonly string[]): SqlContext["connector"];
  readonly json: string;
  readonly text: string;
  /** A text that can be a key. */
  readonly key: string;
  placeholder(this: void, n: number): string;
  /** Written here once more: the test must not take the dialect's word. */
  quote(this: void, name: string): string;
  /** Reads a path of a JSON document; the path is the parameter `:path`. */
  readonly atPath: string;
  /** Runs something and tells what the server ran meanwhile. */
  watch(this: void, work: () => Promise<void>): Promise<Ran>;
  /** Everything that an injected statement could have changed. */
  state(this: void): Promise<string>;
  close(this: void): Promise<void>;
}

export interface Attackable {
  readonly name: string;
  /** What it needs; nothing where it is always there. */
  readonly spec?: ServiceSpec;
  /** Whether it tells what it ran. */
  readonly keepsRecord: boolean;
  /** Whether it has what only PostgreSQL has. Default: it has not. */
  readonly isPostgreSQL?: boolean;
  /** Whether it writes files. Default: it does not. */
  readonly hasBackups?: boolean;
  start(): Promise<Watched>;
}

const LINE_FEED = 0x0a;
const FOLDER = "statements";
const LOGGED = {
  logging_collector: "on",
  log_destination: "jsonlog",
  log_directory: FOLDER,
  log_filename: FOLDER,
  log_statement: "all",
  log_parameter_max_length: "0",
};

interface Ledger {
  readonly keep: number;
  readonly table?: string[];
}

/** Old keys are deleted by the way, at a moment of their own: in nobody's count. */
const UNPURGED: Ledger = { keep: 0 };

interface LogLine {
  readonly error_severity: string;
  readonly message: string;
  readonly statement?: string;
}

export const onPostgreSQL: Attackable = {
  name: "PostgreSQL",
  spec: postgresql({ source: "embedded" }),
  keepsRecord: true,
  isPostgreSQL: true,
  async start() {
    const service = await startService(postgresql({ source: "embedded", conf: LOGGED }));
    const { host, port, database, username, password, dir } = service;
    const make = (idempotency: Ledger = UNPURGED): PostgreSQLConnector =>
      new PostgreSQLConnector({
        host,
        port,
        database,
        username,
        password,
        maxConnections: 2,
        retryAttempts: 1,
        idempotency,
      });
    const [connector, admin] = [make(), make()];
    await Promise.all([connector.connect(), admin.connect()]);
    let marks = 0;
    /** The log is written by another process, so a mark is waited for. */
    const mark = async (): Promise<string> => {
      const text = `select 'mark ${++marks}'`;
      await admin.query({ sql: text });
      return text;
    };
    const log = await open(join(dir, "data", FOLDER, `${FOLDER}.json`));
    let unread = Buffer.alloc(0);
    /** The lines after those of the time before. */
    const linesUpTo = async (last: string): Promise<LogLine[]> => {
      while (unread.at(-1) !== LINE_FEED || !unread.includes(last)) {
        await pause(5);
        // Goes on where it ended.
        unread = Buffer.concat([unread, await log.readFile()]);
      }
      const lines = unread.toString().split("\n").filter(Boolean);
      unread = Buffer.alloc(0);
      return lines.map((line) => JSON.parse(line) as LogLine);
    };
    return {
      connector,
      admin,
      postgresql: connector,
      withLedger: (table) => make({ ...UNPURGED, table: [...table] }),
      json: "jsonb",
      text: "text",
      key: "text",
      placeholder: (n) => `$${n}`,
      quote: (name) => `"${name.replaceAll('"', '""')}"`,
      atPath: "select jsonb_path_query_array(doc, cast(:path as text)::jsonpath)::text as it from target where id = 1",
      async watch(work) {
        const from = await mark();
        await work();
        const to = await mark();
        const lines = await linesUpTo(to);
        const at = (text: string): number => lines.findIndex(({ message }) => message.endsWith(text));
        const between = lines.slice(at(from) + 1, at(to));
        const run = between.flatMap(({ error_severity, message }) =>
          error_severity === "LOG" ? [message.replace(/^(statement|execute [^:]*): /, "")] : [],
        );
        const refused = between.flatMap(({ statement }) => (statement === undefined ? [] : [statement]));
        return { texts: new Set([...run, ...refused]), runs: run };
      },
      async state() {
        const [row] = await admin.query({
          sql: `select (select string_agg(body, ',' order by id) from canary) as rows,
            (select string_agg(relname, ',' order by relname) from pg_class where relkind in ('r', 'v', 'S')) as tables,
            (select count(*) from pg_proc) as functions, (select count(*) from pg_roles) as roles,
            (select count(*) from pg_largeobject_metadata) as objects`,
        });
        return JSON.stringify(row);
      },
      async close() {
        await Promise.all([connector.disconnect(), admin.disconnect(), log.close()]);
        await service.destroy();
      },
    };
  },
};

export const onMariaDB: Attackable = {
  name: "MariaDB",
  spec: mariadb(),
  keepsRecord: true,
  async start() {
    const service = await startService(mariadb({ conf: { "general-log": "ON", "log-output": "TABLE" } }));
    const { host, port, database, username, password } = service;
    const make = (idempotency: Ledger = UNPURGED): MySQLConnector =>
      new MySQLConnector({
        host,
        port,
        database,
        username,
        password,
        maxConnections: 2,
        retryAttempts: 1,
        idempotency,
      });
    const [connector, admin] = [make(), make()];
    await Promise.all([connector.connect(), admin.connect()]);
    return {
      connector,
      admin,
      withLedger: (table) => make({ ...UNPURGED, table: [...table] }),
      json: "json",
      text: "longtext character set utf8mb4 collate utf8mb4_nopad_bin",
      key: "varchar(500) character set utf8mb4 collate utf8mb4_nopad_bin",
      placeholder: () => "?",
      quote: (name) => `\`${name.replaceAll("`", "``")}\``,
      atPath: "select json_extract(doc, :path) as it from target where id = 1",
      async watch(work) {
        await admin.execute("execute", { sql: "truncate table mysql.general_log" });
        await work();
        const sql = `select command_type as command, cast(argument as char) as text from mysql.general_log
          where command_type in ('Prepare', 'Execute', 'Query') and argument not like '%mysql.general_log%'`;
        const lines = await admin.query({ sql });
        const without = (word: string): string[] =>
          lines.filter(({ command }) => command !== word).map(({ text }) => String(text));
        return { texts: new Set(without("Execute")), runs: without("Prepare") };
      },
      async state() {
        const [row] = await admin.query({
          sql: `select (select group_concat(body order by id) from canary) as all_rows,
            (select group_concat(table_name order by table_name) from information_schema.tables
              where table_schema = database()) as all_tables,
            (select count(*) from information_schema.routines) as routines,
            (select count(*) from information_schema.schemata) as all_databases,
            (select count(*) from mysql.global_priv) as users`,
        });
        return JSON.stringify(row);
      },
      async close() {
        await Promise.all([connector.disconnect(), admin.disconnect()]);
        await service.destroy();
      },
    };
  },
};

export const onSQLite: Attackable = {
  name: "SQLite",
  keepsRecord: false,
  hasBackups: true,
  async start() {
    const folder = await mkdtemp(join(tmpdir(), "busbar-injection-"));
    const backupFolder = await mkdtemp(join(tmpdir(), "busbar-injection-backups-"));
    const make = (idempotency: Ledger = UNPURGED): SQLiteConnector =>
      new SQLiteConnector({ file: join(folder, "test.db"), backupFolder, retryAttempts: 1, idempotency });
    const [connector, admin] = [make(), make()];
    await connector.connect();
    await admin.connect();
    return {
      connector,
      admin,
      sqlite: connector,
      backups: async () => (await readdir(backupFolder)).sort(),
      withLedger: (table) => make({ ...UNPURGED, table: [...table] }),
      json: "json",
      text: "text",
      key: "text",
      placeholder: (n) => `?${n}`,
      quote: (name) => `\`${name.replaceAll("`", "``")}\``,
      atPath: "select json_extract(doc, :path) as it from target where id = 1",
      async watch(work) {
        await work();
        return { texts: new Set(), runs: [] };
      },
      async state() {
        const rows = await admin.query({ sql: "select body from canary order by id" });
        const objects = await admin.query({ sql: "select type, name, sql from sqlite_master order by name" });
        const databases = await connector.query({ sql: "select name from pragma_database_list order by name" });
        const [settings] = await connector.query({
          sql: `select (select user_version from pragma_user_version) as version,
            (select foreign_keys from pragma_foreign_keys) as keys, (select query_only from pragma_query_only) as reads`,
        });
        return JSON.stringify([rows, objects, databases, settings, (await readdir(folder)).sort()]);
      },
      async close() {
        await Promise.all([connector.disconnect(), admin.disconnect()]);
        for (const each of [folder, backupFolder]) await rm(each, { recursive: true, force: true });
      },
    };
  },
};
