/**
 * How many columns of a terminal a text takes.
 *
 * A column is not a character: letters with combining marks and emoji of several code points take the place of one
 * sign, and East Asian wide signs (Unicode Standard Annex #11, classes W and F) and emoji take two.
 */

const ASCII = /^[\x20-\x7e]*$/;
const ZERO = /^(?:\p{Mark}|\p{Default_Ignorable_Code_Point}|\p{Control})+$/u;
const EMOJI = /\p{Emoji_Presentation}|\ufe0f/u;
/** First and last code point of each wide range. */
const WIDE = [
  [0x1100, 0x115f],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0xa4cf],
  [0xa960, 0xa97f],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x17000, 0x18cff],
  [0x1aff0, 0x1b2ff],
  [0x20000, 0x3fffd],
] as const;

const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

function signWidth(sign: string): number {
  if (ZERO.test(sign)) return 0;
  const code = sign.codePointAt(0)!;
  return EMOJI.test(sign) || WIDE.some(([first, last]) => code >= first && code <= last) ? 2 : 1;
}

export function cellWidth(text: string): number {
  if (ASCII.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += signWidth(segment);
  return width;
}

/** The text itself where it fits, else as much of it as fits with an ellipsis. */
export function cutToWidth(text: string, width: number): string {
  if (cellWidth(text) <= width) return text;
  let cut = "";
  let used = 0;
  for (const { segment } of segmenter.segment(text)) {
    used += signWidth(segment);
    if (used > width - 1) break;
    cut += segment;
  }
  return `${cut}…`;
}
