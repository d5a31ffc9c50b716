/** Where PostgreSQL servers are and who asks, as a user writes it. */
import { z } from "zod";
import { addressFields, addressOf } from "../../../contracts/sql/address.ts";
import type { Place } from "./suitable.ts";

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
