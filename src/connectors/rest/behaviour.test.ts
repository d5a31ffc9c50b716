import { httpBehaviour } from "../../contracts/http/behaviour.ts";
import { runBehaviour } from "../../testkit/index.ts";
import { targets } from "./targets.ts";

await runBehaviour({ connector: "rest", contract: "http", cases: httpBehaviour, targets });
