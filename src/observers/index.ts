/** Subscribers to what busbar tells of itself; importing them loads no package. */
export {
  auditTo,
  type AuditEntry,
  type AuditEvent,
  type CircuitEvent,
  type ConfigurationEvent,
  type RefusalEvent,
  type SecretReadEvent,
} from "./audit.ts";
export { logTo, type LogLevel, type LogOptions, type PinoLike } from "./logging.ts";
export {
  collectMetrics,
  type CollectedMetrics,
  type CounterSeries,
  type HistogramSeries,
  type Metric,
} from "./collected-metrics.ts";
export type { Attributes } from "./conventions.ts";
export { measureTo, type InstrumentOptions, type MeterLike } from "./metrics.ts";
export { renderPrometheus } from "./prometheus.ts";
export { traceTo, type OpenTelemetryLike, type SpanLike, type TracerLike } from "./tracing.ts";
