/** What a user says about the ledger of idempotency keys. */
import { z } from "zod";
import { duration } from "../../config/fields.ts";

/** The table's index is called after it, and databases take names of about sixty characters. */
const LONGEST_NAME = 48;

const name = z.string().min(1);
const table = z
  .union([name, z.array(name).min(1).max(3)], { error: "expected a name or a list of one to three names" })
  .refine((given) => lastName(given).length <= LONGEST_NAME, {
    error: `has a name of more than ${LONGEST_NAME} characters`,
  });

/** `idempotency` among the options of a SQL connector. */
export const ledgerOptions = z
  .strictObject({
    table: table.default("busbar_idempotency").meta({
      description:
        "The ledger's table; made when it is first needed. Connectors that name the same table share its keys.",
    }),
    keep: duration(
      "How long a key and its answer are kept at least; a key that comes later is carried out anew. 0 keeps them.",
    ).default(7 * 24 * 3_600_000),
  })
  .prefault({})
  .meta({
    description: "The ledger in which calls with an idempotency key are written down, beside what they do.",
    examples: [{ table: "ops.busbar_idempotency", keep: "30d" }],
  });

/** The same, as parsed. */
export type LedgerOptions = z.output<typeof ledgerOptions>;

/** The table's own name, without catalog and schema. */
export function lastName(given: string | readonly string[]): string {
  return (typeof given === "string" ? given.split(".") : given).at(-1)!;
}
