/** The real packages fit the shapes that are described here; checked by the compiler, never run. */
import * as api from "@opentelemetry/api";
import { pino } from "pino";
import { logTo } from "./logging.ts";
import { measureTo } from "./metrics.ts";
import { traceTo } from "./tracing.ts";

export const fitting = (): Disposable[] => [
  traceTo(api),
  measureTo(api.metrics.getMeter("busbar")),
  logTo(pino({ level: "silent" }), { slowMs: 100, level: "debug" }),
];
