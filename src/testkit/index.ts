/**
 * What tests of connectors, policies and surfaces are made of, for third parties too.
 *
 * Only `runBehaviour` and `runFaultSuite` need vitest, and load it when they are called.
 */
import type { Behaviour } from "./behaviour.ts";
import type { FaultSuite, FaultyConnector } from "./fault-suite.ts";

export type { Behaviour, BehaviourCase, RunningTarget, Target } from "./behaviour.ts";
export { checkAnswers } from "./check-answers.ts";
export { fakeClock, type FakeClock } from "./fake-clock.ts";
export { FaultProxy, startFaultProxy, type Direction, type FaultProxyTarget } from "./fault-proxy.ts";
export type { FaultSuite, FaultSystem, FaultyConnector, SubjectSettings } from "./fault-suite.ts";
export { frozenListener, type FrozenListener } from "./frozen-listener.ts";
export { makeCall, type CallSettings } from "./make-call.ts";
export { renderMatrix, type SuiteResult } from "./matrix.ts";
export { RestService, startRestService, type RestServiceOptions } from "./rest-service/rest-service.ts";
export {
  answer,
  delay,
  fail,
  hang,
  raise,
  scriptedHandler,
  type ScriptedHandler,
  type ScriptSettings,
  type SeenCall,
  type Step,
} from "./scripted-handler.ts";
export { createDatabase, type FreshDatabase } from "./services/create-database.ts";
export { areServicesAvailable, ensureInstalled } from "./services/install.ts";
export { claimPort, type ClaimedPort } from "./services/ports.ts";
export { startNameServer, type NameAnswer, type NameServer } from "./name-server.ts";
export { mariadb, type MariadbOptions } from "./services/mariadb.ts";
export { postgresql, type PostgresqlOptions } from "./services/postgresql.ts";
export { postgresqlStandby } from "./services/postgresql-standby.ts";
export type { Command, ConnectionFacts, ServiceInstance, ServiceSpec } from "./services/service-spec.ts";
export { ServiceUnavailable } from "./services/service-unavailable.ts";
export { startService, type Service } from "./services/service.ts";
export {
  makeTestCertificates,
  signTestClient,
  type ShownCertificate,
  type TestCertificate,
  type TestCertificates,
} from "./services/tls.ts";

/** Registers one vitest suite a target, with one test a case; to be awaited at the top of a test file. */
export async function runBehaviour<Ctx>(behaviour: Behaviour<Ctx>): Promise<void> {
  const { runBehaviour: run } = await import("./behaviour.ts");
  run(behaviour);
}

/** Registers the suite of network faults for one connector; to be awaited at the top of a test file. */
export async function runFaultSuite<C extends FaultyConnector>(suite: FaultSuite<C>): Promise<void> {
  const { runFaultSuite: run } = await import("./fault-suite.ts");
  run(suite);
}
