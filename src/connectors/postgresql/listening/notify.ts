/** Notifications to others (PostgreSQL manual, "NOTIFY"). */
import type { Call } from "../../../core/call.ts";
import { ConnectorError } from "../../../core/errors.ts";
import type { SqlConnection } from "../../../contracts/sql/connection.ts";
import type { SqlSession } from "../../../contracts/sql/session.ts";

export interface NotifySettings {
  readonly sql: Pick<SqlSession<SqlConnection>, "one">;
  readonly access: "read-write" | "read-only";
}

/** Sends one; refused where only reading is allowed, because what is rolled back tells nobody. */
export async function notify(
  { channel, payload }: { readonly channel: string; readonly payload: string },
  call: Call,
  { sql, access }: NotifySettings,
): Promise<null> {
  if (access === "read-only")
    throw new ConnectorError("permission_denied", "Notifications are not sent here", {
      outcome: "none",
      hint: "Only reading is allowed here (`access: read-only`).",
    });
  await sql.one({ sql: "SELECT pg_notify($1, $2)", values: [channel, payload] }, call, { readOnly: false });
  return null;
}
