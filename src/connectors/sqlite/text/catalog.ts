/** Tables as SQLite's own pragmas tell them. */
import type { Dialect } from "../../../contracts/sql/dialect.ts";
import type { Statement } from "../../../contracts/sql/statement.ts";

/** A statement with expressions that are JSON. */
export interface JsonStatement extends Statement {
  readonly jsonColumns: readonly string[];
}

const SQL = `SELECT t.schema AS "schema", t.name AS name, CASE t.type WHEN 'view' THEN 'view' ELSE 'table' END AS kind,
  (SELECT json_group_array(json_object('name', c.name, 'type', c.type,
      'nullable', json(CASE WHEN c."notnull" OR c.pk AND (t.wr OR c.type = 'INTEGER' COLLATE NOCASE) THEN 'false' ELSE 'true' END),
      'default', CASE WHEN c.hidden IN (2, 3) THEN 'generated' ELSE c.dflt_value END))
    FROM (SELECT * FROM pragma_table_xinfo(t.name, t.schema) ORDER BY cid) c) AS columns,
  (SELECT json_group_array(p.name)
    FROM (SELECT name FROM pragma_table_xinfo(t.name, t.schema) WHERE pk > 0 ORDER BY pk) p) AS primaryKey,
  (SELECT json_group_array(json_object('name', 'fk_' || f.id, 'references', f."table", 'columns', json(f.columns)))
    FROM (SELECT id, "table", json_group_array("from") AS columns
      FROM (SELECT * FROM pragma_foreign_key_list(t.name, t.schema) ORDER BY id, seq) GROUP BY id) f) AS foreignKeys,
  (SELECT json_group_array(json_object('name', i.name, 'unique', json(iif(i."unique", 'true', 'false')),
      'definition', (SELECT group_concat(coalesce(x.name, '<expression>'), ', ') FROM pragma_index_info(i.name, t.schema) x)))
    FROM (SELECT * FROM pragma_index_list(t.name, t.schema) ORDER BY name) i) AS indexes
FROM pragma_table_list t WHERE t.type IN ('table', 'view', 'virtual') AND t.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'`;

const QUOTED = /`((?:[^`]|``)*)`/g;

/** `table` comes as the dialect has quoted it. */
export const describe: Dialect["describe"] = ({ table, schema }): JsonStatement => {
  const names = [...(table ?? "").matchAll(QUOTED)].map(([, name = ""]) => name.replaceAll("``", "`"));
  const values: string[] = [];
  const conditions = [
    [names.at(-1), "t.name"],
    [names.at(-2), "t.schema"],
    [schema, "t.schema"],
  ].map(([value, column]) => (value === undefined ? "" : ` AND ${column} = ?${values.push(value)} COLLATE NOCASE`));
  const jsonColumns = ["columns", "primaryKey", "foreignKeys", "indexes"];
  return { sql: `${SQL}${conditions.join("")} ORDER BY 1, 2`, values, jsonColumns };
};
