/**
 * What programs write into columns and look for.
 *
 * No two texts of `label` differ in nothing but upper and lower case, and no letter stands there in both: whether LIKE
 * tells them apart is the collation's business, as the contract says. `note` has both, and is never asked with LIKE.
 */
import { oneOf, type Random } from "../chaos/random.ts";

export type Value = string | number | null;

/** Unique in the table. */
export const LABELS: readonly string[] = [
  "a",
  "ab",
  "abc",
  "b%",
  "b_c",
  "c\\",
  "d'e",
  'e"; --',
  "f:ü",
  "😀g",
  " h",
  "i ",
  "i",
  "",
  ":x",
  "?",
  "$1",
];
const NOTES = ["A", "a", "Aa", "aA", "ß", "ss", "Z", "é", "e\u0301", "\t", "null", "0"];
const QUANTITIES = [-5, -1, 0, 1, 2, 3, 5, 8, 13, 20, 2_147_483_647, -2_147_483_648];
const BIG = ["0", "-1", "42", "9007199254740993", "9223372036854775807", "-9223372036854775808"];
const PRICES = ["0.0000", "12.5000", "-3.1000", "0.0001", "1234567890123456.7890"];
const PATTERNS = ["a%", "%b%", "_", "b\\%", "%\\\\", "%", "__c", "i%", ""];
const PIECES = ["a", "b", "%", "_", "\\", "'", "😀", " ", ":", "ü"];

const LEAST_ID = 1;
const MOST_ID = 12;

export const idOf = (random: Random): number => LEAST_ID + Math.floor(random() * (MOST_ID - LEAST_ID + 1));
export const patternOf = (random: Random): string => oneOf(random, PATTERNS);
export const pieceOf = (random: Random): string => oneOf(random, PIECES);
export const isLikely = (random: Random, chance: number): boolean => random() < chance;

/** Columns of `item` that may be NULL, and what is in them. */
const SORTS = { label: LABELS, note: NOTES, qty: QUANTITIES, big: BIG, price: PRICES } as const;

export type ItemColumn = keyof typeof SORTS;
export const ITEM_COLUMNS = Object.keys(SORTS) as readonly ItemColumn[];

export function valueOf(random: Random, column: ItemColumn): string | number {
  return oneOf<string | number>(random, SORTS[column]);
}

export function valueOrNull(random: Random, column: ItemColumn): Value {
  return isLikely(random, 0.2) ? null : valueOf(random, column);
}

/** Some of a list, in its order; at least one. */
export function someOf<T>(random: Random, choices: readonly T[]): T[] {
  const some = choices.filter(() => isLikely(random, 0.5));
  return some.length > 0 ? some : [oneOf(random, choices)];
}

/** As many as asked for, made one after the other. */
export function listOf<T>(length: number, make: (at: number) => T): T[] {
  return Array.from({ length }, (_, at) => make(at));
}
