/**
 * The matrix connector × target: what each behaviour suite came to, kept as one small file a suite, so that suites of
 * different processes meet in one table at the end of a run.
 */
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

/** What one suite came to: one contract, kept by one connector on one target. */
export interface SuiteResult {
  readonly connector: string;
  readonly contract: string;
  readonly target: string;
  readonly passed: number;
  readonly failed: number;
  /** Cases that were refused, as the target's lacks foretell. */
  readonly refused: number;
  /** False where the run ended before the suite did. */
  readonly isFinished: boolean;
  /** Why nothing was run. */
  readonly notRun?: string | undefined;
  /** Features that the target has not, with the reasons. */
  readonly lacks: Readonly<Record<string, string>>;
}

/** Where results are kept: `BUSBAR_MATRIX_DIR`, else `.cache/matrix` below the working directory. */
export function matrixFolder(): string {
  return process.env["BUSBAR_MATRIX_DIR"] ?? join(process.cwd(), ".cache", "matrix");
}

/** Keeps a result; an earlier one of the same suite is replaced. */
export async function saveResult(result: SuiteResult, folder: string = matrixFolder()): Promise<void> {
  await mkdir(folder, { recursive: true });
  const name = [result.connector, result.contract, result.target].map(encodeURIComponent).join(".");
  await writeFile(join(folder, `${name}.json`), JSON.stringify(result));
}

/** The table as text, with what was not run and what targets lack below it. */
export async function renderMatrix(folder: string = matrixFolder()): Promise<string> {
  const results = await readResults(folder);
  if (results.length === 0) return "No behaviour suite was run.";
  const targets = [...new Set(results.map(({ target }) => target))].sort();
  const suites = new Map<string, SuiteResult[]>();
  for (const result of results) {
    const key = JSON.stringify([result.connector, result.contract]);
    suites.set(key, [...(suites.get(key) ?? []), result]);
  }
  const rows = [...suites.values()].map((ofSuite) => [
    ofSuite[0]!.connector,
    ofSuite[0]!.contract,
    ...targets.map((target) => cell(ofSuite.find((result) => result.target === target))),
  ]);
  const table = columns([["connector", "contract", ...targets], ...rows]);
  return [...table, ...notes(results)].join("\n");
}

async function readResults(folder: string): Promise<SuiteResult[]> {
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === "ENOENT") return [];
    throw error;
  });
  const files = names.filter((name) => name.endsWith(".json")).sort();
  // Written by `saveResult`, nobody else.
  return Promise.all(files.map(async (name) => JSON.parse(await readFile(join(folder, name), "utf8")) as SuiteResult));
}

function cell(result: SuiteResult | undefined): string {
  if (result === undefined) return "–";
  if (result.notRun !== undefined) return "not run";
  const parts = [`${result.passed} passed`];
  if (result.refused > 0) parts.push(`${result.refused} refused`);
  if (result.failed > 0) parts.push(`${result.failed} FAILED`);
  if (!result.isFinished) parts.push("NOT FINISHED");
  return parts.join(", ");
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)));
  return rows.map((row) =>
    row
      .map((text, at) => text.padEnd(widths[at]!))
      .join("   ")
      .trimEnd(),
  );
}

function notes(results: readonly SuiteResult[]): string[] {
  return results.flatMap(({ connector, contract, target, notRun, lacks }) => {
    const where = `${connector} · ${contract} · ${target}`;
    const lacking = Object.entries(lacks).map(([feature, reason]) => `${where} lacks ${feature}: ${reason}`);
    return notRun === undefined ? lacking : [`${where} was not run: ${notRun}`, ...lacking];
  });
}
