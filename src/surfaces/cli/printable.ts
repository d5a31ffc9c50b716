/**
 * Text that may be shown.
 *
 * What systems answer can hold control characters, which a terminal obeys: it would move the cursor, recolour or retitle
 * the window, or hide what follows. They are shown as escapes instead, and so are the marks that turn the direction of
 * writing.
 */

const MARKS = "\\u007f-\\u009f\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069";
const IN_LINE = new RegExp(`[\\u0000-\\u001f${MARKS}]`, "g");
const IN_TEXT = new RegExp(`[\\u0000-\\u0008\\u000b-\\u001f${MARKS}]`, "g");
const IN_JSON = new RegExp(`[${MARKS}]`, "g");

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

const escaped = (mark: string): string => SHORT[mark] ?? `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** One line: line breaks and tabs are escaped as well. */
export const printableLine = (text: string): string => text.replace(IN_LINE, escaped);

/** Text of several lines, as it is. */
export const printableText = (text: string): string => text.replace(IN_TEXT, escaped);

/** JSON stays the same JSON. */
export const printableJson = (text: string): string => text.replace(IN_JSON, escaped);
