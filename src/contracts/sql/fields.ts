/** What the inputs and answers of the operations are made of. */
import { placeholderRules } from "../../core/placeholder-rule.ts";
import { z } from "zod";
import { isPlainObject } from "../../core/plain-object.ts";

/** One row: values by column. */
export type Row = Record<string, unknown>;

/** Most parameters of one statement; the protocol of PostgreSQL counts them in 16 bits. */
export const MOST_PARAMETERS = 65_535;

/**
 * Not a list; nor a `Map`, a date or a promise that nobody awaited, nor an instance with getters alone: their columns would
 * silently be none.
 */
const isMap = (value: unknown): boolean =>
  isPlainObject(value) ||
  (Object.prototype.toString.call(value) === "[object Object]" && Object.keys(value as object).length > 0);

/** A map from columns to values, passed on as it is. */
export function map(description: string): z.ZodType<Row, Row> {
  const schema = z.unknown().refine(isMap, { error: "expected a map", abort: true });
  // `refine` keeps the type `unknown`; the check makes it a map.
  return schema.meta({ description, type: "object" }) as unknown as z.ZodType<Row, Row>;
}

export const row = map("One row: values by column.");
export const rows = z.array(row);
/** What `insertMany` takes. */
export type Rows = readonly Row[] | Iterable<Row> | AsyncIterable<Row>;

/** A source is not read here. */
export const rowSource = z
  .unknown()
  .superRefine((value, context) => {
    const refuse = (message: string, ...path: number[]): void => context.addIssue({ code: "custom", message, path });
    if (Array.isArray(value)) {
      const wrong = value.findIndex((each) => !isMap(each));
      if (wrong !== -1) refuse("expected a map", wrong);
    } else if (!isSource(value)) refuse("expected a list of rows, or something that yields them");
  })
  .meta({
    description:
      "The rows; all with the same columns. In code also an iterable or async iterable, read once, as fast as the database takes it.",
    type: "array",
    items: { type: "object" },
    // `superRefine` keeps the type `unknown`; the check makes it this.
  }) as unknown as z.ZodType<Rows, Rows>;

function isSource(value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  const { [Symbol.asyncIterator]: async, [Symbol.iterator]: sync } = value as Partial<
    AsyncIterable<Row> & Iterable<Row>
  >;
  return typeof (async ?? sync) === "function";
}

export const count = z.int().meta({ description: "Rows that were changed." });

export const sql = z
  .string()
  .min(1)
  .refine((text) => !text.includes("\0"), { error: "must not contain the character NUL" })
  .meta({
    description: "One statement, with placeholders in the system's own style ($1, $2, … on PostgreSQL) or as `:name`.",
  })
  .register(placeholderRules, { rule: "none" });
export const list = z.array(z.unknown()).max(MOST_PARAMETERS);
export const values = z
  .union([list, map("Values by name.")])
  .default([])
  .meta({ description: "Values of the placeholders: a list in their order, or a map where they have names." });
export const statement = z.strictObject({ sql, values });

export const name = z.string().min(1);
export const table = z
  .union([name, z.array(name).min(1).max(3)], { error: "expected a name or a list of one to three names" })
  .meta({
    description: "The table: `users`, `sales.users`, or `[sales, users]` where a name itself holds a dot.",
  });
export const where = map(
  'Conditions by column, all of which must hold: a value means equal, null means IS NULL, a list means any of these, and a map has operators: `{ age: { gte: 18 }, name: { like: "A%" } }` (eq, ne, gt, gte, lt, lte, in, notIn, like, notLike, startsWith, endsWith, contains). `or` and `and` take lists of conditions, `not` takes one; there, a pair `[column, condition]` names any column.',
);
export const all = z
  .boolean()
  .default(false)
  .meta({ description: "Without it, a call with an empty `where` is refused, because it would change every row." });
export const columns = z.array(name).min(1);
export const returning = z
  .union([z.boolean(), columns], { error: "expected true, false or a list of columns" })
  .default(false)
  .meta({ description: "Whether to answer with the rows too: all columns, or those listed." });
/** What an answer may have at most; beyond it the call is refused while rows arrive, and the statement ended. */
export const bounds = {
  maxRows: z.int().min(1).optional().meta({ description: "Refuses an answer of more rows. Default: no limit." }),
  maxBytes: z
    .int()
    .min(1)
    .default(2 ** 28)
    .meta({ description: "Refuses an answer of more bytes, as the database sends them; 256 MiB unless said." }),
};

/** Isolation levels of the SQL standard. */
export const isolation = z.enum(["read uncommitted", "read committed", "repeatable read", "serializable"]);

/** Isolation level of a transaction. */
export type Isolation = z.output<typeof isolation>;

export const order = z
  .array(
    z.union(
      [
        name,
        z.strictObject({
          column: name.meta({ description: "Name of the column." }),
          direction: z.enum(["asc", "desc"]).default("asc").meta({ description: "Ascending or descending." }),
        }),
      ],
      {
        error: "expected a column or { column, direction }",
      },
    ),
  )
  .min(1)
  .meta({ description: "Columns to sort by: `name`, or `{ column: name, direction: desc }`." });

export const changed = z.object({
  count,
  rows: rows.optional().meta({ description: "The changed rows, where `returning` asks for them." }),
});
