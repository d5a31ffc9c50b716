/** What a user says about a SQLite database. */
import { z } from "zod";
import { checkPoolSize, duration, pool } from "../../config/fields.ts";
import { ledgerOptions } from "../../contracts/sql/ledger-options.ts";

/** The database that lives as long as its connector. */
export const MEMORY = ":memory:";

export const connection = z
  .strictObject({
    file: z
      .string()
      .min(1)
      .refine((path) => !path.includes("\0"), { error: "must not contain the character NUL" })
      .meta({ description: "Path of the database, from the folder of the process; or `:memory:`, gone at the end." }),
    create: z.boolean().default(true).meta({ description: "Whether a file that is not there is made." }),
  })
  .meta({ examples: [{ file: "busbar.db" }] });

export const options = z
  .strictObject({
    ...pool,
    driver: z.enum(["auto", "node", "better-sqlite3", "libsql"]).default("auto").meta({
      description:
        "What opens the file. `auto` takes Node's own, else better-sqlite3, else libsql, whichever is there.",
    }),
    mode: z.enum(["worker", "direct"]).default("worker").meta({
      description:
        "`worker` runs statements in a thread of their own. `direct` runs them in the caller's: a short one is answered sooner, a long one holds up everything else.",
    }),
    access: z.enum(["read-write", "read-only"]).default("read-write").meta({
      description: "`read-only` opens the file so that nothing can be written, whatever a statement says.",
    }),
    busyTimeout: duration("How long to wait for another process, or connection, that is writing.").default(5_000),
    journalMode: z.enum(["wal", "delete", "truncate", "persist"]).default("wal").meta({
      description: "`wal` lets others read while one writes. The other modes are for file systems that cannot do it.",
    }),
    synchronous: z.enum(["normal", "full", "extra", "off"]).default("normal").meta({
      description:
        "`normal` can lose the last transactions when the machine loses power, never when the process dies; `full` none.",
    }),
    backupFolder: z
      .string()
      .min(1)
      .refine((path) => !path.includes("\0"), { error: "must not contain the character NUL" })
      .optional()
      .meta({ description: "Folder that `backup` writes to. Default: the database's own." }),
    foreignKeys: z.boolean().default(true).meta({ description: "Whether foreign keys are enforced." }),
    cacheSize: z.int().min(0).default(16_384).meta({ description: "Page cache of each connection, in KiB." }),
    statementCache: z.int().min(1).max(10_000).default(200).meta({
      description: "Statements that each connection keeps prepared.",
    }),
    idempotency: ledgerOptions,
  })
  .superRefine(checkPoolSize);

export type Connection = z.output<typeof connection>;
export type Options = z.output<typeof options>;
