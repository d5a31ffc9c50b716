/** The code blocks of Markdown pages, and whether those in TypeScript compile against the sources. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";

export interface CodeBlock {
  readonly file: string;
  /** Line of its first line of code, from 1. */
  readonly line: number;
  /** The first word after the fence. */
  readonly language: string;
  /** What else stands after the fence. */
  readonly mark: string;
  readonly text: string;
}

/** Markdown files of the repository that people read, by their paths from its root. */
export function listPages(root: string): string[] {
  const atRoot = readdirSync(root).filter((name) => name.endsWith(".md"));
  const below = ["docs", "src", "examples"].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".md"))
      .map((name) => `${folder}/${name.replaceAll("\\", "/")}`),
  );
  return [...atRoot, ...below].sort();
}

export function codeBlocks(root: string, file: string): CodeBlock[] {
  const lines = readFileSync(join(root, file), "utf8").split("\n");
  const found: CodeBlock[] = [];
  for (let at = 0; at < lines.length; at++) {
    const fence = /^(\s*)```(\S+)?\s*(.*)$/.exec(lines[at]!);
    if (fence === null) continue;
    const [, indent = "", language = "", mark = ""] = fence;
    const end = lines.findIndex((line, index) => index > at && line.trim() === "```");
    if (end < 0) throw new Error(`${file}:${at + 1}: code block without an end`);
    const text = lines.slice(at + 1, end).map((line) => line.slice(indent.length));
    found.push({ file, line: at + 2, language, mark, text: text.join("\n") });
    at = end;
  }
  return found;
}

/** What the compiler says of the blocks, each as a module of its own, as `file:line: message`. */
export function compileErrors(root: string, blocks: readonly CodeBlock[]): string[] {
  const config = ts.readConfigFile(join(root, "tsconfig.check.json"), ts.sys.readFile) as { config: unknown };
  const { options } = ts.parseJsonConfigFileContent({ ...(config.config as object), files: [] }, ts.sys, root);
  const byPath = new Map(blocks.map((block, at) => [join(root, "test/docs", `block-${at}.ts`), block]));
  const host = ts.createCompilerHost({ ...options, incremental: false });
  const { getSourceFile, fileExists, readFile } = host;
  // A block without imports is a script to the compiler, where `await` would not stand alone.
  const textOf = (path: string): string | undefined =>
    byPath.has(path) ? `${byPath.get(path)!.text}\nexport {};\n` : undefined;
  host.getSourceFile = (path, version, ...rest) => {
    const text = textOf(path);
    if (text === undefined) return getSourceFile.call(host, path, version, ...rest);
    return ts.createSourceFile(path, text, version);
  };
  host.fileExists = (path) => byPath.has(path) || fileExists.call(host, path);
  host.readFile = (path) => textOf(path) ?? readFile.call(host, path);
  const program = ts.createProgram([...byPath.keys()], { ...options, incremental: false, noUnusedLocals: false }, host);
  return [...byPath].flatMap(([path, block]) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(path)).map(({ file, start, messageText }) => {
      const line = file === undefined ? 0 : file.getLineAndCharacterOfPosition(start ?? 0).line;
      return `${block.file}:${block.line + line}: ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    }),
  );
}
