/** The sources as the architecture rules see them: files, what they import and how, and the tree of their code. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";
import ts from "typescript";

export interface Import {
  /** As written. */
  readonly specifier: string;
  /** Path from the root where it is one of ours. */
  readonly file: string | undefined;
  /** Package where it is neither ours nor Node's. */
  readonly packageName: string | undefined;
  readonly mode: "static" | "dynamic" | "type";
  readonly line: number;
}

export interface SourceFile {
  /** From the root, with `/`. */
  readonly path: string;
  readonly lines: number;
  readonly imports: readonly Import[];
  readonly ast: ts.SourceFile;
}

/** Paths of all TypeScript files below a folder, sorted. */
export function listSources(root: string, folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts") && !entry.name.endsWith(".d.ts"))
    .map((entry) => join(entry.parentPath, entry.name).slice(join(root, "/").length).replaceAll("\\", "/"))
    .sort();
}

export function readSources(root: string, folder: string): SourceFile[] {
  return listSources(root, folder).map((path) => parseSource(path, readFileSync(join(root, path), "utf8")));
}

export function parseSource(path: string, text: string): SourceFile {
  const ast = ts.createSourceFile(path, text, ts.ScriptTarget.ESNext, true);
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
  return { path, lines, ast, imports: importsOf(ast, path) };
}

/** Line of a node, from 1. */
export function lineOf(ast: ts.SourceFile, node: ts.Node): number {
  return ast.getLineAndCharacterOfPosition(node.getStart(ast)).line + 1;
}

/** Every node of a file. */
export function* nodesOf(node: ts.Node): Generator<ts.Node> {
  yield node;
  for (const child of node.getChildren()) yield* nodesOf(child);
}

function importsOf(ast: ts.SourceFile, path: string): Import[] {
  const found: Import[] = [];
  for (const node of nodesOf(ast)) {
    const [specifier, mode] = specifierOf(node);
    if (specifier === undefined) continue;
    const isOurs = specifier.startsWith(".");
    found.push({
      specifier,
      mode,
      line: lineOf(ast, node),
      file: isOurs ? posix.join(posix.dirname(path), specifier) : undefined,
      packageName: isOurs || specifier.startsWith("node:") ? undefined : packageOf(specifier),
    });
  }
  return found;
}

function specifierOf(node: ts.Node): [string | undefined, Import["mode"]] {
  const text = (expression: ts.Node | undefined): string | undefined =>
    expression !== undefined && ts.isStringLiteralLike(expression) ? expression.text : undefined;
  if (ts.isImportDeclaration(node))
    return [text(node.moduleSpecifier), bringsTypesOnly(node.importClause) ? "type" : "static"];
  if (ts.isExportDeclaration(node)) return [text(node.moduleSpecifier), exportsTypesOnly(node) ? "type" : "static"];
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return [text(node.argument.literal), "type"];
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
    return [text(node.arguments[0]), "dynamic"];
  return [undefined, "static"];
}

function bringsTypesOnly(clause: ts.ImportClause | undefined): boolean {
  if (clause === undefined) return false;
  if (clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const named = clause.namedBindings;
  if (clause.name !== undefined || named === undefined || !ts.isNamedImports(named)) return false;
  return named.elements.length > 0 && named.elements.every((element) => element.isTypeOnly);
}

function exportsTypesOnly(node: ts.ExportDeclaration): boolean {
  const named = node.exportClause;
  if (node.isTypeOnly) return true;
  return named !== undefined && ts.isNamedExports(named) && named.elements.every((element) => element.isTypeOnly);
}

function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : parts[0]!;
}
