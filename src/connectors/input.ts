/** Checks what a caller passed to an operation; what is wrong is told by field, never by value. */
import type { Operation } from "../core/operation.ts";

export function parseInput(
  operation: Operation,
  params: unknown,
): { readonly data: unknown } | { readonly problem: string } {
  const parsed = operation.input.safeParse(params ?? {});
  if (parsed.success) return parsed;
  const lines = parsed.error.issues.map((issue) => {
    const path = issue.path.join(".");
    const message = issue.message.replace(/^Invalid input: /, "");
    return path === "" ? message : `${path}: ${message}`;
  });
  return { problem: `Invalid input: ${lines.join("; ")}` };
}
