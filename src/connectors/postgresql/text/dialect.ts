/** PostgreSQL's way to write a statement. */
import { standardQuote, type Dialect, type LedgerDialect } from "../../../contracts/sql/dialect.ts";
import { describe } from "./catalog.ts";
import { privileges } from "./privileges.ts";

const hasCode = (error: unknown, code: string): boolean => (error as { readonly code?: unknown } | null)?.code === code;

const ledger: LedgerDialect = {
  // IF NOT EXISTS alone fails where two come at the same time.
  lock: "SELECT pg_advisory_xact_lock(hashtext('busbar_idempotency'))",
  create: (table, index) => [
    // Each row is written twice in one transaction; with room in its page, the indexes are not touched again.
    `CREATE TABLE IF NOT EXISTS ${table} (
  key text COLLATE "C" PRIMARY KEY,
  operation text NOT NULL,
  fingerprint text NOT NULL,
  answer text,
  created_at timestamp with time zone NOT NULL DEFAULT now()
) WITH (fillfactor = 50)`,
    `CREATE INDEX IF NOT EXISTS ${index} ON ${table} (created_at)`,
  ],
  // The setting ends with the transaction. Without it, a client whose machine died would hold its key for hours.
  endIfIdle: " RETURNING set_config('idle_in_transaction_session_timeout', '10s', true)",
  purge: (table, { keepMs, most }) => ({
    sql:
      `DELETE FROM ${table} WHERE key IN (SELECT key FROM ${table} ` +
      "WHERE created_at < now() - make_interval(secs => $1) ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)",
    values: [keepMs / 1_000, most],
  }),
  isTaken: (error) => hasCode(error, "23505"),
  isMissing: (error) => hasCode(error, "42P01"),
};

export const dialect: Dialect = {
  quote: standardQuote(63),
  placeholder: (n) => `$${n}`,
  lexicon: {
    quotes: ["'", '"'],
    backslashIn: [],
    isPostgreSQL: true,
    hasBrackets: false,
    hasHashComments: false,
    nestsComments: true,
  },
  // With an E, it means the same whatever `standard_conforming_strings` says.
  likeEscape: "E'\\\\'",
  returning: new Set(["insert", "upsert", "update", "delete"]),
  order: (name, direction) => (direction === "desc" ? `${name} DESC` : name),
  exactText: (name) => `${name}::text`,
  onConflict: (conflict, update) => {
    const sets = update.map((name) => `${name} = EXCLUDED.${name}`).join(", ");
    return ` ON CONFLICT (${conflict.join(", ")}) DO ${sets === "" ? "NOTHING" : `UPDATE SET ${sets}`}`;
  },
  explain: (sql, analyze) => `EXPLAIN (FORMAT JSON${analyze ? ", ANALYZE" : ""}) ${sql}`,
  planOf: ([row]) => (row?.["QUERY PLAN"] as readonly unknown[] | undefined)?.[0],
  describe,
  privileges,
  begin: ({ isolation: level, readOnly }) => [
    `BEGIN${level === undefined ? "" : ` ISOLATION LEVEL ${level.toUpperCase()}`}${readOnly ? " READ ONLY" : ""}`,
  ],
  // Locks taken by `pg_advisory_lock` outlive the transaction.
  endReadOnly: ["ROLLBACK", "SELECT pg_advisory_unlock_all()"],
  ledger,
};
