/** An error on stderr: what failed, its kind, what to do about it, and with `--verbose` what caused it. */
import { ConnectorError, KINDS } from "../../core/errors.ts";
import type { Output } from "./output.ts";
import { printableJson, printableText } from "./printable.ts";
import { USAGE_EXIT, UsageError } from "./usage-error.ts";

export interface ErrorStyle {
  readonly json: boolean;
  readonly verbose: boolean;
}

/** The exit code of an error, from the table of kinds. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof UsageError) return USAGE_EXIT;
  return KINDS[error instanceof ConnectorError ? error.kind : "internal"].exit;
}

export async function reportError(error: unknown, output: Output, { json, verbose }: ErrorStyle): Promise<void> {
  const facts = factsOf(error);
  const causes = verbose ? causesOf(error) : [];
  if (json) {
    const told = causes.length === 0 ? facts : { ...facts, causes };
    return output.tell(`${printableJson(JSON.stringify({ error: told }))}\n`);
  }
  const { kind, message, hint, outcome } = facts;
  const lines = [
    `${output.paintTold("red", "busbar:")} ${printableText(message)}`,
    `  kind: ${kind}`,
    ...(hint === undefined ? [] : [`  hint: ${printableText(hint)}`]),
    ...(outcome === "unknown" ? ["  outcome: unknown; the system may have carried it out"] : []),
    ...causes.map((cause) => output.paintTold("dim", `  caused by: ${printableText(cause)}`)),
  ];
  return output.tell(`${lines.join("\n")}\n`);
}

interface Facts {
  readonly kind: string;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly outcome?: string | undefined;
}

function factsOf(error: unknown): Facts {
  if (error instanceof ConnectorError) return error.toJSON() as unknown as Facts;
  if (error instanceof UsageError) return { kind: "usage", message: error.message, hint: error.hint };
  return { kind: "internal", message: error instanceof Error ? error.message : String(error) };
}

/** One line for each cause, the nearest first; for an error without a known kind also where it was thrown. */
function causesOf(error: unknown): readonly string[] {
  const lines: string[] = [];
  const visit = (found: unknown, depth: number): void => {
    if (!(found instanceof Error) || depth > 8) return;
    if (depth > 0) lines.push(`${found.name}: ${found.message}${codeOf(found)}`);
    if (found instanceof AggregateError) for (const inner of found.errors) visit(inner, depth + 1);
    visit(found.cause, depth + 1);
  };
  visit(error, 0);
  const isForeseen = error instanceof UsageError || (error instanceof ConnectorError && error.kind !== "internal");
  const stack = !isForeseen && error instanceof Error ? error.stack : undefined;
  return stack === undefined ? lines : [...lines, stack];
}

function codeOf({ code }: NodeJS.ErrnoException): string {
  return typeof code === "string" ? ` (${code})` : "";
}
