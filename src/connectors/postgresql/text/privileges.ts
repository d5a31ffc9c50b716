/** What the current role may do (PostgreSQL manual, "Database Roles", "Predefined Roles", "Privileges"). */
import type { PrivilegesDialect } from "../../../contracts/sql/privileges.ts";

const SHOWN = 5;

/** Memberships that reach past tables; those of a superuser say nothing. */
const MEMBERSHIPS: Readonly<Record<string, string>> = {
  pg_execute_server_program: "may run programs on the server's machine",
  pg_write_server_files: "may write files on the server's machine",
  pg_read_server_files: "may read files on the server's machine",
  pg_write_all_data: "may change every table",
  pg_signal_backend: "may end other sessions",
};

const SQL = `WITH tables AS (
  SELECT format('%I.%I', n.nspname, c.relname) AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'f') AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
    AND has_schema_privilege(n.oid, 'USAGE') AND (has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE')
      OR has_any_column_privilege(c.oid, 'INSERT, UPDATE')))
SELECT r.rolname AS role, r.rolsuper, r.rolcreaterole, r.rolcreatedb, r.rolreplication, r.rolbypassrls,
  coalesce((SELECT json_agg(g.rolname ORDER BY g.rolname) FROM pg_roles g
    WHERE g.rolname LIKE 'pg\\_%' AND NOT r.rolsuper AND pg_has_role(r.oid, g.oid, 'USAGE')), '[]') AS memberships,
  coalesce((SELECT json_agg(l.lanname ORDER BY l.lanname) FROM pg_language l
    WHERE NOT l.lanpltrusted AND l.lanispl AND NOT r.rolsuper AND has_language_privilege(l.oid, 'USAGE')), '[]') AS languages,
  EXISTS (SELECT FROM pg_proc p WHERE p.proname = 'dblink_connect' AND has_function_privilege(p.oid, 'EXECUTE')) AS dblink,
  (SELECT count(*)::int FROM tables) AS count,
  coalesce((SELECT json_agg(name ORDER BY name) FROM (SELECT name FROM tables ORDER BY name LIMIT ${SHOWN}) AS t), '[]') AS some
FROM pg_roles r WHERE r.rolname = current_user`;

interface Found {
  readonly role: string;
  readonly rolsuper: boolean;
  readonly rolcreaterole: boolean;
  readonly rolcreatedb: boolean;
  readonly rolreplication: boolean;
  readonly rolbypassrls: boolean;
  readonly memberships: readonly string[];
  readonly languages: readonly string[];
  readonly dblink: boolean;
  readonly count: number;
  readonly some: string[];
}

export const privileges: PrivilegesDialect = {
  statement: { sql: SQL, values: [] },
  read([row]) {
    // The statement above answers so.
    const found = row as unknown as Found;
    const powers = found.rolsuper
      ? ["is a superuser, who may do anything, also on the server's machine"]
      : special(found);
    return { role: found.role, powers, writable: { count: found.count, some: found.some } };
  },
};

function special(found: Found): string[] {
  return [
    found.rolcreaterole ? "may create roles" : "",
    found.rolcreatedb ? "may create databases" : "",
    found.rolreplication ? "may copy the whole database (REPLICATION)" : "",
    found.rolbypassrls ? "is not held by row security (BYPASSRLS)" : "",
    ...found.memberships.map((name) => MEMBERSHIPS[name] ?? ""),
    ...found.languages.map((name) => `may write functions in ${name}, which reach the server's machine`),
    found.dblink ? "may open connections from the server (dblink), past `access: read-only`" : "",
  ].filter((power) => power !== "");
}
