/** Decimals from PostgreSQL's binary form: digits to the base 10,000 (`numeric_send` in the server's `numeric.c`). */

const NEGATIVE = 0x4000;
const SPECIAL: Readonly<Record<number, string>> = { 0xc000: "NaN", 0xd000: "Infinity", 0xf000: "-Infinity" };

/** As the server writes it: `-0.0010`. */
export function decimalText(bytes: Buffer, start: number, end: number): string {
  const count = bytes.readUInt16BE(start);
  const weight = bytes.readInt16BE(start + 2);
  const sign = bytes.readUInt16BE(start + 4);
  const scale = bytes.readUInt16BE(start + 6);
  if (end - start !== 8 + count * 2) throw new Error("A decimal has another length than it says");
  const special = SPECIAL[sign];
  if (special !== undefined) return special;
  const digits = (at: number): number => (at >= 0 && at < count ? bytes.readUInt16BE(start + 8 + at * 2) : 0);
  let text = sign === NEGATIVE ? "-" : "";
  text += weight < 0 ? "0" : String(digits(0));
  for (let at = 1; at <= weight; at++) text += four(digits(at));
  if (scale === 0) return text;
  let fraction = "";
  for (let at = weight + 1; fraction.length < scale; at++) fraction += four(digits(at));
  return `${text}.${fraction.slice(0, scale)}`;
}

const four = (number: number): string => String(number).padStart(4, "0");
