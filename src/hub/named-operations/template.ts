/** What a named operation asks of the one that carries it out, with values of its input in it. */
import { parseInputTemplate, type InputTemplate } from "../../config/input-references.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { PlaceholderRule } from "../../core/placeholder-rule.ts";

/** Makes a value of an input; `undefined` where it is to be left out. */
export type Fill = (input: unknown) => unknown;

/** What is found on the way through a template. */
export interface TemplateHooks {
  /** The rule of the field at that place. */
  rule(path: readonly string[]): PlaceholderRule | undefined;
  /** Hears of each value that is taken out of the input. */
  onReference(path: readonly string[], reference: readonly string[]): void;
}

/** Reads a template once; what it answers is called for each call. */
export function compileTemplate(template: unknown, hooks: TemplateHooks, path: readonly string[] = []): Fill {
  if (typeof template === "string") return compileText(template, hooks, path);
  if (Array.isArray(template)) {
    const items = template.map((item, at) => compileTemplate(item, hooks, [...path, String(at)]));
    // An item that is left out would move the others.
    return (input) => items.map((fill) => fill(input) ?? null);
  }
  if (typeof template !== "object" || template === null) return () => template;
  const fields = Object.entries(template).map(
    ([key, value]) => [key, compileTemplate(value, hooks, [...path, key])] as const,
  );
  return (input) =>
    Object.fromEntries(
      fields.flatMap(([key, fill]) => {
        const value = fill(input);
        return value === undefined ? [] : [[key, value] as const];
      }),
    );
}

function compileText(text: string, hooks: TemplateHooks, path: readonly string[]): Fill {
  const parts = parseInputTemplate(text);
  for (const part of parts) if (typeof part !== "string") hooks.onReference(path, part);
  const [only] = parts;
  if (parts.every((part) => typeof part === "string")) return () => parts.join("");
  const isSegment = hooks.rule(path) === "path";
  // Alone it stands for the value itself, whatever its type.
  if (parts.length === 1 && only !== undefined && typeof only !== "string" && !isSegment)
    return (input) => valueAt(input, only);
  return (input) => textOf(parts, input, isSegment);
}

function textOf(parts: InputTemplate, input: unknown, isSegment: boolean): string {
  return parts
    .map((part) => {
      if (typeof part === "string") return part;
      const value = valueAt(input, part);
      const isPlain = typeof value === "string" || typeof value === "number" || typeof value === "boolean";
      if (!isPlain) throw invalid(part, "is to stand in a text, and is no text, number or boolean");
      if (!isSegment) return String(value);
      // As a segment of a path these mean another place.
      if (["", ".", ".."].includes(String(value))) throw invalid(part, "cannot be a part of a path");
      return encodeURIComponent(String(value));
    })
    .join("");
}

function valueAt(input: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, key) =>
      typeof at === "object" && at !== null && Object.hasOwn(at, key)
        ? (at as Record<string, unknown>)[key]
        : undefined,
    input,
  );
}

function invalid(path: readonly string[], message: string): ConnectorError {
  return new ConnectorError("input_invalid", `Invalid input: ${path.join(".")}: ${message}`, { outcome: "none" });
}
