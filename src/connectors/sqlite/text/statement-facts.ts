/**
 * What has to be known of a text before it is given to SQLite.
 *
 * Drivers run the first statement of a text and some leave the rest without a word; so the rest is found here, and the
 * text refused. Where a statement ends is told as `sqlite3_complete` tells it: at a semicolon outside of texts, names and
 * comments, and in `CREATE TRIGGER` at the one behind `END`. A mistake here cannot run anything: it could only refuse.
 */
import { ConnectorError } from "../../../core/errors.ts";

/** Facts of one text. */
export interface StatementFacts {
  /** Its first word in capitals; `""` where there is none. */
  readonly command: string;
  /** Values that it takes. */
  readonly parameters: number;
  /** Whether its columns can change although the text stays the same: it has a `*`. */
  readonly hasStar: boolean;
}

const WORD = /[A-Za-z_\u0080-\uffff][A-Za-z0-9_$\u0080-\uffff]*/y;
const NAMED = /[:@$][A-Za-z0-9_$\u0080-\uffff]+/y;
const NUMBERED = /\?([0-9]*)/y;
const SPACE = /[\s\u0000]/;

/** Throws `input_invalid` where it is no single statement. */
export function factsOf(sql: string): StatementFacts {
  let command = "";
  let hasStar = false;
  let parameters = 0;
  const names = new Set<string>();
  const words: string[] = [];
  let isTrigger = false;
  let afterSemicolon = false;
  let isComplete = false;
  for (let at = 0; at < sql.length;) {
    const passed = endOfPassage(sql, at);
    if (passed?.isSpace === true) {
      at = passed.end;
      continue;
    }
    if (isComplete) throw several();
    if (passed !== undefined) {
      afterSemicolon = false;
      at = passed.end;
      continue;
    }
    const char = sql[at]!;
    const word = match(WORD, sql, at);
    if (word !== undefined) {
      const upper = word[0].toUpperCase();
      if (command === "") command = upper;
      if (words.length < 5) {
        words.push(upper);
        isTrigger ||= TRIGGER.test(words.join(" "));
      }
      if (isTrigger && upper === "END" && afterSemicolon) isTrigger = false;
      afterSemicolon = false;
      at += word[0].length;
      continue;
    }
    if (char === ";") {
      if (!isTrigger) isComplete = true;
      afterSemicolon = true;
      at++;
      continue;
    }
    afterSemicolon = false;
    const numbered = match(NUMBERED, sql, at);
    if (numbered !== undefined) {
      parameters = numbered[1] === "" ? parameters + 1 : Math.max(parameters, Number(numbered[1]));
      at += numbered[0].length;
      continue;
    }
    const named = match(NAMED, sql, at);
    if (named !== undefined) {
      if (!names.has(named[0])) parameters++;
      names.add(named[0]);
      at += named[0].length;
      continue;
    }
    hasStar ||= char === "*";
    // A number, with what belongs to it: `1e5` holds no word.
    at += /^[0-9][0-9A-Za-z_.]*/.exec(sql.slice(at, at + 64))?.[0].length ?? 1;
  }
  if (command === "" && !isComplete) throw none();
  return { command, parameters, hasStar };
}

const TRIGGER = /^(EXPLAIN (QUERY PLAN )?)?CREATE (TEMP |TEMPORARY )?TRIGGER$/;

interface Passage {
  readonly end: number;
  readonly isSpace: boolean;
}

function endOfPassage(sql: string, at: number): Passage | undefined {
  const char = sql[at]!;
  if (SPACE.test(char)) return { end: at + 1, isSpace: true };
  if (char === "'" || char === '"' || char === "`") return { end: endOfQuote(sql, at, char), isSpace: false };
  if (char === "[") return { end: after(sql, "]", at), isSpace: false };
  if (char === "-" && sql[at + 1] === "-") return { end: after(sql, "\n", at), isSpace: true };
  if (char === "/" && sql[at + 1] === "*") return { end: after(sql, "*/", at + 2), isSpace: true };
  return undefined;
}

function endOfQuote(sql: string, start: number, quote: string): number {
  for (let at = start + 1; at < sql.length; at++)
    if (sql[at] === quote) {
      if (sql[at + 1] !== quote) return at + 1;
      at++;
    }
  return sql.length;
}

function after(sql: string, text: string, from: number): number {
  const at = sql.indexOf(text, from);
  return at < 0 ? sql.length : at + text.length;
}

function match(pattern: RegExp, sql: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(sql) ?? undefined;
}

function several(): ConnectorError {
  return new ConnectorError("input_invalid", "Only one statement is run at a time", {
    outcome: "none",
    hint: "Use `transaction` for several.",
  });
}

function none(): ConnectorError {
  return new ConnectorError("input_invalid", "The text holds no statement", { outcome: "none" });
}
