/** A plain value as TypeScript writes it: names without quotes where they need none. */
const NAME = /^[A-Za-z_$][\w$]*$/;

export function literal(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(literal).join(", ")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value) ?? "undefined";
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (entries.length === 0) return "{}";
  return `{ ${entries.map(([name, inner]) => `${NAME.test(name) ? name : JSON.stringify(name)}: ${literal(inner)}`).join(", ")} }`;
}
