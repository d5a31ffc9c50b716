/** A field of a call's input as text, for settings that name one: `input.tenant`, `input.query.id`. */
import { canonicalText } from "../core/canonical.ts";

/** What such a name looks like. */
export const INPUT_FIELD = /^input(\.[^.{}\s]+)+$/;

/** Reads the field that `name` names; `undefined` where it is not there or is no plain data. */
export function inputField(name: string): (input: unknown) => string | undefined {
  const path = name.split(".").slice(1);
  return (input) => {
    const value = path.reduce(fieldOf, input);
    return typeof value === "string" ? value : value === undefined ? undefined : canonicalText(value);
  };
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
