/** SQLite's way to write a statement. */
import { ConnectorError } from "../../../core/errors.ts";
import { standardQuote, type Dialect, type LedgerDialect } from "../../../contracts/sql/dialect.ts";
import { BEGIN_READ_ONLY } from "../engine/request.ts";
import { describe } from "./catalog.ts";
import { factsOf } from "./statement-facts.ts";

/** SQLite has no limit; one keeps mistakes out of the parser. */
const checked = standardQuote(1_024);

const ledger: LedgerDialect = {
  // The transaction that is open has locked everything.
  lock: "SELECT 1",
  create: (table, index) => [
    `CREATE TABLE IF NOT EXISTS ${table} (
  \`key\` text NOT NULL PRIMARY KEY,
  operation text NOT NULL,
  fingerprint text NOT NULL,
  answer text,
  created_at integer NOT NULL DEFAULT (CAST((julianday('now') - 2440587.5) * 86400000 AS integer))
)`,
    `CREATE INDEX IF NOT EXISTS ${index} ON ${table.replace(/^.*?\.(?=`)/, "")} (created_at)`,
  ],
  // A process that dies leaves no transaction behind.
  endIfIdle: "",
  purge: (table, { keepMs, most }) => ({
    sql:
      `DELETE FROM ${table} WHERE rowid IN (SELECT rowid FROM ${table} ` +
      "WHERE created_at < CAST((julianday('now') - 2440587.5) * 86400000 AS integer) - ?1 ORDER BY created_at LIMIT ?2)",
    values: [keepMs, most],
  }),
  isTaken: (error) => (error as { readonly code?: unknown } | null)?.code === "SQLITE_CONSTRAINT_PRIMARYKEY",
  isMissing: (error) => error instanceof Error && /^no such table/.test(error.message),
};

/** What can be planned. */
const PLANNED = new Set(["SELECT", "VALUES", "WITH", "INSERT", "REPLACE", "UPDATE", "DELETE"]);

export const dialect: Dialect = {
  // What stands in double quotes and is no name, SQLite takes for a text.
  quote(name) {
    checked(name);
    return `\`${name.replaceAll("`", "``")}\``;
  },
  placeholder: (n) => `?${n}`,
  mostParameters: 32_766,
  lexicon: {
    quotes: ["'", '"', "`"],
    backslashIn: [],
    isPostgreSQL: false,
    hasBrackets: true,
    hasHashComments: false,
    nestsComments: false,
  },
  likeEscape: "'\\'",
  returning: new Set(["insert", "upsert", "update", "delete"]),
  order: (name, direction) => `${name} ${direction === "desc" ? "DESC NULLS FIRST" : "ASC NULLS LAST"}`,
  // CAST keeps fifteen digits of a REAL.
  exactText: (name) => `CASE typeof(${name}) WHEN 'real' THEN printf('%!.17g', ${name}) ELSE CAST(${name} AS text) END`,
  // Such a column keeps values of any type as they are, and a number is less than every text (SQLite manual, "Datatypes", 4.2).
  canPageBy: (type) => /INT|CHAR|CLOB|TEXT/i.test(type) || !/^any$|BLOB/i.test(type),
  onConflict: (conflict, update) => {
    const sets = update.map((name) => `${name} = excluded.${name}`).join(", ");
    return ` ON CONFLICT (${conflict.join(", ")}) DO ${sets === "" ? "NOTHING" : `UPDATE SET ${sets}`}`;
  },
  explain(sql, analyze) {
    if (analyze)
      throw new ConnectorError("unsupported", "SQLite cannot measure a statement", {
        outcome: "none",
        hint: "Ask without `analyze`.",
      });
    if (!PLANNED.has(factsOf(sql).command))
      throw new ConnectorError("input_invalid", "Only statements that read or change rows have a plan", {
        outcome: "none",
      });
    return `EXPLAIN QUERY PLAN ${sql}`;
  },
  planOf: (rows) => rows.map(({ id, parent, detail }) => ({ id, parent, detail })),
  describe,
  // Serializable is what every transaction is; whoever may write has the lock from the start, so that none is lost later.
  begin: ({ readOnly = false }) => [readOnly ? BEGIN_READ_ONLY : "BEGIN IMMEDIATE"],
  endReadOnly: ["ROLLBACK"],
  ledger,
};
