/**
 * The ways in which the callers of `exactly-once` write, and how the database shows what was carried out.
 *
 * No table has a constraint that would keep a second row out: what is written twice is there twice.
 */
import { type PostgreSQLConnector } from "busbar/connectors/postgresql";

/** One way to write, with tables of its own. */
export interface WayToWrite {
  /** Whether the caller names each write with a key, and calls again with it until the write is acknowledged. */
  readonly isKeyed: boolean;
  /** Makes the tables for those ids. `$1` is the list of ids. */
  readonly setUp: readonly string[];
  /** Answers with `id` and `count`: how often that write was carried out; negative where it was in part. */
  readonly effects: string;
  /** Writes once. */
  write(this: void, db: PostgreSQLConnector, id: string): Promise<unknown>;
}

const ORDERS =
  "create table orders (id text not null, line int not null default 1, seq bigint generated always as identity)";
const COUNT_ORDERS = "select id, count(*)::int as count from orders group by id";

export const WAYS = {
  keyed: {
    isKeyed: true,
    setUp: [ORDERS],
    effects: COUNT_ORDERS,
    write: (db, id) => db.insert({ table: "orders", data: { id } }, { idempotencyKey: id }),
  },
  "without keys": {
    isKeyed: false,
    setUp: [ORDERS],
    effects: COUNT_ORDERS,
    write: (db, id) => db.insert({ table: "orders", data: { id } }),
  },
  // Raw text: only the database can tell that it writes, and a repeat is allowed only if the database refuses writes.
  "by query": {
    isKeyed: false,
    setUp: [
      "create table counters (id text primary key, value int not null default 0)",
      "insert into counters (id) select unnest($1::text[])",
    ],
    effects: "select id, value as count from counters where value <> 0",
    write: (db, id) => db.query({ sql: "update counters set value = value + 1 where id = $1", values: [id] }),
  },
  // A function is run again where its connection broke before COMMIT.
  transactions: {
    isKeyed: false,
    setUp: [ORDERS],
    effects: `select id, case when count(*) filter (where line = 1) = count(*) filter (where line = 2)
      then count(*) filter (where line = 1) else -1 end::int as count from orders group by id`,
    write: (db, id) =>
      db.transaction(async (transaction) => {
        await transaction.insert({ table: "orders", data: { id, line: 1 } });
        await transaction.insert({ table: "orders", data: { id, line: 2 } });
      }),
  },
} satisfies Readonly<Record<string, WayToWrite>>;
