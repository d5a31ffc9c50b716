/** The providers that come with busbar, as a table for people who look for theirs. */
import type { Definition } from "../core/definition.ts";
import { code, table } from "./markdown.ts";

/** `pages` is where the connectors' pages are, seen from the file that shows the table. */
export function renderProvidersTable(definitions: readonly Definition[], pages: string): string {
  return table(
    ["system", "`type`", "`provider`", "operations"],
    definitions.map(({ title, type, provider, operations }) => [
      `[${title}](${pages}${provider}.md)`,
      code(type),
      code(provider),
      Object.keys(operations).map(code).join(" "),
    ]),
  );
}
