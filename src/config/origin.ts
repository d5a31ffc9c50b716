/** Where a setting comes from: a place in a file, a name in code, or the schema's default. */

/** The place of a setting. Lines and columns count from 1. */
export type Origin =
  | { readonly from: "file"; readonly file: string; readonly line: number; readonly column: number }
  /** An object passed in code; `path` is where in it: `connectors[0].connection.host`. */
  | { readonly from: "code"; readonly path: string }
  /** The `overrides` of `openHub`; `path` is where in them: `overrides.primary-database.timeout`. */
  | { readonly from: "override"; readonly path: string }
  | { readonly from: "default" };

export const DEFAULT: Origin = { from: "default" };

/** `connectors.yaml:7:13`, the path in code, or `default`. */
export function formatOrigin(origin: Origin): string {
  if (origin.from === "file") return `${origin.file}:${origin.line}:${origin.column}`;
  return origin.from === "default" ? "default" : origin.path;
}
