/** What a user says about a PostgreSQL server. */
import { z } from "zod";
import { checkPoolSize, duration, pool } from "../../config/fields.ts";
import type { Place } from "./connecting/suitable.ts";
import { addressFields, addressOf } from "../../contracts/sql/address.ts";
import { ledgerOptions } from "../../contracts/sql/ledger-options.ts";

export const SYSTEM = { port: 5432, schemes: ["postgresql", "postgres"] } as const;

const PLACE = /^(\[[^\]]+\]|[^:,\s]+)(?::(\d{1,5}))?$/;

const standby = z.string().transform((text, context): Place => {
  const match = PLACE.exec(text);
  const port = Number(match?.[2] ?? SYSTEM.port);
  if (match !== null && port >= 1 && port <= 65_535) return { host: match[1]!.replace(/^\[|\]$/g, ""), port };
  context.addIssue({ code: "custom", message: "expected `host` or `host:port`" });
  return z.NEVER;
});

export const connection = addressFields(SYSTEM)
  .safeExtend({
    standbys: z.array(standby).min(1).optional().meta({
      description:
        "Further servers of the same database, as `host` or `host:port`: tried in order where the one before cannot be reached or is not what `targetSessionAttrs` asks for.",
    }),
    channelBinding: z.enum(["disable", "prefer", "require"]).optional().meta({
      description:
        "Binds the login to the TLS connection (SCRAM-SHA-256-PLUS), so that nobody in between can pass it on: `prefer` where the server offers it, `require` or not at all.",
      default: "prefer",
    }),
  })
  .superRefine(({ channelBinding, ...written }, context) => {
    const { ssl } = addressOf(written, SYSTEM);
    if (channelBinding === "require" && (ssl === false || ssl === "disable"))
      context.addIssue({ code: "custom", path: ["channelBinding"], message: "needs TLS; say `ssl: verify-full`" });
  })
  .meta({
    examples: [{ host: "localhost", database: "app", username: "app", password: "…" }],
  });

export const options = z
  .strictObject({
    ...pool,
    applicationName: z
      .string()
      .min(1)
      .max(63)
      .default("busbar")
      .meta({ description: "Name of the connections in the server's `pg_stat_activity` and logs." }),
    statementTimeout: duration(
      "Most time of one statement on the server, which then ends it by itself; 0 leaves it to the server's configuration.",
    ).default(0),
    prepare: z.boolean().default(true).meta({
      description:
        "Prepares statements that come more than once, so that the server plans them once. Say false behind a pooler that gives each transaction another server and does not know of prepared statements.",
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
    idempotency: ledgerOptions,
  })
  .superRefine(checkPoolSize);

export type Connection = z.output<typeof connection>;
export type Options = z.output<typeof options>;
