/** The public surface of busbar; importing it loads no driver. */
export { defineConnector, type ConnectorClass, type FlatConfig, type Methods } from "./connectors/define.ts";
export type { ConnectorEnvironment } from "./connectors/connector-environment.ts";
export type { ConnectorDescription } from "./connectors/connector-description.ts";
export { DefinedConnector } from "./connectors/defined.ts";
export { bytes, duration, pool, port, secret, tls } from "./config/fields.ts";
export { BaseConnector, type AnswerWithMeta } from "./core/connector.ts";
export type { ConditionChange, ConnectorState, ConnectorStatus, Failure, LastError } from "./core/connector-status.ts";
export type { ConditionSettings } from "./core/condition.ts";
export type { HealthCheckOptions } from "./connectors/health-check.ts";
export type { Call, CallOptions } from "./core/call.ts";
export { classifySocketError, type Classification } from "./core/classify.ts";
export type { Clock, Timer } from "./core/clock.ts";
export type { Config, ConnectorType, Definition, Environment, Handler, Handlers, Session } from "./core/definition.ts";
export { loadDriver } from "./core/driver.ts";
export { ConnectorError, KINDS, type ErrorDetails, type Kind, type Outcome, type Repeat } from "./core/errors.ts";
export {
  channels,
  type ConditionEvent,
  type NoticeEvent,
  type Severity,
  type StateEvent,
  type UnclassifiedEvent,
} from "./core/events.ts";
export type { Degraded, Health } from "./core/health.ts";
export {
  read,
  stream,
  write,
  type Answer,
  type Effect,
  type Example,
  type Input,
  type Operation,
  type Operations,
  type Parsed,
} from "./core/operation.ts";
export type { AttemptRecord, Around } from "./core/attempt-record.ts";
export type { CacheState, CallMeta, CallPlace, CallRecord, Column, Server, Stage, Waits } from "./core/record.ts";
export { Secret } from "./core/secret.ts";
export { inBatches, type Batches, type ItemStream } from "./core/stream.ts";
export type { CircuitControl, CircuitState } from "./policies/circuit.ts";
export { formatOrigin, type Origin } from "./config/origin.ts";
export { formatProblem, problemsOf, type ConfigProblem } from "./config/problem.ts";
export {
  loadConfig,
  type ConfigSource,
  type ConnectorEntry,
  type HubConfig,
  type LoadedConfig,
  type LoadOptions,
} from "./hub/configuration.ts";
export type { ExplainedSetting } from "./hub/explain.ts";
export type { LoadedConnector } from "./hub/loaded-connector.ts";
export type { AnyConnectorClass } from "./hub/resolve.ts";
export * from "./hub/hub.ts";
