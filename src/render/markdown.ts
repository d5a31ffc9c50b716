/** The few pieces of Markdown that the generated pages are made of. */

/** A table; cells may hold Markdown, but neither lines nor bars of their own. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.map(cell).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll(/\s*\n\s*/g, " ");
}

export function codeBlock(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``;
}

export function code(text: string): string {
  return text === "" ? "" : `\`${text}\``;
}

/** Blocks with an empty line between them; `undefined` and empty ones are left out. */
export function page(...blocks: readonly (string | undefined)[]): string {
  return `${blocks.filter((block) => block !== undefined && block !== "").join("\n\n")}\n`;
}

/** Says above a generated page where to edit it. */
export function generatedFrom(source: string): string {
  return `<!-- Written by \`npm run sync\` from ${source}; edit there. -->`;
}

/** The text with what stands between `<!-- NAME:begin -->` and `<!-- NAME:end -->` replaced. */
export function fillMarkers(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
  const from = text.indexOf(begin);
  const to = text.indexOf(end, from);
  if (from < 0 || to < 0) throw new Error(`The markers ${begin} and ${end} are missing`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}
