/** What the code of a file may contain, how long it may be and how things are called. */
import ts from "typescript";
import { lineOf, nodesOf, type SourceFile } from "./source-tree.ts";

const isTest = (path: string): boolean => /(\.test|-for-test|\.types)\.ts$/.test(path);

interface Ban {
  readonly what: string;
  /** Files that may, with the reason in the rule's name. */
  readonly except: RegExp;
  readonly finds: (node: ts.Node) => boolean;
}

const isNamed = (node: ts.Node, name: string): boolean => ts.isIdentifier(node) && node.text === name;
const isGlobalCall = (node: ts.Node, names: readonly string[]): boolean =>
  ts.isCallExpression(node) && names.some((name) => isNamed(node.expression, name));

const BANS: readonly Ban[] = [
  {
    what: "Date.now: time comes from a Clock",
    except: /^src\/(core\/clock\.ts$|testkit\/)/,
    finds: (node) => ts.isPropertyAccessExpression(node) && node.getText() === "Date.now",
  },
  {
    what: "a bare timer: time comes from a Clock",
    except: /^src\/(core\/(clock|timer-lists)\.ts$|testkit\/)/,
    finds: (node) => isGlobalCall(node, ["setTimeout", "setInterval"]),
  },
  {
    what: "console: only the command line and the testkit print",
    except: /^src\/(surfaces\/cli|testkit)\//,
    finds: (node) => ts.isPropertyAccessExpression(node) && isNamed(node.expression, "console"),
  },
  {
    what: "the type `any`",
    except: /^$/,
    finds: (node) => node.kind === ts.SyntaxKind.AnyKeyword,
  },
  {
    what: "an environment variable: configuration reads them, nobody else",
    except: /^src\/(config|hub|surfaces|testkit)\//,
    finds: (node) => ts.isPropertyAccessExpression(node) && node.getText() === "process.env",
  },
  {
    what: "the end of the process: only the command line ends it",
    except: /^src\/(surfaces|testkit)\//,
    finds: (node) => ts.isPropertyAccessExpression(node) && /^process\.(exit|abort)$/.test(node.getText()),
  },
];

/** Every use of something that has its own place, as `file:line: what`. */
export function bannedCode(files: readonly SourceFile[]): string[] {
  return files
    .filter(({ path }) => !isTest(path))
    .flatMap(({ path, ast }) => {
      const bans = BANS.filter(({ except }) => !except.test(path));
      return [...nodesOf(ast)].flatMap((node) =>
        bans.filter(({ finds }) => finds(node)).map(({ what }) => `${path}:${lineOf(ast, node)}: ${what}`),
      );
    });
}

const SWITCHES = new Set(["skip", "only", "todo", "skipIf", "runIf", "fails", "failing"]);
const RUNNERS = new Set(["test", "it", "describe", "suite", "bench", "context", "task"]);
const SWITCHED = new Set(["xit", "xtest", "xdescribe", "fit", "fdescribe"]);

/** Every test that does not run, or that keeps others from running. */
export function switchedTests(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, ast }) => {
    return [...nodesOf(ast)]
      .filter((node) => {
        if (ts.isPropertyAccessExpression(node)) return SWITCHES.has(node.name.text) && RUNNERS.has(rootOf(node));
        return ts.isCallExpression(node) && ts.isIdentifier(node.expression) && SWITCHED.has(node.expression.text);
      })
      .map((node) => `${path}:${lineOf(ast, node)}: ${node.getText().split("\n")[0]}`);
  });
}

function rootOf(node: ts.Expression): string {
  let at = node;
  while (ts.isPropertyAccessExpression(at) || ts.isCallExpression(at)) at = at.expression;
  return ts.isIdentifier(at) ? at.text : "";
}

const LONGEST = 300;
const LONGEST_POLICY = 150;
const LARGEST_CONNECTOR = 600;

/** Files and connectors that are too long. Tests are read one case at a time and may be longer. */
export function oversized(files: readonly SourceFile[]): string[] {
  const code = files.filter(({ path }) => !isTest(path));
  const long = code.flatMap(({ path, lines }) => {
    const most = path.startsWith("src/policies/") ? LONGEST_POLICY : LONGEST;
    return lines > most ? [`${path}: ${lines} lines, at most ${most}`] : [];
  });
  const folders = new Map<string, number>();
  for (const { path, lines } of code) {
    // A part with a folder of its own (a wire protocol) is understood, and counted, by itself.
    const folder = /^src\/connectors\/.+(?=\/)/.exec(path)?.[0];
    if (folder === undefined || path.endsWith("/targets.ts")) continue;
    folders.set(folder, (folders.get(folder) ?? 0) + lines);
  }
  for (const [folder, lines] of folders)
    if (lines > LARGEST_CONNECTOR) long.push(`${folder}: ${lines} lines in all, at most ${LARGEST_CONNECTOR}`);
  return long;
}

const EMPTY_WORDS = ["manager", "managers", "helper", "helpers", "util", "utils", "common", "misc", "base"];
const KEBAB = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|types))?\.ts$/;

/** Files, folders and declarations whose names say nothing, and files that are not kebab-case. */
export function badNames(files: readonly SourceFile[]): string[] {
  return files.flatMap(({ path, ast }) => {
    const wrong: string[] = [];
    const empty = path.split(/[/.-]/).find((word) => EMPTY_WORDS.includes(word));
    if (empty !== undefined) wrong.push(`${path}: "${empty}" says nothing`);
    if (!KEBAB.test(path.slice(path.lastIndexOf("/") + 1))) wrong.push(`${path}: not kebab-case`);
    for (const statement of ast.statements) {
      const name = declaredName(statement);
      if (name === undefined || name === "BaseConnector") continue;
      const said = name.split(/(?=[A-Z])|_/).find((word) => EMPTY_WORDS.includes(word.toLowerCase()));
      if (said !== undefined) wrong.push(`${path}:${lineOf(ast, statement)}: "${said}" in ${name} says nothing`);
    }
    return wrong;
  });
}

function declaredName(node: ts.Statement): string | undefined {
  if (ts.isFunctionDeclaration(node) || ts.isClassDeclaration(node)) return node.name?.text;
  return ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) ? node.name.text : undefined;
}
