/**
 * JSON as databases keep it: its numbers have as many digits as somebody wrote, and JavaScript's have not.
 *
 * A number that would come out as another one comes out as text, as 64-bit integers and decimals do everywhere else. Node
 * has no reader of JSON that shows a number's text, so such numbers are put in quotes before the text is read.
 */

/** Only with so many digits, or with an exponent, a number can be one that JavaScript has not. */
const SUSPICIOUS = /[\d.]{16}|\d[eE]/;
/** A string, which is left alone, or a number. */
const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Reads JSON; numbers that JavaScript cannot hold are text. Throws a `SyntaxError`. */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (!SUSPICIOUS.test(text)) return value;
  return JSON.parse(text.replaceAll(TOKEN, (token) => (token.startsWith('"') || isHeld(token) ? token : `"${token}"`)));
}

/** Whether JavaScript writes the same number again. */
function isHeld(number: string): boolean {
  const held = Number(number);
  return Number.isFinite(held) && plain(number) === plain(String(held));
}

/** Digits without zeros around them, and where the point stands: the same for all ways to write a number. */
function plain(number: string): string {
  const [mantissa = "", exponent = "0"] = number.toLowerCase().split("e");
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const significant = digits.replace(/0+$/, "");
  if (significant === "") return "0";
  const power = BigInt(exponent) - BigInt(fraction.length) + BigInt(digits.length - significant.length);
  return `${mantissa.startsWith("-") ? "-" : ""}${significant}e${power}`;
}
