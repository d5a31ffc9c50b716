/** PostgreSQL's way to write a statement. */
import { standardQuote, type Dialect } from "../../contracts/sql/dialect.ts";

export const dialect: Dialect = {
  quote: standardQuote(63),
  placeholder: (n) => `$${n}`,
  hasReturning: true,
  begin: ({ isolation, readOnly = false }) =>
    `BEGIN${isolation === undefined ? "" : ` ISOLATION LEVEL ${isolation.toUpperCase()}`}${readOnly ? " READ ONLY" : ""}`,
  // Locks taken by `pg_advisory_lock` outlive the transaction.
  endReadOnly: ["ROLLBACK", "SELECT pg_advisory_unlock_all()"],
};
