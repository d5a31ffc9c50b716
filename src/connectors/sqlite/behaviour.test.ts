import { sqlBehaviour } from "../../contracts/sql/behaviour.ts";
import { runBehaviour } from "../../testkit/index.ts";
import { targets } from "./targets.ts";

await runBehaviour({ connector: "sqlite", contract: "sql", cases: sqlBehaviour, targets });
