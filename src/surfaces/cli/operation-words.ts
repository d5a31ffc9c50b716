/**
 * The words after `exec` and `stream`: NAME OPERATION, then flags of the operation.
 *
 * The command's own options may stand among them and are taken out first, because only the configuration knows the
 * operation's flags. A flag is typed as help shows it (`--max-rows`) or as the input is called (`--maxRows`), its value
 * as the next word or after `=`.
 */
import { nearest } from "../../core/nearest.ts";
import { looseFlag, type Flag } from "../../render/cli-help.ts";
import { UsageError } from "./usage-error.ts";

export interface OperationWords {
  /** The connector's. */
  readonly name: string;
  /** What follows the name. */
  readonly words: readonly string[];
  /** The object that followed `--json`. */
  readonly input: string | undefined;
  readonly timeout?: string | undefined;
  readonly human?: boolean | undefined;
  readonly idempotencyKey?: string | undefined;
}

export interface OperationRequest {
  readonly name: string;
  readonly operation: string | undefined;
  readonly isHelp: boolean;
  /** As `CallOptions.timeout` takes it. */
  readonly timeout: number | string | undefined;
  readonly idempotencyKey: string | undefined;
  /** As people read it, also where nobody looks. */
  readonly human: boolean;
  /** What is left for the operation's flags. */
  readonly typed: readonly string[];
}

export function readOperationWords({ name, words, human, ...given }: OperationWords): OperationRequest {
  const rest = [...words];
  const typed: string[] = [];
  let { timeout: limit, idempotencyKey } = given;
  let [isHelp, isForPeople] = [false, human === true];
  /** The option's value: behind `=`, or the next word. */
  const valueOf = (word: string, option: string, what: string): string => {
    const value = word === option || word === "-t" ? rest.shift() : word.slice(option.length + 1);
    if (value === undefined) throw new UsageError(`${option} needs ${what}`);
    return value;
  };
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "--help" || word === "-h") isHelp = true;
    else if (word === "--human") isForPeople = true;
    else if (word === "-t" || isOption(word, "--timeout")) limit = valueOf(word, "--timeout", "a duration");
    else if (isOption(word, "--idempotency-key")) idempotencyKey = valueOf(word, "--idempotency-key", "a key");
    else typed.push(word);
  }
  const timeout = limit !== undefined && /^\d+$/.test(limit) ? Number(limit) : limit;
  const operation = typed[0]?.startsWith("-") === false ? typed.shift() : undefined;
  return { name, operation, isHelp, timeout, idempotencyKey, human: isForPeople, typed };
}

function isOption(word: string, option: string): boolean {
  return word === option || word.startsWith(`${option}=`);
}

export interface TypedInput {
  readonly values: Readonly<Record<string, unknown>>;
  /** A dash asked for JSON on stdin. */
  readonly isFromStdin: boolean;
}

/** The flags of one operation. */
export interface KnownFlags {
  readonly flags: readonly Flag[];
  /** Whether any other flag is an input too, because the schema does not tell all names. */
  readonly isOpen: boolean;
}

/** The inputs that the words say. Throws a `UsageError` for words that say nothing, `input_invalid` for wrong values. */
export function readTypedInput(typed: readonly string[], flags: KnownFlags): TypedInput {
  const texts = new Map<string, { readonly flag: Flag; readonly given: string[] }>();
  const rest = [...typed];
  let isFromStdin = false;
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === "-") isFromStdin = true;
    else {
      const [flag, text] = readFlag(word, rest, flags);
      const known = texts.get(flag.name);
      if (known === undefined) texts.set(flag.name, { flag, given: [text] });
      else known.given.push(text);
    }
  }
  const values = Object.fromEntries([...texts].map(([name, { flag, given }]) => [name, flag.read(given)]));
  return { values, isFromStdin };
}

function readFlag(word: string, rest: string[], { flags, isOpen }: KnownFlags): readonly [Flag, string] {
  const [typed = "", inline] = /^(--[^=]+)=(.*)$/s.exec(word)?.slice(1) ?? [word];
  const find = (wanted: string): Flag | undefined =>
    flags.find(({ flag, name }) => flag === wanted || `--${name}` === wanted);
  const flag = find(typed) ?? (isOpen && /^--[a-z]/i.test(typed) ? looseFlag(typed) : undefined);
  if (flag === undefined) {
    const negated = find(typed.replace(/^--no-/, "--"));
    if (negated?.isSwitch === true && inline === undefined) return [negated, "false"];
    throw unknownWord(typed, flags);
  }
  if (inline !== undefined) return [flag, inline];
  const takesNext = flag.value?.startsWith("<") === true || (!flag.isSwitch && rest[0]?.startsWith("-") === false);
  if (!takesNext) return [flag, "true"];
  const next = rest.shift();
  if (next === undefined) throw new UsageError(`${typed} needs a value`, flag.description || undefined);
  return [flag, next];
}

function unknownWord(word: string, flags: readonly Flag[]): UsageError {
  // A word that is no flag may be a value that slipped; it is not repeated.
  if (!word.startsWith("-")) return new UsageError("Found a value without its flag", known(flags));
  const close = nearest(
    word,
    flags.map(({ flag }) => flag),
  );
  return new UsageError(`Unknown flag ${word}`, close === undefined ? known(flags) : `Did you mean ${close}?`);
}

function known(flags: readonly Flag[]): string {
  if (flags.length === 0) return "The operation takes no input.";
  return `The operation takes ${flags.map(({ flag }) => flag).join(", ")}.`;
}
