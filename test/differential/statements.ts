/** Statements that every system reads alike, with their values by name. */
import { oneOf, type Random } from "../chaos/random.ts";
import { idOf, isLikely, listOf, valueOf, valueOrNull } from "./values.ts";

type Values = Readonly<Record<string, unknown>>;

export interface Statement {
  readonly sql: string;
  readonly values: Values;
}

interface Sort {
  readonly sql: string;
  values(this: void, random: Random): Values;
}

const qty = (random: Random): unknown => valueOf(random, "qty");

/** All with an order that tells the rows apart. */
const READS: readonly Sort[] = [
  {
    sql: "select id, label from item where qty >= :low and qty < :high order by id",
    values: (random) => ({ low: qty(random), high: qty(random) }),
  },
  {
    sql: "select i.id, l.right_id, l.weight from item i join link l on l.left_id = i.id where l.weight > :w order by i.id, l.right_id",
    values: (random) => ({ w: idOf(random) }),
  },
  {
    sql: "select ':no' as a, id, 'it''s :no' as b /* :no */ from item where label = :label order by id -- :no",
    values: (random) => ({ label: valueOf(random, "label") }),
  },
  {
    sql: "select id from item where label = :text or note = :text order by id",
    values: (random) => ({ text: valueOf(random, isLikely(random, 0.5) ? "label" : "note") }),
  },
  {
    sql: "select id from item where id in (select left_id from link where weight between :low and :high) order by id",
    values: (random) => ({ low: idOf(random), high: idOf(random) }),
  },
  {
    sql: "select id, case when qty > :q then 'more' else 'not more' end as side from item order by id",
    values: (random) => ({ q: qty(random) }),
  },
  {
    sql: "select max(qty) as most, min(label) as first from item where id < :id",
    values: (random) => ({ id: idOf(random) }),
  },
  { sql: "select distinct qty from item where qty is not null order by qty", values: () => ({}) },
];

const WRITES: readonly Sort[] = [
  {
    sql: "update item set qty = qty + :by where qty > :above and qty < :below",
    values: (random) => ({ by: idOf(random), above: -idOf(random), below: idOf(random) }),
  },
  { sql: "delete from link where weight = :w", values: (random) => ({ w: idOf(random) }) },
  {
    sql: "insert into item (id, label, qty) select id + 100, null, qty from item where id < :n",
    values: (random) => ({ n: idOf(random) }),
  },
  { sql: "update item set note = label, label = null where id = :id", values: (random) => ({ id: idOf(random) }) },
];

/** For `batch`: carried out for each of several maps. */
const REPEATED: readonly Sort[] = [
  {
    sql: "update item set qty = :qty, note = :note where id = :id",
    values: (random) => ({ id: idOf(random), qty: valueOrNull(random, "qty"), note: valueOrNull(random, "note") }),
  },
  {
    sql: "insert into link (left_id, right_id, weight) values (:left, :right, :w)",
    values: (random) => ({ left: idOf(random), right: idOf(random), w: idOf(random) }),
  },
  { sql: "delete from item where label = :label", values: (random) => ({ label: valueOf(random, "label") }) },
];

const made = (random: Random, { sql, values }: Sort): Statement => ({ sql, values: values(random) });

export const readOf = (random: Random): Statement => made(random, oneOf(random, READS));

export const writeOf = (random: Random): Statement => made(random, oneOf(random, WRITES));

export function batchOf(random: Random): { readonly sql: string; readonly values: readonly Values[] } {
  const sort = oneOf(random, REPEATED);
  return { sql: sort.sql, values: listOf(1 + Math.floor(random() * 5), () => sort.values(random)) };
}
