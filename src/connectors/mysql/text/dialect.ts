/** MySQL's and MariaDB's way to write a statement. */
import { standardQuote, type Dialect, type LedgerDialect } from "../../../contracts/sql/dialect.ts";
import { privileges } from "./privileges.ts";
import { describe } from "./catalog.ts";

/** A name has at most 64 characters, each of up to four bytes. */
const checked = standardQuote(256);
const hasNumber = (error: unknown, errno: number): boolean =>
  (error as { readonly errno?: unknown } | null)?.errno === errno;

/** Quotes one identifier. */
export function quote(name: string): string {
  checked(name);
  return `\`${name.replaceAll("`", "``")}\``;
}

const ledger: LedgerDialect = {
  // CREATE TABLE IF NOT EXISTS waits for others that do the same, and commits by itself.
  lock: "DO 0",
  create: (table, index) => [
    `CREATE TABLE IF NOT EXISTS ${table} (
  \`key\` varbinary(1020) NOT NULL PRIMARY KEY,
  operation varchar(255) NOT NULL,
  fingerprint varchar(64) NOT NULL,
  answer longtext,
  created_at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
  INDEX ${index} (created_at)
) ENGINE = InnoDB CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
  ],
  // Nothing that is said in an INSERT outlives it.
  endIfIdle: "",
  purge: (table, { keepMs, most }) => ({
    sql: `DELETE FROM ${table} WHERE created_at < NOW(6) - INTERVAL ? MICROSECOND ORDER BY created_at LIMIT ?`,
    values: [keepMs * 1_000, most],
  }),
  isTaken: (error) => hasNumber(error, 1062),
  isMissing: (error) => hasNumber(error, 1146),
};

/** What of a server's ways changes the text of statements. */
export interface Ways {
  readonly isMariaDB: boolean;
  readonly sqlMode: string;
}

export const dialectOf = ({ isMariaDB, sqlMode }: Ways): Dialect => ({
  ...shared,
  lexicon: {
    quotes: ["'", '"', "`"],
    backslashIn: hasMode(sqlMode, "NO_BACKSLASH_ESCAPES")
      ? []
      : ["'", ...(hasMode(sqlMode, "ANSI_QUOTES") ? [] : ['"'])],
    isPostgreSQL: false,
    hasBrackets: false,
    hasHashComments: true,
    nestsComments: false,
  },
  returning: new Set(isMariaDB ? ["insert", "upsert", "delete"] : []),
  explain: (sql, analyze) =>
    isMariaDB
      ? `${analyze ? "ANALYZE" : "EXPLAIN"} FORMAT=JSON ${sql}`
      : `EXPLAIN ${analyze ? "ANALYZE" : "FORMAT=JSON"} ${sql}`,
});

/** `ANSI` is short for several. */
const hasMode = (sqlMode: string, mode: string): boolean => {
  const modes = sqlMode.split(",");
  return modes.includes(mode) || (mode === "ANSI_QUOTES" && modes.includes("ANSI"));
};

const shared = {
  quote,
  placeholder: () => "?",
  defaultRow: "() VALUES ()",
  // In hexadecimal it is a backslash whatever `sql_mode` says of backslashes in texts.
  likeEscape: "x'5C'",
  order: (name, direction) =>
    direction === "desc" ? `${name} IS NULL DESC, ${name} DESC` : `${name} IS NULL, ${name}`,
  exactText: (name) => `CAST(${name} AS CHAR)`,
  // ENUM and SET are ordered by their places and compared by their texts; the others have no text that means the same.
  canPageBy: (type) => !/^(enum|set|bit|float|binary|varbinary|blob|geometry)\b/.test(type),
  // It counts what it updates twice, and what it leaves like what it inserts.
  countsUpserts: false,
  onConflict: (conflict, update) => {
    // Both systems know VALUES(), although one of them has a newer word for it.
    const sets = update.map((name) => `${name} = VALUES(${name})`);
    // A row may also have been found by another key, and is somebody else's then: the subquery has a row too many.
    const isSame = conflict.map((name) => `${name} <=> VALUES(${name})`).join(" AND ");
    const guarded = `${conflict[0]} = IF(${isSame}, ${conflict[0]}, (SELECT 1 UNION ALL SELECT 2))`;
    return ` ON DUPLICATE KEY UPDATE ${[guarded, ...sets].join(", ")}`;
  },
  isUnplanned: (error) => hasNumber(error, 1792),
  planOf: ([row]) => planOf(row?.["EXPLAIN"] ?? row?.["ANALYZE"]),
  describe,
  privileges,
  begin: ({ isolation, readOnly = false }) => [
    ...(isolation === undefined ? [] : [`SET TRANSACTION ISOLATION LEVEL ${isolation.toUpperCase()}`]),
    `START TRANSACTION${readOnly ? " READ ONLY" : ""}`,
  ],
  // Locks taken by `GET_LOCK` outlive the transaction.
  endReadOnly: ["ROLLBACK", "DO RELEASE_ALL_LOCKS()"],
  ledger,
} satisfies Omit<Dialect, "returning" | "explain" | "lexicon">;

/** MySQL measures in a text of its own, everything else is JSON. */
function planOf(text: unknown): unknown {
  try {
    return typeof text === "string" ? JSON.parse(text) : text;
  } catch {
    return text;
  }
}

/**
 * Whether a text is one of busbar's own, which say nothing of a user's: it goes by the simple protocol, as servers prepare
 * not all of them.
 */
export function isOwn(sql: string): boolean {
  return OWN.test(sql);
}

const OWN =
  /^(SET TRANSACTION ISOLATION LEVEL [A-Z ]+|START TRANSACTION( READ ONLY)?|COMMIT|ROLLBACK|(RELEASE |ROLLBACK TO )?SAVEPOINT `busbar_\d+`|SET SESSION sql_notes = [01]|SHOW WARNINGS LIMIT 1|DO 0|DO RELEASE_ALL_LOCKS\(\))$/;
