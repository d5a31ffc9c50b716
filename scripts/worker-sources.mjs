/**
 * Lets threads that tests start load TypeScript, which vitest does only for its own modules. What they load is kept,
 * translated, below `.cache`, because the translator takes longer to load than the thread to start.
 */
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";

if (!isMainThread || process.env.BUSBAR_RUN_SOURCES === "1") register("./worker-sources-hooks.mjs", import.meta.url);
