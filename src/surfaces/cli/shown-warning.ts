/** A warning as JSON has it. */
import { formatOrigin } from "../../config/origin.ts";
import type { Warning } from "../../hub/warnings.ts";

export interface ShownWarning {
  readonly message: string;
  /** `options.timeout`, and where it was written: `file:line:column`, or `default`. */
  readonly settings: readonly { readonly path: string; readonly source: string }[];
}

export function shownWarning({ message, settings }: Warning): ShownWarning {
  return {
    message,
    settings: settings.map(({ path, origin }) => ({ path: path.join("."), source: formatOrigin(origin) })),
  };
}
