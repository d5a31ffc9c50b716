/** Where the connector is run for real. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SqlContext } from "../../contracts/sql/behaviour.ts";
import { checkAnswers, type Target } from "../../testkit/index.ts";
import { SQLiteConnector } from "./index.ts";

const TYPES: SqlContext["types"] = {
  id: "INTEGER PRIMARY KEY",
  text: "TEXT",
  int32: "INTEGER",
  int64: "BIGINT",
  // The type DECIMAL would make a REAL of them.
  decimal: "TEXT",
  float64: "REAL",
  boolean: "BOOLEAN",
  bytes: "BLOB",
  json: "JSON",
  uuid: "UUID",
  instant: "TIMESTAMPTZ",
  date: "DATE",
  time: "TIME",
  timestamp: "TIMESTAMP",
  fineTimestamp: "TIMESTAMP",
  fineDecimal: "TEXT",
};

const LACKS = { "measured plans": "SQLite has no EXPLAIN that runs the statement." };

function target(mode: "worker" | "direct"): Target<SqlContext> {
  return {
    name: mode,
    lacks: LACKS,
    async start() {
      const folder = await mkdtemp(join(tmpdir(), "busbar-sqlite-"));
      const connector = checkAnswers(new SQLiteConnector({ file: join(folder, "test.db"), mode }));
      await connector.connect();
      let tables = 0;
      return {
        ctx: {
          connector,
          types: TYPES,
          placeholder: (n) => `?${n}`,
          unique: () => `t_${++tables}`,
          quote: (given) => `"${given.replaceAll('"', '""')}"`,
          hasZonelessTimestamps: true,
          hasLooseTypes: true,
          hasOneWriter: true,
          // libsql, which is the driver there, fetches a hundred rows at a time.
          readsAhead: Number.parseInt(process.versions.node) < 22,
        },
        async stop() {
          await connector.disconnect();
          await rm(folder, { recursive: true, force: true });
        },
      };
    },
  };
}

/** A file of its own each, with statements in another thread and in the caller's. */
export const targets: readonly Target<SqlContext>[] = [target("worker"), target("direct")];
