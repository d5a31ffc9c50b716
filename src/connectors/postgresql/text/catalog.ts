/** Tables as the server's catalog knows them. */
import type { Dialect } from "../../../contracts/sql/dialect.ts";

const SQL = `SELECT n.nspname AS schema, c.relname AS name,
  CASE c.relkind WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'f' THEN 'foreign table' ELSE 'table' END AS kind,
  coalesce((SELECT json_agg(json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod),
      'nullable', NOT a.attnotnull, 'default', CASE
        WHEN a.attidentity <> '' THEN 'identity' ELSE pg_get_expr(d.adbin, d.adrelid) END) ORDER BY a.attnum)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS columns,
  coalesce((SELECT json_agg(a.attname ORDER BY k.at)
    FROM pg_constraint p CROSS JOIN unnest(p.conkey) WITH ORDINALITY AS k (num, at)
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num
    WHERE p.conrelid = c.oid AND p.contype = 'p'), '[]') AS "primaryKey",
  coalesce((SELECT json_agg(json_build_object('name', f.conname, 'references', f.confrelid::regclass::text, 'columns',
      (SELECT json_agg(a.attname ORDER BY k.at) FROM unnest(f.conkey) WITH ORDINALITY AS k (num, at)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.num)) ORDER BY f.conname)
    FROM pg_constraint f WHERE f.conrelid = c.oid AND f.contype = 'f'), '[]') AS "foreignKeys",
  coalesce((SELECT json_agg(json_build_object('name', x.relname, 'unique', i.indisunique,
      'definition', pg_get_indexdef(i.indexrelid)) ORDER BY x.relname)
    FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid WHERE i.indrelid = c.oid), '[]') AS indexes
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f')`;

/** Without a table, those of the system are left out. */
export const describe: Dialect["describe"] = ({ table, schema }) => {
  const values = [table, schema].filter((each) => each !== undefined);
  const byTable = table === undefined ? "" : " AND c.oid = to_regclass($1)";
  const bySchema = schema === undefined ? "" : ` AND n.nspname = $${values.length}`;
  const own = values.length > 0 ? "" : " AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'";
  return { sql: `${SQL}${byTable}${bySchema}${own} ORDER BY 1, 2`, values };
};
