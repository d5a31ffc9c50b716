/** What a user says about a PostgreSQL server. */
import { z } from "zod";
import { checkPoolSize, duration, pool } from "../../config/fields.ts";
import { sqlComments } from "../../contracts/sql/comments.ts";
import { ledgerOptions } from "../../contracts/sql/ledger-options.ts";

export { connection } from "./connecting/fields.ts";

export const options = z
  .strictObject({
    ...pool,
    applicationName: z.string().min(1).max(63).optional().meta({
      description: "Name of the connections in the server's `pg_stat_activity` and logs.",
      default: "busbar",
    }),
    connectionTimeout: pool.connectionTimeout.unwrap().optional().meta({
      description: 'How long making one connection may take. Milliseconds, or text like "30s".',
      default: 5_000,
    }),
    statementTimeout: duration(
      "Most time of one statement on the server, which then ends it by itself; 0 leaves it to the server's configuration.",
    ).default(0),
    prepare: z.boolean().default(true).meta({
      description:
        "Prepares statements that come more than once, so that the server plans them once. Say false behind a pooler that gives each transaction another server and does not know of prepared statements.",
    }),
    wire: z.boolean().default(true).meta({
      description:
        "Reads what the server sends, pipelines calls and loads rows without the driver, which is several times as fast. Say false to leave all that to the driver, should they ever disagree.",
    }),
    access: z.enum(["read-write", "read-only"]).default("read-write").meta({
      description: "`read-only` lets the database refuse every write, whatever a statement says.",
    }),
    targetSessionAttrs: z
      .enum(["any", "read-write", "read-only", "primary", "standby", "prefer-standby"])
      .optional()
      .meta({
        description:
          "What a server must be to be used, as libpq says it. Default: `any`, and `read-write` where there are `standbys` and the connector may write.",
      }),
    sqlComments,
    idempotency: ledgerOptions,
  })
  .superRefine(checkPoolSize);

export type Options = z.output<typeof options>;
