/**
 * `:name` instead of the system's own placeholders.
 *
 * A statement is read as its system reads it: strings, quoted names, comments, dollar quotes and casts are passed over, so
 * that a colon in them is never taken for a parameter. What comes out is the same text with the dialect's placeholders and
 * the values in their order. Nothing is put into the text but placeholders. Texts are read once and kept, up to a bound.
 */
import { ConnectorError } from "../../core/errors.ts";
import { didYouMean } from "../../core/issues.ts";
import type { Dialect, Lexicon } from "./dialect.ts";
import type { Row } from "./operations.ts";
import type { Statement } from "./statement.ts";

/** A statement as callers write it: the values in a list, or by the names that stand in the text. */
export interface WrittenStatement {
  readonly sql: string;
  readonly values: readonly unknown[] | Row;
}

interface Template {
  /** The text around the parameters, one more than there are names. */
  readonly parts: readonly string[];
  readonly names: readonly string[];
  /** Whether the system's own placeholders stand in it as well. */
  readonly hasOwn: boolean;
}

/** Texts that are kept, the ones used last. */
const MOST_KEPT = 1_000;
const LONGEST_KEPT = 10_000;

const NAME = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*/y;
/** What belongs to a name, also before a `$` and before an `E'`. */
const IN_NAME = /[A-Za-z0-9_$\u0080-\uffff]/;
/** What a parameter cannot follow: `a:b`, `arr[1:n]`, `::type`. */
const BEFORE = /[A-Za-z0-9_$\u0080-\uffff\]):]/;
const DOLLAR = /\$(?:[A-Za-z_\u0080-\uffff][A-Za-z0-9_\u0080-\uffff]*)?\$/y;
/** What stands between two parts of one text, up to the second one's quote. */
const CONTINUED = /[ \t\f\v]*(?:--[^\r\n]*)?[\r\n](?:[ \t\f\v\r\n]|--[^\r\n]*[\r\n])*'/y;

/** Reads statements of one system. */
export class NamedParameters {
  readonly #lexicon: Lexicon;
  readonly #placeholder: (n: number) => string;
  /** Whether one placeholder can stand at several places. */
  readonly #canRepeat: boolean;
  readonly #kept = new Map<string, Template>();

  constructor({ lexicon, placeholder }: Pick<Dialect, "lexicon" | "placeholder">) {
    this.#lexicon = lexicon;
    this.#placeholder = placeholder;
    this.#canRepeat = placeholder(1) !== placeholder(2);
  }

  /**
   * The statement with its system's placeholders; one with a list of values as it is. Throws `input_invalid` for a name
   * without a value, for the reverse, and for a text with placeholders of both kinds.
   */
  positional(written: WrittenStatement): Statement {
    const { sql, values } = written;
    return Array.isArray(values) ? { sql, values } : this.#named(sql, values as Row);
  }

  #named(sql: string, values: Row): Statement {
    const { parts, names, hasOwn } = this.#template(sql);
    checkNames(names, values);
    if (hasOwn)
      throw invalid(
        "The statement has the system's own placeholders, and its values have names",
        "Write all as :name, or give the values in a list.",
      );
    const found = new Map<string, number>();
    const list: unknown[] = [];
    let text = parts[0]!;
    names.forEach((name, at) => {
      const known = this.#canRepeat ? found.get(name) : undefined;
      const n = known ?? list.push(values[name]);
      if (known === undefined) found.set(name, n);
      text += this.#placeholder(n) + parts[at + 1]!;
    });
    return { sql: text, values: list };
  }

  #template(sql: string): Template {
    const kept = this.#kept.get(sql);
    const template = kept ?? this.#read(sql);
    if (sql.length > LONGEST_KEPT) return template;
    if (kept !== undefined) this.#kept.delete(sql);
    this.#kept.set(sql, template);
    if (this.#kept.size > MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    return template;
  }

  #read(sql: string): Template {
    const parts: string[] = [];
    const names: string[] = [];
    let hasOwn = false;
    let from = 0;
    for (let at = 0; at < sql.length;) {
      const end = this.#endOfPassage(sql, at);
      if (end !== undefined) {
        at = end;
        continue;
      }
      const name = nameAt(sql, at);
      if (name === undefined) {
        hasOwn ||= this.#isOwn(sql, at);
        at++;
      } else {
        parts.push(sql.slice(from, at));
        names.push(name);
        at = from = at + 1 + name.length;
      }
    }
    return { parts: [...parts, sql.slice(from)], names, hasOwn };
  }

  /** Whether the system takes this for a placeholder. */
  #isOwn(sql: string, at: number): boolean {
    if (!this.#lexicon.isPostgreSQL) return sql[at] === "?";
    return sql[at] === "$" && /[0-9]/.test(sql[at + 1] ?? "") && !IN_NAME.test(sql[at - 1] ?? "");
  }

  /** Where a text, a quoted name or a comment that begins at `at` has ended; undefined where none begins. */
  #endOfPassage(sql: string, at: number): number | undefined {
    const { quotes, backslashIn, isPostgreSQL, hasBrackets, hasHashComments } = this.#lexicon;
    const char = sql[at]!;
    if (quotes.includes(char)) {
      const isEscaped =
        isPostgreSQL && char === "'" && /[eE]/.test(sql[at - 1] ?? "") && !IN_NAME.test(sql[at - 2] ?? "");
      const end = endOfQuote(sql, at, char, isEscaped || backslashIn.includes(char));
      return isEscaped ? endOfContinued(sql, end) : end;
    }
    if (char === "[" && hasBrackets) return endOfQuote(sql, at, "]", false);
    if (char === "-" && sql[at + 1] === "-" && (!hasHashComments || /^\s?$/.test(sql[at + 2] ?? "")))
      return endOfLine(sql, at);
    if (char === "#" && hasHashComments) return endOfLine(sql, at);
    if (char === "/" && sql[at + 1] === "*") return this.#endOfComment(sql, at);
    if (char === "$" && isPostgreSQL && !IN_NAME.test(sql[at - 1] ?? "")) return endOfDollarQuote(sql, at);
    return undefined;
  }

  #endOfComment(sql: string, start: number): number {
    let depth = 0;
    for (let at = start; at < sql.length; at++) {
      const two = sql.slice(at, at + 2);
      if (two === "/*" && (depth === 0 || this.#lexicon.nestsComments)) depth++;
      else if (two === "*/") depth--;
      else continue;
      at++;
      if (depth === 0) return at + 1;
    }
    return sql.length;
  }
}

function nameAt(sql: string, at: number): string | undefined {
  if (sql[at] !== ":" || BEFORE.test(sql[at - 1] ?? "")) return undefined;
  NAME.lastIndex = at + 1;
  return NAME.exec(sql)?.[0];
}

function endOfQuote(sql: string, start: number, quote: string, hasBackslash: boolean): number {
  for (let at = start + 1; at < sql.length; at++) {
    if (hasBackslash && sql[at] === "\\") at++;
    else if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  }
  return sql.length;
}

/** Text with backslashes goes on with them after a line's end (PostgreSQL manual, "String Constants"). */
function endOfContinued(sql: string, start: number): number {
  for (let end = start; ; end = endOfQuote(sql, CONTINUED.lastIndex - 1, "'", true)) {
    CONTINUED.lastIndex = end;
    if (!CONTINUED.test(sql)) return end;
  }
}

function endOfLine(sql: string, start: number): number {
  const at = sql.slice(start).search(/[\r\n]/);
  return at < 0 ? sql.length : start + at;
}

function endOfDollarQuote(sql: string, start: number): number | undefined {
  DOLLAR.lastIndex = start;
  const [tag] = DOLLAR.exec(sql) ?? [];
  if (tag === undefined) return undefined;
  const end = sql.indexOf(tag, start + tag.length);
  return end < 0 ? sql.length : end + tag.length;
}

function checkNames(names: readonly string[], values: Readonly<Record<string, unknown>>): void {
  const missing = names.find((name) => !Object.hasOwn(values, name) || values[name] === undefined);
  const given = Object.keys(values);
  if (missing !== undefined)
    throw invalid(`There is no value for :${missing}${didYouMean(missing, given)}`, "Say null where there is none.");
  const known = new Set(names);
  const unused = given.find((name) => !known.has(name));
  if (unused !== undefined) throw invalid(`The statement has no parameter :${unused}${didYouMean(unused, [...known])}`);
}

function invalid(message: string, hint?: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { hint, outcome: "none" });
}
