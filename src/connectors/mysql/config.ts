/** What a user says about a MySQL or MariaDB server. */
import { z } from "zod";
import { checkPoolSize, duration, pool } from "../../config/fields.ts";
import { addressFields } from "../../contracts/sql/address.ts";
import { sqlComments } from "../../contracts/sql/comments.ts";
import { ledgerOptions } from "../../contracts/sql/ledger-options.ts";

export const SYSTEM = { port: 3306, schemes: ["mysql", "mariadb"] } as const;

export const connection = addressFields(SYSTEM).meta({
  examples: [{ host: "localhost", database: "app", username: "app", password: "…" }],
});

export const options = z
  .strictObject({
    ...pool,
    sqlMode: z
      .string()
      .regex(/^[A-Z_]*(,[A-Z_]+)*$/, { error: "expected names of modes with commas between them" })
      .default("STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION")
      .meta({ description: "The server's `sql_mode` for every connection, whatever its own configuration says." }),
    statementTimeout: duration(
      "Most time of one statement on the server, which then ends it by itself (on MySQL: of a SELECT); 0 leaves it to the server's configuration.",
    ).default(0),
    loadData: z.boolean().default(true).meta({
      description:
        "Lets `insertMany` send many rows by LOAD DATA LOCAL, where the server allows it (`local_infile`); no file of this machine is ever read. `false` uses INSERT alone.",
    }),
    pipelining: z.boolean().default(true).meta({
      description:
        "Where callers wait for a connection, sends brief SELECTs of several over one, the next before the first is answered. On MariaDB only; `false` for a proxy that does not know of it.",
    }),
    access: z.enum(["read-write", "read-only"]).default("read-write").meta({
      description: "`read-only` lets the database refuse every write, whatever a statement says.",
    }),
    sqlComments,
    idempotency: ledgerOptions,
  })
  .superRefine(checkPoolSize);

export type Connection = z.output<typeof connection>;
export type Options = z.output<typeof options>;
