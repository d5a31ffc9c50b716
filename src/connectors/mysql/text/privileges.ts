/**
 * What the current user may do, by itself and by the roles that are on (MariaDB Knowledge Base, "GRANT"; MySQL manual,
 * "Privileges Provided by MySQL").
 */
import type { PrivilegesDialect } from "../../../contracts/sql/privileges.ts";

const SHOWN = 5;

/** Privileges on everything that reach past tables. */
const POWERS: Readonly<Record<string, string>> = {
  SUPER: "passes over limits and read-only servers (SUPER)",
  FILE: "may read and write files on the server's machine (FILE)",
  "CREATE USER": "may create users",
  SHUTDOWN: "may shut the server down",
  "REPLICATION SLAVE": "may copy the whole server (REPLICATION SLAVE)",
};

/** A user as these views write it: with `@`, which a user's name may hold, but no host's. */
const ME = `CONCAT("'", LEFT(CURRENT_USER(), CHAR_LENGTH(CURRENT_USER()) - CHAR_LENGTH(SUBSTRING_INDEX(CURRENT_USER(), '@', -1)) - 1),
  "'@'", SUBSTRING_INDEX(CURRENT_USER(), '@', -1), "'")`;

const mine = `p.GRANTEE IN (${ME}, (SELECT CONCAT("'", CURRENT_ROLE(), "'@''")))`;
const writes = "p.PRIVILEGE_TYPE IN ('INSERT', 'UPDATE', 'DELETE', 'DROP', 'ALTER')";
const tables = `FROM information_schema.TABLES t WHERE t.TABLE_TYPE = 'BASE TABLE'
  AND t.TABLE_SCHEMA NOT IN ('mysql', 'sys', 'information_schema', 'performance_schema') AND (
    EXISTS (SELECT 1 FROM information_schema.USER_PRIVILEGES p WHERE ${mine} AND ${writes})
    OR EXISTS (SELECT 1 FROM information_schema.SCHEMA_PRIVILEGES p
      WHERE ${mine} AND ${writes} AND t.TABLE_SCHEMA LIKE p.TABLE_SCHEMA)
    OR EXISTS (SELECT 1 FROM information_schema.TABLE_PRIVILEGES p
      WHERE ${mine} AND ${writes} AND p.TABLE_SCHEMA = t.TABLE_SCHEMA AND p.TABLE_NAME = t.TABLE_NAME)
    OR EXISTS (SELECT 1 FROM information_schema.COLUMN_PRIVILEGES p
      WHERE ${mine} AND ${writes} AND p.TABLE_SCHEMA = t.TABLE_SCHEMA AND p.TABLE_NAME = t.TABLE_NAME))`;

const SQL = `SELECT 'role' AS what, CURRENT_USER() AS name
UNION ALL SELECT 'power', p.PRIVILEGE_TYPE FROM information_schema.USER_PRIVILEGES p WHERE ${mine}
UNION ALL SELECT 'count', COUNT(*) ${tables}
UNION ALL SELECT 'table', name FROM (
  SELECT CONCAT(t.TABLE_SCHEMA, '.', t.TABLE_NAME) AS name ${tables} ORDER BY 1 LIMIT ${SHOWN}) AS shown`;

/** What a user of MySQL or MariaDB may do. */
export const privileges: PrivilegesDialect = {
  statement: { sql: SQL, values: [] },
  read(rows) {
    const all = (what: string): string[] => rows.filter((row) => row["what"] === what).map(({ name }) => String(name));
    const powers = [...new Set(all("power").map((name) => POWERS[name]))].filter((power) => power !== undefined);
    return {
      role: all("role")[0] ?? null,
      powers: powers.sort(),
      writable: { count: Number(all("count")[0]), some: all("table") },
    };
  },
};
