/** Where PostgreSQL servers are and who asks, as a user writes it. */
import { z } from "zod";
import { fromEnvironment, secret } from "../../../config/fields.ts";
import { addressParts } from "../../../contracts/sql/address.ts";
import type { Secret } from "../../../core/secret.ts";
import { addressOf, PORT } from "./address.ts";
import { readEnvironment } from "./libpq/environment.ts";
import type { Said } from "./libpq/keywords.ts";
import { readUrl } from "./libpq/url.ts";
import type { Place } from "./suitable.ts";

const PLACE = /^(\[[^\]]+\]|[^:,\s]+)(?::(\d{1,5}))?$/;

const standby = z.string().transform((text, context): Place => {
  const match = PLACE.exec(text);
  const port = Number(match?.[2] ?? PORT);
  if (match !== null && port >= 1 && port <= 65_535) return { host: match[1]!.replace(/^\[|\]$/g, ""), port };
  context.addIssue({ code: "custom", message: "expected `host` or `host:port`" });
  return z.NEVER;
});

/** What a URL says, and the URL itself. */
type FromUrl = Said & { readonly text: Secret };

const url = secret(
  `Everything above as one URL, as libpq reads it: postgresql://user:password@host:${PORT}/database, with several hosts and parameters such as \`?sslmode=verify-full\`.`,
).transform((text, context): FromUrl => {
  const said = readUrl(text.reveal());
  if (typeof said !== "string") return { ...said, text };
  context.addIssue({ code: "custom", message: said });
  return z.NEVER;
});

export const connection = z
  .strictObject({
    ...addressParts({ port: PORT }),
    url: url.optional(),
    standbys: z.array(standby).min(1).optional().meta({
      description:
        "Further servers of the same database, as `host` or `host:port`: tried in order where the one before cannot be reached or is not what `targetSessionAttrs` asks for.",
    }),
    replicas: z.array(standby).min(1).optional().meta({
      description:
        "Servers that only copy this one, as `host` or `host:port`: what only reads, outside of transactions, goes there as long as one answers.",
    }),
    channelBinding: z.enum(["disable", "prefer", "require"]).optional().meta({
      description:
        "Binds the login to the TLS connection (SCRAM-SHA-256-PLUS), so that nobody in between can pass it on: `prefer` where the server offers it, `require` or not at all.",
      default: "prefer",
    }),
    fromEnvironment: fromEnvironment(
      "Looks into `PGHOST`, `PGPASSWORD` and the other variables of libpq, and into its password file, for what is said nowhere else.",
      readEnvironment,
    ).optional(),
  })
  .superRefine((written, context) => {
    addressOf(written, (path, message) => context.addIssue({ code: "custom", path: [path], message }));
  })
  .meta({
    examples: [{ host: "localhost", database: "app", username: "app", password: "…" }],
  });
