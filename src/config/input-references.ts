/**
 * `${input.NAME}` in what a named operation asks: a value of its input, put in at each call.
 *
 * Variables and files are put in when the configuration is read, as everywhere; so that what they bring is never taken for
 * a reference to the input, `${` in it becomes `$${`, which is how `${` itself is written.
 */
import { interpolate, type Expanded, type Lookup, type TextProblem } from "./interpolate.ts";

const REFERENCE = /(?<!\$)\$\{input((?:\.[A-Za-z_][A-Za-z0-9_-]*)+)\}/g;

/** Text, and between two texts a path in the input. */
export type InputTemplate = readonly (string | readonly string[])[];

/** Takes a text apart that `interpolateAround` has made, or that code wrote. */
export function parseInputTemplate(text: string): InputTemplate {
  const parts = split(text).map((part) => (typeof part === "string" ? part.replaceAll("$${", "${") : part.path));
  return parts.filter((part) => part !== "");
}

/** Puts variables and files in, and leaves references to the input as they stand. */
export async function interpolateAround(text: string, lookup: Lookup): Promise<Expanded> {
  let result = "";
  let at = 0;
  const problems: TextProblem[] = [];
  for (const part of split(text)) {
    if (typeof part !== "string") {
      result += part.source;
      at += part.source.length;
      continue;
    }
    const expanded = await interpolate(part, lookup);
    if ("text" in expanded) result += expanded.text.replaceAll("${", "$${");
    else for (const problem of expanded.problems) problems.push({ ...problem, at: problem.at + at });
    at += part.length;
  }
  return problems.length > 0 ? { problems } : { text: result };
}

interface Reference {
  readonly source: string;
  readonly path: readonly string[];
}

function split(text: string): (string | Reference)[] {
  const parts: (string | Reference)[] = [];
  let from = 0;
  for (const match of text.matchAll(REFERENCE)) {
    parts.push(text.slice(from, match.index), { source: match[0], path: match[1]!.slice(1).split(".") });
    from = match.index + match[0].length;
  }
  return [...parts, text.slice(from)];
}
