/**
 * What comes after a place in an order, as conditions that an index can begin at.
 *
 * "Further in the first column, or the same there and further in the second, …, NULL last" is one condition, and a
 * database reads the whole index for it. So it is taken apart into stretches that follow one another, each with a bound
 * on one column; mostly the first alone fills the page. Inside a stretch, rows with the bound's own value stay to be
 * passed over one by one. There are no more of them than a page has, because the cursor says in how many of its first
 * columns its page was all the same: that many are tested for equality, and the bound stands on the next. A wrong number
 * costs time, never rows.
 */
import type { StatementText } from "./statement-text.ts";

/** One column of an order; NULL comes last where ascending, first where descending. */
export interface Order {
  readonly column: string;
  readonly direction: "asc" | "desc";
}

/** A place in the order: the value of each column as exact text, and how many of the first its page had in common. */
export interface Place {
  readonly values: readonly (string | null)[];
  readonly same: number;
}

/** A part of the order; its parameters belong to the text that it is written for. */
export type Stretch = (text: StatementText) => string;

/** The stretches after a place, in order: at least one. */
export function stretchesBeyond(order: readonly Order[], { values, same }: Place): Stretch[] {
  const keys = order.map((each, at): Key => ({ ...each, value: values[at] ?? null }));
  const levels = keys.slice(0, same + 1).reverse();
  const stretches = levels.flatMap((key, above): Stretch[] => {
    const at = levels.length - 1 - above;
    const before = keys.slice(0, at);
    const rest = above === 0 ? keys.slice(at + 1) : [];
    return bounds(key, rest).map(
      (bound) => (text) => [...before.map((each) => equal(each, text)), bound(text)].join(" AND "),
    );
  });
  return stretches.length > 0 ? stretches : [() => "1 = 0"];
}

interface Key extends Order {
  readonly value: string | null;
}

/** Further than the key, and with `rest`, also what is further in those where the key is the same. */
function bounds(key: Key, rest: readonly Key[]): Stretch[] {
  const { column, direction, value } = key;
  const isNull: Stretch = ({ dialect }) => `${dialect.quote(column)} IS NULL`;
  const isNotNull: Stretch = ({ dialect }) => `${dialect.quote(column)} IS NOT NULL`;
  if (value === null) {
    const sameKey: Stretch[] = rest.length === 0 ? [] : [(text) => `${isNull(text)} AND ${beyond(rest, text)}`];
    return direction === "asc" ? sameKey : [...sameKey, isNotNull];
  }
  const sign = direction === "asc" ? ">" : "<";
  const compared = (by: string, text: StatementText): string =>
    `${text.dialect.quote(column)} ${by} ${text.parameter(value)}`;
  const further: Stretch = (text) =>
    rest.length === 0 ? compared(sign, text) : `${compared(`${sign}=`, text)} AND ${beyond([key, ...rest], text)}`;
  return direction === "asc" ? [further, isNull] : [further];
}

/** All that comes after these, as one condition. */
function beyond(keys: readonly Key[], text: StatementText): string {
  const ways = keys.map((key, at) => {
    const same = keys.slice(0, at).map((each) => equal(each, text));
    return [...same, further(key, text)].join(" AND ");
  });
  return `(${ways.map((way) => `(${way})`).join(" OR ")})`;
}

function equal({ column, value }: Key, text: StatementText): string {
  const name = text.dialect.quote(column);
  return value === null ? `${name} IS NULL` : `${name} = ${text.parameter(value)}`;
}

function further({ column, direction, value }: Key, text: StatementText): string {
  const name = text.dialect.quote(column);
  if (direction === "desc") return value === null ? `${name} IS NOT NULL` : `${name} < ${text.parameter(value)}`;
  return value === null ? "1 = 0" : `(${name} > ${text.parameter(value)} OR ${name} IS NULL)`;
}
