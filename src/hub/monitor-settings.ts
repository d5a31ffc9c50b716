/** What a hub's monitor can be told. */
import { parseDuration } from "../config/fields.ts";
import { ConnectorError } from "../core/errors.ts";
import { unknownName } from "../core/issues.ts";

/** How quiet connectors are watched. */
export interface MonitorOptions {
  /** How long nothing may be heard of a system before it is asked; milliseconds or text like "30s". Default: 30 seconds. */
  readonly interval?: number | string | undefined;
  /** How long it has to answer. Default: 5 seconds. */
  readonly timeout?: number | string | undefined;
}

export interface MonitorSettings {
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

const DEFAULTS = { interval: 30_000, timeout: 5_000 };
/** More often, it would be a test of the system's load. */
const SHORTEST_MS = 100;

/** `undefined` where nothing is to be watched. Throws `config_invalid`. */
export function monitorSettings(monitor: unknown): MonitorSettings | undefined {
  if (monitor === undefined || monitor === false) return undefined;
  const options = monitor === true ? {} : monitor;
  if (typeof options !== "object" || options === null || Array.isArray(options))
    throw invalid("monitor", "expected true, false or { interval, timeout }");
  const names = Object.keys(DEFAULTS);
  for (const name of Object.keys(options))
    if (!names.includes(name)) throw invalid("monitor", unknownName(name, names));
  const { interval = DEFAULTS.interval, timeout = DEFAULTS.timeout } = options as MonitorOptions;
  return { intervalMs: atLeast("monitor.interval", interval), timeoutMs: atLeast("monitor.timeout", timeout) };
}

function atLeast(name: string, value: unknown): number {
  const ms = parseDuration(value);
  if (ms !== undefined && ms >= SHORTEST_MS) return ms;
  throw invalid(name, `expected at least ${SHORTEST_MS} milliseconds, or text like "30s"`);
}

function invalid(option: string, why: string): ConnectorError {
  return new ConnectorError("config_invalid", `Invalid ${option}: ${why}`, { outcome: "none" });
}
