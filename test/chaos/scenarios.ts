import type { Scenario } from "./scenario.ts";

/** Every scenario by name, in the order in which they run. */
export const SCENARIOS: Readonly<Record<string, () => Promise<{ readonly scenario: Scenario }>>> = {
  "exactly-once": () => import("./scenarios/exactly-once.ts"),
  "no-storm": () => import("./scenarios/no-storm.ts"),
  recovery: () => import("./scenarios/recovery.ts"),
  credentials: () => import("./scenarios/credentials.ts"),
};
