/**
 * `${…}` in a text.
 *
 *   ${NAME}            the variable; a problem where it is not set (empty counts as set)
 *   ${NAME:-default}   the default where it is not set or empty
 *   ${NAME:?message}   a problem with that message where it is not set or empty
 *   ${file:PATH}       a file's text without its last line break
 *   $${…}              the characters `${…}` themselves
 *
 * As in the shell (POSIX 2.6.2), a default may hold further `${…}`, and it ends at its own `}`: braces inside it are counted,
 * so that JSON may stand there. Other `$` mean nothing. What a variable or a file brings is never looked at again. The
 * message after `:?` is shown as it is written: expanding it could print a secret.
 */

type Template = readonly (string | Reference)[];

interface Reference {
  /** Index of the `$`. */
  readonly at: number;
  readonly form: "value" | "default" | "required" | "file";
  /** The variable's name; empty for a file. */
  readonly name: string;
  /** Default or path. */
  readonly inner: Template;
  /** The same as written. */
  readonly source: string;
}

/** What is wrong with a text, and at which character. */
export interface TextProblem {
  readonly at: number;
  readonly message: string;
}

/** Where values come from. */
export interface Lookup {
  /** `undefined` where it is not set. */
  variable(name: string): string | undefined;
  file(path: string): Promise<{ readonly text: string } | { readonly problem: string }>;
}

export type Expanded = { readonly text: string } | { readonly problems: readonly TextProblem[] };

const FORMS = "${NAME}, ${NAME:-default}, ${NAME:?message}, ${file:PATH} and $${ for a literal ${";
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const DEEPEST = 20;

/** Whether a text holds anything to expand. */
export const hasReferences = (text: string): boolean => text.includes("${");

/** The text with every `${…}` replaced, or everything that keeps it from being so. */
export async function interpolate(text: string, lookup: Lookup): Promise<Expanded> {
  let template: Template;
  try {
    template = new Scanner(text).template();
  } catch (error) {
    if (error instanceof Malformed) return { problems: [error.problem] };
    throw error;
  }
  const problems: TextProblem[] = [];
  const expanded = await evaluate(template, lookup, problems);
  return problems.length > 0 ? { problems } : { text: expanded };
}

class Malformed extends Error {
  readonly problem: TextProblem;

  constructor(problem: TextProblem) {
    super(problem.message);
    this.problem = problem;
  }
}

class Scanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Up to the end, or inside a reference up to the `}` that closes it. */
  template(start?: number, depth = 0): Template {
    const parts: (string | Reference)[] = [];
    let literal = "";
    let braces = 0;
    for (;;) {
      const rest = this.#at;
      const char = this.#text[rest];
      if (char === undefined) {
        if (start !== undefined) throw new Malformed({ at: start, message: "${ is not closed by }" });
        break;
      }
      if (this.#text.startsWith("$${", rest)) {
        literal += "${";
        this.#at += 3;
        braces++;
        continue;
      }
      if (this.#text.startsWith("${", rest)) {
        parts.push(literal, this.#reference(depth));
        literal = "";
        continue;
      }
      if (char === "{") braces++;
      if (char === "}" && braces-- === 0 && start !== undefined) break;
      literal += char;
      this.#at++;
    }
    return [...parts, literal];
  }

  #reference(depth: number): Reference {
    const at = this.#at;
    if (depth >= DEEPEST) throw new Malformed({ at, message: `\${…} is nested deeper than ${DEEPEST} levels` });
    this.#at += 2;
    if (this.#takes("file:")) return { at, form: "file", name: "", ...this.#inner(at, depth) };
    NAME.lastIndex = this.#at;
    const [name] = NAME.exec(this.#text) ?? [];
    if (name === undefined) throw malformed(at);
    this.#at += name.length;
    if (this.#takes("}")) return { at, form: "value", name, inner: [], source: "" };
    if (this.#takes(":-")) return { at, form: "default", name, ...this.#inner(at, depth) };
    if (this.#takes(":?")) return { at, form: "required", name, ...this.#inner(at, depth) };
    if (this.#at >= this.#text.length) throw new Malformed({ at, message: "${ is not closed by }" });
    throw malformed(at);
  }

  #inner(at: number, depth: number): { readonly inner: Template; readonly source: string } {
    const from = this.#at;
    const inner = this.template(at, depth + 1);
    const source = this.#text.slice(from, this.#at);
    this.#at++;
    return { inner, source };
  }

  #takes(token: string): boolean {
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }
}

function malformed(at: number): Malformed {
  return new Malformed({ at, message: `malformed \${…}; allowed: ${FORMS}` });
}

async function evaluate(template: Template, lookup: Lookup, problems: TextProblem[]): Promise<string> {
  let text = "";
  for (const part of template) text += typeof part === "string" ? part : await resolve(part, lookup, problems);
  return text;
}

async function resolve(reference: Reference, lookup: Lookup, problems: TextProblem[]): Promise<string> {
  const { at, form, name, inner, source } = reference;
  const refuse = (message: string): string => {
    problems.push({ at, message });
    return "";
  };
  if (form === "file") {
    const before = problems.length;
    const path = await evaluate(inner, lookup, problems);
    if (problems.length > before) return "";
    const read = path === "" ? { problem: "has no name" } : await lookup.file(path);
    return "text" in read ? read.text.replace(/\r?\n$/, "") : refuse(`file ${source}: ${read.problem}`);
  }
  const value = lookup.variable(name);
  if (form === "value") return value ?? refuse(`variable ${name} is not set`);
  if (value !== undefined && value !== "") return value;
  if (form === "default") return evaluate(inner, lookup, problems);
  const state = value === undefined ? "not set" : "empty";
  return refuse(source === "" ? `variable ${name} is ${state}` : `variable ${name} is ${state}: ${source}`);
}
