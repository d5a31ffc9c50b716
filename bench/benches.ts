import type { Bench } from "./bench.ts";

/** Every bench by name, in the order in which they run. */
export const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  policies: () => import("./policies.ts"),
  "postgres-select": () => import("./postgres-select.ts"),
  rest: () => import("./rest.ts"),
};
