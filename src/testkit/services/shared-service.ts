/**
 * One server for a whole test run, for the few that take seconds to start.
 *
 * The runner's global setup starts them and puts their facts into the environment, which every runner hands to its
 * workers; so this needs no runner's own mechanism. A test file that is run alone gets a private server instead.
 *
 *     // the global setup's file
 *     export default () => shareServices({ broker: rabbitmq() });
 *
 *     // a test file
 *     const broker = await sharedService("broker", rabbitmq());
 *     afterAll(() => broker.release());
 */
import type { ServiceSpec } from "./service-spec.ts";
import { type Service, startService } from "./service.ts";

const VARIABLE = "BUSBAR_TEST_SERVICES";

export type ServiceFacts = Pick<Service, "host" | "port" | "url" | "username" | "password" | "database">;

export interface SharedService extends ServiceFacts {
  /** Ends a server that is private to this file; leaves a shared one alone. */
  release(): Promise<void>;
}

/** Starts the servers side by side, for all test files of this run; returns what ends them. */
export async function shareServices(specs: Readonly<Record<string, ServiceSpec>>): Promise<() => Promise<void>> {
  const started: [string, Service][] = [];
  const endAll = async (): Promise<void> => {
    Reflect.deleteProperty(process.env, VARIABLE);
    await Promise.all(started.map(([, service]) => service.destroy()));
  };
  const starts = Object.entries(specs).map(async ([name, spec]) => started.push([name, await startService(spec)]));
  const failure = (await Promise.allSettled(starts)).find((start) => start.status === "rejected");
  if (failure) {
    await endAll();
    throw failure.reason;
  }
  process.env[VARIABLE] = JSON.stringify(
    Object.fromEntries(started.map(([name, service]) => [name, factsOf(service)])),
  );
  return endAll;
}

/** The server that this run shares under that name, or a private one when the run shares none. */
export async function sharedService(name: string, spec: ServiceSpec): Promise<SharedService> {
  // Written by `shareServices` above, in the process that started this one.
  const shared = JSON.parse(process.env[VARIABLE] ?? "{}") as Record<string, ServiceFacts>;
  const facts = shared[name];
  if (facts) return { ...facts, release: () => Promise.resolve() };
  const service = await startService(spec);
  return { ...factsOf(service), release: () => service.destroy() };
}

function factsOf({ host, port, url, username, password, database }: Service): ServiceFacts {
  return { host, port, url, username, password, database };
}
