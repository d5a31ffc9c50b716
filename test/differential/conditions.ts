/** Random conditions on `item`, from the whole grammar of `where`. */
import { oneOf, type Random } from "../chaos/random.ts";
import {
  idOf,
  isLikely,
  ITEM_COLUMNS,
  type ItemColumn,
  listOf,
  patternOf,
  pieceOf,
  someOf,
  valueOf,
  valueOrNull,
} from "./values.ts";

type Where = Readonly<Record<string, unknown>>;

const COMPARISONS = ["gt", "gte", "lt", "lte"] as const;
/** Compared as texts in some systems, so only ever asked for the same. */
const UNORDERED: readonly ItemColumn[] = ["price"];

/** Never empty; at most `depth` levels of `or`, `and`, `not`. */
export function conditionOf(random: Random, depth = 3): Where {
  if (depth > 0 && isLikely(random, 0.35))
    return { ...grouped(random, depth), ...(isLikely(random, 0.3) ? simple(random) : {}) };
  return Object.assign({}, ...listOf(isLikely(random, 0.3) ? 2 : 1, () => simple(random))) as Where;
}

function grouped(random: Random, depth: number): Where {
  const inner = (): Where => conditionOf(random, depth - 1);
  const some = (): Where[] => listOf(1 + Math.floor(random() * 3), inner);
  const kind = oneOf(random, ["or", "and", "not"] as const);
  return { [kind]: kind === "not" ? inner() : some() };
}

function simple(random: Random): Where {
  if (isLikely(random, 0.25)) return { id: isLikely(random, 0.5) ? idOf(random) : ids(random) };
  const column = oneOf(random, ITEM_COLUMNS);
  return { [column]: test(random, column) };
}

const ids = (random: Random): unknown =>
  isLikely(random, 0.5)
    ? listOf(1 + Math.floor(random() * 4), () => idOf(random))
    : { gte: idOf(random), lte: idOf(random) };

function test(random: Random, column: ItemColumn): unknown {
  const several = (): unknown[] => listOf(1 + Math.floor(random() * 3), () => valueOrNull(random, column));
  const ways: (() => unknown)[] = [
    () => valueOrNull(random, column),
    several,
    () => ({ ne: valueOrNull(random, column) }),
    () => ({ in: several() }),
    () => ({ notIn: several() }),
    () => ({ eq: valueOrNull(random, column) }),
  ];
  if (!UNORDERED.includes(column))
    ways.push(() => Object.fromEntries(someOf(random, COMPARISONS).map((each) => [each, valueOf(random, column)])));
  if (column === "label")
    ways.push(
      () => ({ like: patternOf(random) }),
      () => ({ notLike: patternOf(random) }),
      () =>
        Object.fromEntries(
          someOf(random, ["contains", "startsWith", "endsWith"]).map((each) => [each, pieceOf(random)]),
        ),
    );
  return oneOf(random, ways)();
}
