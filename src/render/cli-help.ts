/**
 * Operations on the command line: one flag for each input, all of it from the input's schema.
 *
 * A list also takes its flag several times. What a flag cannot say (a null where text is allowed, a name that is taken)
 * stands in the JSON object that every operation takes as a whole.
 */
import { z } from "zod";
import { toJsonValue } from "../core/json-value.ts";
import type { Operation, Operations } from "../core/operation.ts";
import { EFFECT_WORDS, effectText } from "./effect-words.ts";
import { alternatives, itemsOf, kindsOf, refusal, valueOfText, type Kind } from "./flag-text.ts";
import { inputSchema, isOnlyFromCode, type JsonSchema } from "./input-schema.ts";

/** What the flag of an input looks like and how its text is read. */
export interface Flag {
  /** The input's name: `maxRows`. */
  readonly name: string;
  /** As it is typed: `--max-rows`. */
  readonly flag: string;
  /** What follows it: `<text>`, `<number>`, `[value]`; nothing for a switch. */
  readonly value: string | undefined;
  /** Whether the flag alone means true and `--no-…` false. */
  readonly isSwitch: boolean;
  readonly isRequired: boolean;
  readonly description: string;
  /** The value where nothing is said. */
  readonly standard: unknown;
  /** The input of what was typed, one text for each time. Throws `input_invalid`. */
  read(texts: readonly string[]): unknown;
}

/** The flags of an operation, in the order of its inputs. */
export function flagsOf(operation: Operation): readonly Flag[] {
  const root = inputSchema(operation.input);
  const shapes = alternatives(root, root).filter(({ properties }) => properties !== undefined);
  const flags = new Map<string, Flag>();
  for (const { properties = {} } of shapes)
    for (const [name, found] of Object.entries(properties)) {
      if (flags.has(name) || isOnlyFromCode(found)) continue;
      const isRequired = shapes.every(({ required }) => required?.includes(name) === true);
      const kind = codeKind(operation.input, name);
      flags.set(name, flagOf(name, kind === undefined ? found : { ...found, type: kind }, root, isRequired));
    }
  return [...flags.values()];
}

/** Whether inputs may have names that the schema does not tell. */
export function takesAnyInput(operation: Operation): boolean {
  const root = inputSchema(operation.input);
  return alternatives(root, root).some(
    ({ type, properties, additionalProperties: others }) =>
      (type === undefined && properties === undefined) || (typeof others === "object" && others !== null),
  );
}

/** The flag of an input that nobody has declared: it may be anything, and is true where no value follows. */
export function looseFlag(flag: string): Flag {
  const name = flag.slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
  return { ...flagOf(name, {}, {}, false), value: "[value]" };
}

function flagOf(name: string, schema: JsonSchema, root: JsonSchema, isRequired: boolean): Flag {
  const kinds = kindsOf(schema, root);
  const flag = `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  const isSwitch = kinds.size === 1 && kinds.has("boolean");
  const read = (texts: readonly string[]): unknown => {
    const [only] = texts;
    if (only !== undefined && texts.length === 1) return valueOfText(flag, only, schema, root);
    const items = itemsOf(schema, root);
    if (items === undefined) throw refusal(flag, "is given more than once");
    return texts.map((text) => valueOfText(flag, text, items, root));
  };
  return {
    name,
    flag,
    isSwitch,
    isRequired,
    value: isSwitch ? undefined : valueWord(schema, root, kinds),
    description: schema.description ?? "",
    standard: schema.default,
    read,
  };
}

/** `date` or `bigint`: what JSON Schema has no type for, read from the zod schema itself. */
function codeKind(input: z.ZodType, name: string): Kind | undefined {
  let at: unknown = input instanceof z.ZodObject ? input.shape[name] : undefined;
  for (;;) {
    const def = (at as { _zod?: { def?: { type?: string; innerType?: unknown } } } | undefined)?._zod?.def;
    if (def?.type === "date" || def?.type === "bigint") return def.type;
    if (def?.innerType === undefined) return undefined;
    at = def.innerType;
  }
}

function valueWord(schema: JsonSchema, root: JsonSchema, kinds: ReadonlySet<Kind>): string {
  const choices = alternatives(schema, root).flatMap(
    (found) => (found["enum"] as readonly unknown[] | undefined) ?? ("const" in found ? [found["const"]] : [undefined]),
  );
  if (choices.every((choice) => typeof choice === "string")) return `<${choices.join("|")}>`;
  const solid = [...kinds].filter((kind) => kind !== "null");
  if (kinds.has("boolean") && !kinds.has("string")) return "[value]";
  if (solid.length !== 1) return "<value>";
  switch (solid[0]) {
    case "string":
      return "<text>";
    case "number":
    case "bigint":
      return "<number>";
    case "date":
      return "<date>";
    default:
      return "<json>";
  }
}

/** What `--help` tells of one operation. */
export function operationHelp(connector: string, name: string, operation: Operation): string {
  const { summary, effect, effectOf, examples } = operation;
  const flags = flagsOf(operation);
  const inputs = flags.length > 0 || takesAnyInput(operation) ? " [--input value … | --json '{…}' | -]" : "";
  return [
    `Usage: busbar ${operation.stream ? "stream" : "exec"} ${connector} ${name}${inputs}\n`,
    `\n${summary}\n`,
    ...(flags.length === 0 ? [] : ["\nInputs:\n", ...rows(flags.map((flag) => [typedAs(flag), saidOf(flag)]))]),
    `\nEffect: ${effectText(operation).replaceAll("`", "")}.${effectOf === undefined ? ` ${EFFECT_WORDS[effect]}` : ""}\n`,
    ...(examples.length === 0 ? [] : ["\nExamples:\n"]),
    ...examples.map(({ title, input }) => `  # ${title}\n  ${commandLine(connector, name, operation, input)}\n`),
  ].join("");
}

/** What `--help` tells of a connector: its operations. */
export function operationsHelp(connector: string, operations: Operations): string {
  const found = Object.entries(operations);
  if (found.length === 0)
    return `${connector} does not declare its operations; any name and any inputs are passed on.\n`;
  const named = rows(
    found.map(([name, { stream, summary }]) => [`busbar ${stream ? "stream" : "exec"} ${connector} ${name}`, summary]),
  );
  return `Operations of ${connector}, each with its own --help:\n\n${named.join("")}`;
}

function typedAs({ flag, isSwitch, value }: Flag): string {
  if (isSwitch) return `${flag}, ${flag.replace("--", "--no-")}`;
  return value === undefined ? flag : `${flag} ${value}`;
}

function saidOf({ description, isRequired, standard }: Flag): string {
  const facts = isRequired ? "(required)" : standard === undefined ? "" : `(default: ${JSON.stringify(standard)})`;
  return [description, facts].filter((text) => text !== "").join(" ");
}

/** Longer words have a line of their own. */
const LONGEST_LEFT = 32;

function rows(pairs: readonly (readonly [string, string])[]): string[] {
  const width = Math.max(...pairs.map(([left]) => left.length).filter((length) => length <= LONGEST_LEFT), 0);
  return pairs.map(([left, right]) => {
    const line =
      left.length > width ? `  ${left}\n${" ".repeat(width + 4)}${right}` : `  ${left.padEnd(width)}  ${right}`;
    return `${line.trimEnd()}\n`;
  });
}

/** The line that asks a connector for an operation with this input, ready for a POSIX shell. */
export function commandLine(connector: string, name: string, operation: Operation, input: unknown): string {
  const words = ["busbar", operation.stream ? "stream" : "exec", connector, name];
  const given = toJsonValue(input ?? {}) as Readonly<Record<string, unknown>>;
  const flags = new Map(flagsOf(operation).map((flag) => [flag.name, flag]));
  if (!Object.keys(given).every((key) => flags.has(key)))
    return [...words, "--json", quoted(JSON.stringify(given))].join(" ");
  for (const [key, value] of Object.entries(given)) {
    const flag = flags.get(key)!;
    if (flag.isSwitch) words.push(value === false ? flag.flag.replace("--", "--no-") : flag.flag);
    else if (value === true && flag.value === "[value]") words.push(flag.flag);
    else words.push(flag.flag, quoted(textOf(value, flag)));
  }
  return words.join(" ");
}

/** Text that the flag reads as this value. */
function textOf(value: unknown, flag: Flag): string {
  if (typeof value !== "string") return JSON.stringify(value);
  try {
    return flag.read([value]) === value ? value : JSON.stringify(value);
  } catch {
    return JSON.stringify(value);
  }
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
