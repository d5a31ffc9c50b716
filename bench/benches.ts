import type { Bench } from "./bench.ts";

/** Every bench by name, in the order in which they run. */
export const BENCHES: Readonly<Record<string, () => Promise<{ readonly bench: Bench }>>> = {
  policies: () => import("./policies.ts"),
  "postgres-select": () => import("./postgres-select.ts"),
  "postgres-insert": () => import("./postgres-insert.ts"),
  "postgres-read": () => import("./postgres-read.ts"),
  "postgres-transfer": () => import("./postgres-transfer.ts"),
  "mysql-select": () => import("./mysql-select.ts"),
  "mysql-insert": () => import("./mysql-insert.ts"),
  sqlite: () => import("./sqlite.ts"),
  rest: () => import("./rest.ts"),
};
