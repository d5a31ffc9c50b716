/** Tables as the server's `information_schema` knows them. */
import type { Dialect } from "../../../contracts/sql/dialect.ts";

/** Lists are put together as text: only that is the same in MySQL and MariaDB, and keeps its order. */
const list = (item: string, order: string): string => `GROUP_CONCAT(${item} ORDER BY ${order} SEPARATOR ',')`;
const object = (fields: Readonly<Record<string, string>>): string =>
  `CONCAT('{', ${Object.entries(fields)
    .map(([name, value]) => `'"${name}":', ${value}`)
    .join(", ',', ")}, '}')`;
const boolean = (condition: string): string => `IF(${condition}, 'true', 'false')`;
const names = (name: string, order: string): string => `CONCAT('[', ${list(`JSON_QUOTE(${name})`, order)}, ']')`;
/** Names that differ in case are the names of different tables, on most servers. */
const OF_TABLE = "TABLE_SCHEMA AS s, BINARY TABLE_NAME AS t";

const COLUMN = object({
  name: "JSON_QUOTE(COLUMN_NAME)",
  type: "JSON_QUOTE(COLUMN_TYPE)",
  nullable: boolean("IS_NULLABLE = 'YES'"),
  // MariaDB says NULL where there is none.
  default:
    "IF(EXTRA LIKE '%auto_increment%', '\"auto_increment\"', IFNULL(JSON_QUOTE(NULLIF(COLUMN_DEFAULT, 'NULL')), 'null'))",
});

const FOREIGN_KEY = object({
  name: "JSON_QUOTE(name)",
  columns: "list",
  references: "JSON_QUOTE(CONCAT(IF(home = s, '', CONCAT(home, '.')), target))",
});

const INDEX = object({
  name: "JSON_QUOTE(name)",
  unique: boolean("is_other = 0"),
  definition: "JSON_QUOTE(CONCAT(IF(is_other = 0, 'UNIQUE ', ''), kind, ' (', list, ')'))",
});

/** `describe` as one statement; `only` is the condition on the tables, which stands in every part. */
const statement = (only: string): string => `SELECT T.TABLE_SCHEMA AS \`schema\`, T.TABLE_NAME AS name,
  IF(T.TABLE_TYPE LIKE '%VIEW', 'view', 'table') AS kind, ${json("c.list")} AS \`columns\`,
  ${json("p.list")} AS \`primaryKey\`, ${json("f.list")} AS \`foreignKeys\`, ${json("i.list")} AS \`indexes\`
FROM information_schema.TABLES T
LEFT JOIN (SELECT ${OF_TABLE}, CONCAT('[', ${list(COLUMN, "ORDINAL_POSITION")}, ']') AS list
  FROM information_schema.COLUMNS WHERE ${only} GROUP BY s, t) c ON ${same("c")}
LEFT JOIN (SELECT ${OF_TABLE}, ${names("COLUMN_NAME", "SEQ_IN_INDEX")} AS list
  FROM information_schema.STATISTICS WHERE ${only} AND INDEX_NAME = 'PRIMARY' GROUP BY s, t) p ON ${same("p")}
LEFT JOIN (SELECT s, t, CONCAT('[', ${list(FOREIGN_KEY, "name")}, ']') AS list FROM (
    SELECT ${OF_TABLE}, CONSTRAINT_NAME AS name, REFERENCED_TABLE_SCHEMA AS home, REFERENCED_TABLE_NAME AS target,
      ${names("COLUMN_NAME", "ORDINAL_POSITION")} AS list
    FROM information_schema.KEY_COLUMN_USAGE WHERE ${only} AND REFERENCED_TABLE_NAME IS NOT NULL
    GROUP BY s, t, name, home, target) k GROUP BY s, t) f ON ${same("f")}
LEFT JOIN (SELECT s, t, CONCAT('[', ${list(INDEX, "name")}, ']') AS list FROM (
    SELECT ${OF_TABLE}, INDEX_NAME AS name, NON_UNIQUE AS is_other, INDEX_TYPE AS kind,
      ${list("CONCAT(COLUMN_NAME, IFNULL(CONCAT('(', SUB_PART, ')'), ''))", "SEQ_IN_INDEX")} AS list
    FROM information_schema.STATISTICS WHERE ${only} GROUP BY s, t, name, is_other, kind) k GROUP BY s, t) i ON ${same("i")}
WHERE ${only} AND T.TABLE_TYPE <> 'SEQUENCE' ORDER BY 1, 2`;

const PARTS = 5;
const same = (part: string): string => `${part}.s = T.TABLE_SCHEMA AND ${part}.t = BINARY T.TABLE_NAME`;
/** Text that both systems tell as JSON. */
function json(text: string): string {
  return `JSON_EXTRACT(IFNULL(${text}, '[]'), '$')`;
}

/** Without a table, those of the system are left out. */
export const describe: Dialect["describe"] = ({ table, schema }) => {
  const named = table === undefined ? [] : unquoted(table);
  const [name, inSchema, ...more] = named.toReversed();
  const conditions = [
    ...(name === undefined
      ? []
      : ["TABLE_NAME = ?", inSchema === undefined ? "TABLE_SCHEMA = DATABASE()" : "TABLE_SCHEMA = ?"]),
    ...(schema === undefined ? [] : ["TABLE_SCHEMA = ?"]),
    ...(more.length > 0 ? ["TABLE_CATALOG = ?"] : []),
  ];
  if (conditions.length === 0)
    conditions.push("TABLE_SCHEMA NOT IN ('information_schema', 'mysql', 'performance_schema', 'sys')");
  const values = [name, inSchema, schema, ...more].filter((each) => each !== undefined);
  return { sql: statement(conditions.join(" AND ")), values: Array.from({ length: PARTS }, () => values).flat() };
};

/** The names in a quoted one. */
function unquoted(table: string): string[] {
  return [...table.matchAll(/`((?:[^`]|``)*)`/g)].map(([, name = ""]) => name.replaceAll("``", "`"));
}
