/**
 * What every SQL connector can do: the operations, with the same names, inputs and answers everywhere.
 *
 * Values are always parameters. Rows go in and come out as plain objects; their schemas only check that, because copying
 * every row to check it again would cost more than sending it, and because a copy would drop a column named `__proto__`.
 */
import { z } from "zod";
import { stream, write, type Effect, type EffectContext } from "../../core/operation.ts";

/** One row: values by column. */
export type Row = Record<string, unknown>;

/** Most parameters of one statement; the protocol of PostgreSQL counts them in 16 bits. */
export const MOST_PARAMETERS = 65_535;

/** Not a list; nor a `Map`, a date or a promise that nobody awaited, whose columns would silently be none. */
const isMap = (value: unknown): boolean => Object.prototype.toString.call(value) === "[object Object]";

/** A map from columns to values, passed on as it is. */
function map(description: string): z.ZodType<Row, Row> {
  const schema = z.unknown().refine(isMap, { error: "expected a map", abort: true });
  // `refine` keeps the type `unknown`; the check makes it a map.
  return schema.meta({ description, type: "object" }) as unknown as z.ZodType<Row, Row>;
}

const row = map("One row: values by column.");
const rows = z.array(row);
const count = z.int().meta({ description: "Rows that were changed." });

const sql = z
  .string()
  .min(1)
  .refine((text) => !text.includes("\0"), { error: "must not contain the character NUL" })
  .meta({
    description: "One statement, with placeholders in the system's own style ($1, $2, … on PostgreSQL) or as `:name`.",
  });
const list = z.array(z.unknown()).max(MOST_PARAMETERS);
const values = z
  .union([list, map("Values by name.")])
  .default([])
  .meta({ description: "Values of the placeholders: a list in their order, or a map where they have names." });
const statement = z.strictObject({ sql, values });

const name = z.string().min(1);
const table = z
  .union([name, z.array(name).min(1).max(3)], { error: "expected a name or a list of one to three names" })
  .meta({
    description: "The table: `users`, `sales.users`, or `[sales, users]` where a name itself holds a dot.",
  });
const where = map(
  'Conditions by column, all of which must hold: a value means equal, null means IS NULL, a list means any of these, and a map has operators: `{ age: { gte: 18 }, name: { like: "A%" } }` (eq, ne, gt, gte, lt, lte, in, notIn, like, notLike, startsWith, endsWith, contains). `or` and `and` take lists of conditions, `not` takes one.',
);
const all = z
  .boolean()
  .default(false)
  .meta({ description: "Without it, a call with an empty `where` is refused, because it would change every row." });
const columns = z.array(name).min(1);
const returning = z
  .union([z.boolean(), columns], { error: "expected true, false or a list of columns" })
  .default(false)
  .meta({ description: "Whether to answer with the rows too: all columns, or those listed." });
/** Isolation levels of the SQL standard. */
export const isolation = z.enum(["read uncommitted", "read committed", "repeatable read", "serializable"]);

/** Isolation level of a transaction. */
export type Isolation = z.output<typeof isolation>;

const changed = z.object({
  count,
  rows: rows.optional().meta({ description: "The changed rows, where `returning` asks for them." }),
});

/**
 * With a key, the effect is written together with a row of the ledger (ledger.ts), so that it is repeatable. Without one
 * nothing is added: a row of the ledger costs a round trip and storage that nobody asked for.
 */
const keyed = {
  effect: "keyed",
  effectOf: (_: unknown, { hasKey }: EffectContext): Effect => (hasKey ? "keyed" : "unsafe"),
  effectWhen: "`keyed` with an idempotency key, else `unsafe`",
} as const;

/** The operations of every SQL connector. */
export const sqlOperations = {
  query: write("Runs one statement and answers with its rows.", statement, rows, {
    // Only the database can tell whether a text writes.
    effect: "unknown",
    examples: [
      { title: "Reads with parameters", input: { sql: "select id, name from users where id = $1", values: [1] } },
      { title: "By name", input: { sql: "select id, name from users where id = :id", values: { id: 1 } } },
    ],
  }),

  insert: write(
    "Inserts one row and answers with it as it was stored, generated columns included.",
    z.strictObject({
      table,
      data: map("Values by column; columns left out get their defaults."),
      returning: columns.optional().meta({ description: "Columns of the answer. Default: all." }),
    }),
    row,
    {
      ...keyed,
      examples: [{ title: "Inserts a user", input: { table: "users", data: { name: "Ada", active: true } } }],
    },
  ),

  insertMany: write(
    "Inserts many rows, all or none.",
    z.strictObject({
      table,
      rows: rows.meta({ description: "The rows; all with the same columns." }),
    }),
    z.object({ count: z.int().meta({ description: "Rows that were inserted." }) }),
    {
      ...keyed,
      examples: [{ title: "Inserts two users", input: { table: "users", rows: [{ name: "Ada" }, { name: "Grace" }] } }],
    },
  ),

  // Not `idempotent`, although setting plain values twice leaves them the same: between two tries somebody else may have
  // changed the row, and a trigger fires again. A caller who knows better says so with `{ effect: "idempotent" }`.
  update: write(
    "Sets columns of the rows that match.",
    z.strictObject({ table, data: map("New values by column."), where: where.optional(), returning, all }),
    changed,
    {
      ...keyed,
      examples: [
        { title: "Renames a user", input: { table: "users", data: { name: "Ada" }, where: { id: 1 } } },
        {
          title: "Changes several and answers with their ids",
          input: { table: "users", data: { active: false }, where: { id: [1, 2], deleted: null }, returning: ["id"] },
        },
      ],
    },
  ),

  delete: write(
    "Deletes the rows that match.",
    z.strictObject({ table, where: where.optional(), returning, all }),
    changed,
    { ...keyed, examples: [{ title: "Deletes a user", input: { table: "users", where: { id: 1 } } }] },
  ),

  transaction: write(
    "Runs statements in order in one transaction, all or none.",
    z.strictObject({
      statements: z.array(statement).min(1).meta({ description: "The statements, in order." }),
      isolation: isolation.optional().meta({ description: "Isolation level. Default: the database's own." }),
    }),
    z
      .array(z.object({ count, rows: rows.meta({ description: "The statement's rows; empty where it has none." }) }))
      .meta({ description: "One result a statement, in order." }),
    {
      ...keyed,
      examples: [
        {
          title: "Moves an amount",
          input: {
            statements: [
              { sql: "update accounts set balance = balance - $1 where id = $2", values: [100, 1] },
              { sql: "update accounts set balance = balance + $1 where id = $2", values: [100, 2] },
            ],
            isolation: "serializable",
          },
        },
      ],
    },
  ),

  queryStream: stream(
    "Runs one statement and answers with its rows one after the other, in constant memory.",
    z.strictObject({
      sql,
      values,
      batchSize: z
        .int()
        .min(1)
        .max(100_000)
        .default(1_000)
        .meta({ description: "Rows that are fetched from the database at a time." }),
    }),
    row,
    {
      effect: "unknown",
      examples: [{ title: "Reads a whole table", input: { sql: "select * from users order by id" } }],
    },
  ),
};

/** The operations of every SQL connector. */
export type SqlOperations = typeof sqlOperations;
