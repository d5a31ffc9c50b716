/**
 * What every SQL connector can do: the operations, with the same names, inputs and answers everywhere.
 *
 * Values are always parameters. Rows go in and come out as plain objects; their schemas only check that, because copying
 * every row to check it again would cost more than sending it, and because a copy would drop a column named `__proto__`.
 */
import { z } from "zod";
import { read, stream, write, type Effect, type EffectContext } from "../../core/operation.ts";
import {
  all,
  bounds,
  changed,
  columns,
  count,
  list,
  map,
  name,
  order,
  returning,
  row,
  rows,
  rowSource,
  sql,
  statement,
  table,
  values,
  where,
  isolation,
} from "./fields.ts";
import { privileges } from "./privileges.ts";

export { isolation, MOST_PARAMETERS, type Isolation, type Row } from "./fields.ts";

const bounded = statement.extend(bounds);

const described = z.object({
  schema: z.string(),
  name: z.string(),
  kind: z.enum(["table", "view", "materialized view", "foreign table"]),
  columns: z.array(
    z.object({
      name: z.string(),
      type: z.string().meta({ description: "In the database's words." }),
      nullable: z.boolean(),
      default: z.string().nullable().meta({ description: "An expression, or what generates the value." }),
    }),
  ),
  primaryKey: z.array(z.string()).meta({ description: "Its columns in order; empty where there is none." }),
  foreignKeys: z.array(z.object({ name: z.string(), columns: z.array(z.string()), references: z.string() })),
  indexes: z.array(z.object({ name: z.string(), unique: z.boolean(), definition: z.string() })),
});

/** One table as `describe` tells it. */
export type DescribedTable = z.output<typeof described>;

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
  query: write("Runs one statement and answers with its rows.", bounded, rows, {
    // Only the database can tell whether a text writes.
    effect: "unknown",
    examples: [
      { title: "Reads with parameters", input: { sql: "select id, name from users where id = $1", values: [1] } },
      { title: "By name", input: { sql: "select id, name from users where id = :id", values: { id: 1 } } },
    ],
  }),

  execute: write("Runs one statement that changes something, and counts the rows.", bounded, changed, {
    ...keyed,
    examples: [
      { title: "Archives a year", input: { sql: "delete from visits where year = :year", values: { year: 2020 } } },
    ],
  }),

  select: read(
    "Reads rows of a table, all or page by page.",
    z.strictObject({
      table,
      columns: columns.optional().meta({ description: "Columns of the answer. Default: all." }),
      where: where.optional(),
      orderBy: order.optional(),
      limit: z.int().min(1).max(100_000).optional().meta({ description: "Most rows. Default: all." }),
      after: z.string().min(1).optional().meta({
        description: "The `next` of the page before, with the same `table`, `where` and `orderBy`. Takes a `limit`.",
      }),
      ...bounds,
    }),
    z.object({
      rows,
      next: z.string().optional().meta({
        description: "Where there are more rows, and `orderBy` and `limit` are given: the `after` of the next page.",
      }),
    }),
    {
      examples: [
        {
          title: "The first page",
          input: { table: "users", where: { age: { gte: 18 } }, orderBy: ["name", "id"], limit: 100 },
        },
      ],
    },
  ),

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
      rows: rowSource,
    }),
    z.object({ count: z.int().meta({ description: "Rows that were inserted." }) }),
    {
      ...keyed,
      examples: [{ title: "Inserts two users", input: { table: "users", rows: [{ name: "Ada" }, { name: "Grace" }] } }],
    },
  ),

  upsert: write(
    "Inserts rows, and where one is there already, updates it; all or none.",
    z.strictObject({
      table,
      rows: rows.min(1).meta({ description: "The rows; all with the same columns." }),
      conflict: columns.meta({ description: "Columns of the unique key by which a row is found to be there." }),
      update: z.array(name).optional().meta({
        description: "Columns that are set where it is; an empty list leaves it. Default: all but those of `conflict`.",
      }),
      returning,
      ...bounds,
    }),
    changed,
    {
      ...keyed,
      examples: [
        {
          title: "Sets the price of an article, new or not",
          input: { table: "prices", rows: [{ article: "a-1", price: "9.50" }], conflict: ["article"] },
        },
      ],
    },
  ),

  // Not `idempotent`, although setting plain values twice leaves them the same: between two tries somebody else may have
  // changed the row, and a trigger fires again. A caller who knows better says so with `{ effect: "idempotent" }`.
  update: write(
    "Sets columns of the rows that match.",
    z.strictObject({ table, data: map("New values by column."), where: where.optional(), returning, all, ...bounds }),
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
    z.strictObject({ table, where: where.optional(), returning, all, ...bounds }),
    changed,
    { ...keyed, examples: [{ title: "Deletes a user", input: { table: "users", where: { id: 1 } } }] },
  ),

  batch: write(
    "Runs one statement once for each list of values, all or none.",
    z.strictObject({
      sql,
      values: z.array(z.union([list, map("Values by name.")])).meta({ description: "One list or map for each time." }),
    }),
    z.object({
      count: count.meta({ description: "Rows that were changed in all." }),
      counts: z.array(count).meta({ description: "Rows that each time changed, in order." }),
    }),
    {
      ...keyed,
      examples: [
        {
          title: "Changes two prices",
          input: {
            sql: "update prices set price = :price where article = :article",
            values: [
              { article: "a-1", price: "9.50" },
              { article: "a-2", price: "8.00" },
            ],
          },
        },
      ],
    },
  ),

  explain: read(
    "Tells how the database would carry out a statement.",
    statement.extend({
      analyze: z.boolean().default(false).meta({
        description: "Carries it out as well, to measure it; the database refuses any write.",
      }),
    }),
    z.object({ plan: z.unknown().meta({ description: "The plan, as the database tells it." }) }),
    { examples: [{ title: "Plans a read", input: { sql: "select * from users where name = $1", values: ["Ada"] } }] },
  ),

  describe: read(
    "Tells tables with their columns, keys and indexes.",
    z.strictObject({
      table: table.optional().meta({ description: "Only this one, found as in any statement. Default: all tables." }),
      schema: name.optional().meta({ description: "Only those of this schema." }),
    }),
    z.object({ tables: z.array(described) }),
    { examples: [{ title: "Columns and keys of a table", input: { table: "users" } }] },
  ),

  privileges: read("Tells what the role of the connection may do, and warns.", z.strictObject({}), privileges, {
    examples: [{ title: "What this role may do", input: {} }],
  }),

  transaction: write(
    "Runs statements in order in one transaction, all or none.",
    z.strictObject({
      statements: z.array(bounded).min(1).meta({ description: "The statements, in order." }),
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
