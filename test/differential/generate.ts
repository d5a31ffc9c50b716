/** Random programs: mostly what somebody could mean, with mistakes among it. */
import { oneOf, type Random, seeded } from "../chaos/random.ts";
import { conditionOf } from "./conditions.ts";
import type { OperationStep, PagesStep, Program, StatementsStep, Step } from "./program.ts";
import { batchOf, readOf, writeOf } from "./statements.ts";
import { idOf, isLikely, ITEM_COLUMNS, LABELS, listOf, someOf, type Value, valueOrNull } from "./values.ts";

const FEWEST_STEPS = 10;
const MOST_STEPS = 30;
const DEEPEST = 2;

type Row = Readonly<Record<string, Value>>;
type Input = Readonly<Record<string, unknown>>;

/** The `number`th program of a seed. */
export function makeProgram(seed: number, number: number): Program {
  const random = seeded(seed, `program ${number}`);
  const length = FEWEST_STEPS + Math.floor(random() * (MOST_STEPS - FEWEST_STEPS + 1));
  const steps = [...start(random), ...listOf(length - 2, () => stepOf(random, 0))];
  return { origin: `${seed}/${number}`, steps };
}

/** Rows to work with, none of which keeps another out. */
function start(random: Random): Step[] {
  const rows = listOf(8, (at) => ({ ...item(random, at + 1), label: at % 4 === 3 ? null : LABELS[at]! }));
  const links = listOf(4, (at) => ({ ...link(random), left_id: at + 1 }));
  return [
    { do: "insertMany", with: { table: "item", rows } },
    { do: "insertMany", with: { table: "link", rows: links } },
  ];
}

function stepOf(random: Random, depth: number): Step {
  if (depth < DEEPEST && isLikely(random, depth === 0 ? 0.12 : 0.2)) return transactionOf(random, depth + 1);
  if (isLikely(random, 0.08)) return mistakeOf(random);
  const step = oneOf(random, WAYS)(random);
  if (depth === 0) return isWrite(step) && isLikely(random, 0.06) ? { ...step, isKeyed: true } : step;
  // What is left out somewhere cannot fail there, and a transaction is to end alike everywhere.
  const isFit = step.do !== "statements" && !("needs" in step);
  return isFit ? step : stepOf(random, depth);
}

function isWrite(step: Step): step is OperationStep {
  return !["select", "query", "pages", "statements", "transaction"].includes(step.do);
}

function transactionOf(random: Random, depth: number): Step {
  const steps = listOf(1 + Math.floor(random() * 5), () => stepOf(random, depth));
  return {
    do: "transaction",
    steps,
    ...(isLikely(random, 0.25) ? { throws: true } : {}),
    ...(isLikely(random, 0.2) ? { swallows: true } : {}),
  };
}

const WAYS: readonly ((random: Random) => OperationStep | PagesStep | StatementsStep)[] = [
  (random) => ({
    do: "insert",
    with: { table: "item", data: item(random, idOf(random)), ...asked(random, "returning") },
  }),
  (random) => ({ do: "insert", with: { table: "link", data: link(random) } }),
  (random) => ({ do: "insertMany", with: { table: "item", rows: items(random, 1 + Math.floor(random() * 4)) } }),
  (random) => ({
    do: "insertMany",
    with: { table: "link", rows: listOf(1 + Math.floor(random() * 3), () => link(random)) },
  }),
  upsertOf,
  upsertOf,
  updateOf,
  updateOf,
  (random) => ({ do: "delete", with: { table: "item", where: conditionOf(random), ...returning(random) } }),
  (random) => ({ do: "delete", with: { table: "link", where: { left_id: idOf(random) }, ...returning(random) } }),
  selectOf,
  selectOf,
  selectOf,
  pagesOf,
  pagesOf,
  (random) => ({ do: "query", with: { ...readOf(random) }, isOrdered: true }),
  (random) => ({ do: "execute", with: { ...writeOf(random) } }),
  (random) => ({ do: "batch", with: { ...batchOf(random) } }),
  (random) => ({ do: "statements", with: { statements: listOf(1 + Math.floor(random() * 3), () => writeOf(random)) } }),
];

function item(random: Random, id: number): Row {
  const row = { id, ...Object.fromEntries(ITEM_COLUMNS.map((column) => [column, valueOrNull(random, column)])) };
  return isLikely(random, 0.5) ? { ...row, label: null } : row;
}

/** Ids are drawn with replacement, so that some are there twice. */
function items(random: Random, count: number): Row[] {
  const first = idOf(random);
  return listOf(count, (at) => item(random, isLikely(random, 0.9) ? first + at : idOf(random)));
}

function link(random: Random): Row {
  return { left_id: idOf(random), right_id: idOf(random), weight: idOf(random) };
}

function upsertOf(random: Random): OperationStep {
  const isLink = isLikely(random, 0.3);
  const first = idOf(random);
  const count = 1 + Math.floor(random() * 3);
  const rows = isLink
    ? listOf(count, (at) => ({ ...link(random), right_id: first + at }))
    : listOf(count, (at) => ({ ...item(random, first + at) }));
  const conflict = isLink ? ["left_id", "right_id"] : ["id"];
  const own = isLink ? ["weight"] : ITEM_COLUMNS;
  const update = isLikely(random, 0.2) ? { update: [] } : isLikely(random, 0.3) ? { update: someOf(random, own) } : {};
  return { do: "upsert", with: { table: isLink ? "link" : "item", rows, conflict, ...update } };
}

function updateOf(random: Random): OperationStep {
  const data = Object.fromEntries(someOf(random, ITEM_COLUMNS).map((column) => [column, valueOrNull(random, column)]));
  const where = isLikely(random, 0.1) ? { all: true } : { where: conditionOf(random) };
  return { do: "update", with: { table: "item", data, ...where, ...returning(random) } };
}

const returning = (random: Random): Input =>
  isLikely(random, 0.4) ? { returning: isLikely(random, 0.5) ? true : ["id", "label"] } : {};

const asked = (random: Random, name: "columns" | "returning"): Input =>
  isLikely(random, 0.4) ? { [name]: someOf(random, ["id", ...ITEM_COLUMNS]) } : {};

function orderOf(random: Random, columns: readonly string[]): unknown[] {
  return columns.map((column) =>
    isLikely(random, 0.5) ? column : { column, direction: isLikely(random, 0.7) ? "desc" : "asc" },
  );
}

/** What `price` is ordered by differs where decimals are texts. */
const needsOf = (columns: readonly string[]): Pick<OperationStep, "needs"> =>
  columns.includes("price") ? { needs: "order of decimals" } : {};

function sortedBy(random: Random): string[] {
  const some = isLikely(random, 0.7) ? someOf(random, ITEM_COLUMNS).slice(0, 2) : [];
  return isLikely(random, 0.5) ? some.reverse() : some;
}

function selectOf(random: Random): OperationStep {
  const where = isLikely(random, 0.8) ? { where: conditionOf(random) } : {};
  if (isLikely(random, 0.3)) return { do: "select", with: { table: "item", ...where, ...asked(random, "columns") } };
  const by = [...sortedBy(random), "id"];
  const limit = isLikely(random, 0.4) ? { limit: idOf(random) } : {};
  const input = { table: "item", ...where, ...asked(random, "columns"), orderBy: orderOf(random, by), ...limit };
  return { do: "select", with: input, isOrdered: true, ...needsOf(by) };
}

/** Now and then by an order that does not tell rows apart, which is refused where that matters. */
function pagesOf(random: Random): PagesStep {
  if (isLikely(random, 0.2)) {
    const orderBy = orderOf(
      random,
      isLikely(random, 0.5) ? ["weight", "left_id", "right_id"] : ["left_id", "right_id"],
    );
    return { do: "pages", with: { table: "link", orderBy, limit: 1 + Math.floor(random() * 3) } };
  }
  const some = sortedBy(random);
  const by = some.length === 0 || isLikely(random, 0.85) ? [...some, "id"] : some;
  const where = isLikely(random, 0.5) ? { where: conditionOf(random, 1) } : {};
  const input = { table: "item", ...where, orderBy: orderOf(random, by), limit: 1 + Math.floor(random() * 4) };
  return { do: "pages", with: input, ...needsOf(by) };
}

/** Refused, each by one kind of error. */
function mistakeOf(random: Random): Step {
  const id = idOf(random);
  const mistakes: readonly Step[] = [
    { do: "insert", with: { table: "link", data: { left_id: id, right_id: id, weight: null } } },
    { do: "insert", with: { table: "link", data: { left_id: id, right_id: id, weight: -1 } } },
    { do: "insert", with: { table: "link", data: { left_id: 999, right_id: id, weight: 1 } } },
    { do: "insert", with: { table: "item", data: { id, nope: 1 } } },
    { do: "insert", with: { table: "nope", data: { id } } },
    { do: "insertMany", with: { table: "item", rows: [{ id: 50 }, { id: 50 }] } },
    { do: "insertMany", with: { table: "item", rows: [{ id: 50 }, { id: 51, qty: 1 }] } },
    { do: "upsert", with: { table: "item", rows: [{ id }], conflict: ["qty"] } },
    { do: "update", with: { table: "item", data: { qty: 1 } } },
    { do: "update", with: { table: "item", data: { qty: 1 }, where: { label: { contains: "" } } } },
    { do: "update", with: { table: "item", data: { nope: 1 }, where: { id } } },
    { do: "delete", with: { table: "item", where: {} } },
    { do: "delete", with: { table: "item", where: { not: { id: [] } } } },
    { do: "delete", with: { table: "item", where: { "id = id or id": 1 } } },
    { do: "select", with: { table: "item", where: { qty: { over: 1 } } } },
    { do: "select", with: { table: "item", orderBy: ["id"], limit: 1, after: "bm9uZQ" } },
    { do: "query", with: { sql: "select id from item where id = :id", values: {} } },
    { do: "query", with: { sql: "select id from item where id = :id", values: { id, other: 1 } } },
    { do: "query", with: { sql: "selekt id from item", values: {} } },
    { do: "query", with: { sql: "select id from item; delete from item", values: {} } },
    { do: "execute", with: { sql: "delete from nope where id = :id", values: { id } } },
    { do: "batch", with: { sql: "insert into item (id) values (:id)", values: [{ id: 60 }, { id: 60 }] } },
  ];
  return oneOf(random, mistakes);
}
