/** Checks what a caller passed to an operation; what is wrong is told by field, never by value. */
import { problemsIn } from "../core/issues.ts";
import type { Operation } from "../core/operation.ts";

export function parseInput(
  operation: Operation,
  params: unknown,
): { readonly data: unknown } | { readonly problem: string } {
  const given = params ?? {};
  const parsed = operation.input.safeParse(given);
  if (parsed.success) return parsed;
  const lines = problemsIn(parsed.error, operation.input, given).map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`,
  );
  return { problem: `Invalid input: ${lines.join("; ")}` };
}
