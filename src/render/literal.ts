/** A plain value as TypeScript writes it: names without quotes where they need none, in several lines where one is too long. */
const NAME = /^[A-Za-z_$][\w$]*$/;
const WIDTH = 100;

/** `before` is how many characters stand on the line already. */
export function literal(value: unknown, before = 0, indent = ""): string {
  const line = inOneLine(value);
  if (line.length + before + indent.length <= WIDTH || typeof value !== "object" || value === null) return line;
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item) => literal(item, 0, inner))
    : entriesOf(value).map(([name, item]) => `${name}: ${literal(item, name.length + 2, inner)}`);
  const [open, close] = Array.isArray(value) ? ["[", "]"] : ["{", "}"];
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join("")}${indent}${close}`;
}

function inOneLine(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inOneLine).join(", ")}]`;
  // JSON has no text for undefined and functions.
  if (typeof value !== "object" || value === null) return String(JSON.stringify(value));
  const entries = entriesOf(value).map(([name, item]) => `${name}: ${inOneLine(item)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}

function entriesOf(value: object): (readonly [string, unknown])[] {
  return Object.entries(value)
    .filter(([, item]) => item !== undefined)
    .map(([name, item]) => [NAME.test(name) ? name : JSON.stringify(name), item]);
}
