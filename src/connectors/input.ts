/** Checks what a caller passed to an operation; what is wrong is told by field, never by value. */
import { problemsIn } from "../core/issues.ts";
import type { Operation } from "../core/operation.ts";

export function parseInput(
  operation: Operation,
  params: unknown,
): { readonly success: true; readonly data: unknown } | { readonly success: false; readonly problem: string } {
  const given = params ?? {};
  let parsed: ReturnType<typeof operation.input.safeParse>;
  try {
    parsed = operation.input.safeParse(given);
  } catch {
    // A check of the schema's author, or a getter of the caller's, threw; its text could carry a value.
    return { success: false, problem: "Invalid input: it could not be checked" };
  }
  if (parsed.success) return parsed;
  const lines = problemsIn(parsed.error, operation.input, given).map(({ path, message }) =>
    path.length === 0 ? message : `${path.map(String).join(".")}: ${message}`,
  );
  return { success: false, problem: `Invalid input: ${lines.join("; ")}` };
}
