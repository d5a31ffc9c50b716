/**
 * The ways in which the callers of `exactly-once` write, and how the database shows what was carried out.
 *
 * No table has a constraint that would keep a second row out: what is written twice is there twice.
 */
import type { PostgreSQLConnector, SqlTransaction } from "busbar/connectors/postgresql";

/** What a caller was answered. */
export interface Receipt {
  /** The number that the database gave the row. */
  readonly seq?: unknown;
}

/** One way to write, with tables of its own. */
export interface WayToWrite {
  /** Whether the caller calls again, with the same key, until the write is acknowledged. */
  readonly isInsisting: boolean;
  /** Makes the tables for those ids. `$1` is the list of ids. */
  readonly setUp: readonly string[];
  /** Answers with `id` and `count`: how often that write was carried out; negative where it was in part. */
  readonly effects: string;
  /** Writes once. */
  write(this: void, db: PostgreSQLConnector, id: string): Promise<Receipt>;
}

const ORDERS =
  "create table orders (id text not null, line int not null default 1, seq bigint generated always as identity)";
const COUNT_ORDERS = "select id, count(*)::int as count from orders group by id";

/** Both lines of an order or none. */
const COUNT_PAIRS = `select id, case when count(*) filter (where line = 1) = count(*) filter (where line = 2)
  then count(*) filter (where line = 1) else -1 end::int as count from orders group by id`;

async function insert(db: PostgreSQLConnector, id: string, idempotencyKey?: string): Promise<Receipt> {
  const { seq } = await db.insert({ table: "orders", data: { id } }, { idempotencyKey });
  return { seq };
}

async function insertPair(transaction: SqlTransaction, id: string): Promise<Receipt> {
  const { seq } = await transaction.insert({ table: "orders", data: { id, line: 1 } });
  await transaction.insert({ table: "orders", data: { id, line: 2 } });
  return { seq };
}

export const WAYS = {
  keyed: {
    isInsisting: true,
    setUp: [ORDERS],
    effects: COUNT_ORDERS,
    write: (db, id) => insert(db, id, id),
  },
  "keyed transactions": {
    isInsisting: true,
    setUp: [ORDERS],
    effects: COUNT_PAIRS,
    write: (db, id) => db.transaction((transaction) => insertPair(transaction, id), { idempotencyKey: id }),
  },
  // What a single call with a key is said to have come to must be true as well.
  "keyed, called once": {
    isInsisting: false,
    setUp: [ORDERS],
    effects: COUNT_ORDERS,
    write: (db, id) => insert(db, id, id),
  },
  "without keys": {
    isInsisting: false,
    setUp: [ORDERS],
    effects: COUNT_ORDERS,
    write: (db, id) => insert(db, id),
  },
  // Raw text: only the database can tell that it writes, and a repeat is allowed only if the database refuses writes.
  "by query": {
    isInsisting: false,
    setUp: [
      "create table counters (id text primary key, value int not null default 0)",
      "insert into counters (id) select unnest($1::text[])",
    ],
    effects: "select id, value as count from counters where value <> 0",
    async write(db, id) {
      await db.query({ sql: "update counters set value = value + 1 where id = $1", values: [id] });
      return {};
    },
  },
  // A function is run again where its connection broke before COMMIT.
  transactions: {
    isInsisting: false,
    setUp: [ORDERS],
    effects: COUNT_PAIRS,
    write: (db, id) => db.transaction((transaction) => insertPair(transaction, id)),
  },
} satisfies Readonly<Record<string, WayToWrite>>;
