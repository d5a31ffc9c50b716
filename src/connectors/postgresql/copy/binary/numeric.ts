/** Decimals in PostgreSQL's binary form: digits to the base 10,000 (`numeric_recv` in the server's `numeric.c`). */
import type { CopyBuffer } from "./copy-buffer.ts";

const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
/** Longer ones are left to the server's own reading. */
const LONGEST = 1_000;
const NEGATIVE = 0x4000;

/** Writes length and value; false, with nothing written, where the text is no plain decimal. */
export function writeDecimal(text: string, out: CopyBuffer): boolean {
  const match = text.length > LONGEST ? null : DECIMAL.exec(text);
  if (match === null) return false;
  const [, sign, whole = "", fraction = ""] = match;
  const left = whole.padStart(Math.ceil(whole.length / 4) * 4, "0");
  const all = left + fraction.padEnd(Math.ceil(fraction.length / 4) * 4, "0");
  let [from, to] = [0, all.length / 4];
  const digit = (at: number): number => Number(all.slice(at * 4, at * 4 + 4));
  while (from < to && digit(from) === 0) from++;
  while (to > from && digit(to - 1) === 0) to--;
  const count = to - from;
  out.room(12 + count * 2);
  const { bytes } = out;
  let at = bytes.writeInt32BE(8 + count * 2, out.at);
  at = bytes.writeInt16BE(count, at);
  at = bytes.writeInt16BE(count === 0 ? 0 : left.length / 4 - 1 - from, at);
  at = bytes.writeUInt16BE(count > 0 && sign === "-" ? NEGATIVE : 0, at);
  at = bytes.writeInt16BE(fraction.length, at);
  for (let each = from; each < to; each++) at = bytes.writeInt16BE(digit(each), at);
  out.at = at;
  return true;
}
