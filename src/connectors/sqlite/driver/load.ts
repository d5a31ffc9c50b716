/** Picks the driver: the one asked for, or the first of those that are there. */
import { ConnectorError } from "../../../core/errors.ts";
import { loadBetterSqlite3 } from "./better-sqlite3.ts";
import { loadLibsql } from "./libsql.ts";
import { loadNodeSqlite } from "./node.ts";
import type { Driver, DriverChoice } from "./port.ts";

/** Throws `config_invalid`, with what to install, where there is none. */
export async function loadSqlite(choice: DriverChoice): Promise<Driver> {
  if (choice === "libsql") return loadLibsql();
  if (choice === "better-sqlite3") return loadBetterSqlite3();
  const own = loadNodeSqlite();
  if (own !== undefined) return own;
  if (choice === "node") throw missing("This Node has no SQLite of its own that is new enough", undefined);
  let last: unknown;
  for (const load of [loadBetterSqlite3, loadLibsql])
    try {
      return await load();
    } catch (error) {
      last = error;
    }
  throw missing("No driver for SQLite is installed", last);
}

function missing(message: string, cause: unknown): ConnectorError {
  return new ConnectorError("config_invalid", message, {
    outcome: "none",
    hint: "npm i libsql, or use Node 22.16 or newer, which needs no driver",
    cause,
  });
}
