/** `backup` as an operation (SQLite manual, "VACUUM INTO"). */
import { z } from "zod";
import { write } from "../../../core/operation.ts";

/** No folders, nothing hidden, and nothing that SQLite would take for a file of another database's. */
const name = z
  .string()
  .max(200)
  .regex(/^[A-Za-z0-9_][A-Za-z0-9._-]*$/, "must be the name of a file: letters, digits, `.`, `-` and `_`")
  .refine((text) => !/-(wal|shm|journal)$/.test(text), { error: "must not end like a file that SQLite keeps itself" })
  .meta({ description: "Name of the new file, in the folder that `backupFolder` says." });

/** The operation beside those of the `sql` contract. */
export const backupOperations = {
  backup: write(
    "Writes a copy of the database as it is now to a new file, while others go on reading and writing.",
    z.strictObject({ name }),
    z.object({
      file: z.string().meta({ description: "The copy's path." }),
      bytes: z.int().meta({ description: "Its size." }),
    }),
    { examples: [{ title: "Before a migration", input: { name: "before-migration.db" } }] },
  ),
};
