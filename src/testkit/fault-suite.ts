/**
 * One suite of network faults for every connector that talks to a server.
 *
 * A connector joins with one call, in which it says which server to start, how it is made for a host and port, and how
 * to read, to write and to count what was written. Everything else is the same for all: the faults (network-faults.ts),
 * what is expected under each (fault-cases.ts, fault-stream-cases.ts), and what is expected of every connector after each,
 * which is that it works again without being made anew, and leaves nothing behind when it is disconnected (fault-trial.ts).
 *
 * The suite is a behaviour suite like any other: what a connector lacks is declared and asserted, and it has its row in
 * the matrix.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CallOptions } from "../core/call.ts";
import type { Operations } from "../core/operation.ts";
import type { ItemStream } from "../core/stream.ts";
import { runBehaviour, type BehaviourCase, type RunningTarget } from "./behaviour.ts";
import { faultAbortCases } from "./fault-abort-cases.ts";
import { casesOf } from "./fault-cases.ts";
import { FaultFigures } from "./fault-figures.ts";
import { faultLastingCases } from "./fault-lasting-cases.ts";
import { faultStreamCases } from "./fault-stream-cases.ts";
import type { FaultContext, SecureSide, Subject, SubjectSettings } from "./fault-trial.ts";
import { networkFaults } from "./network-faults.ts";
import type { ServiceSpec } from "./services/service-spec.ts";
import { startService, type Service } from "./services/service.ts";
import { makeTestCertificates, type ShownCertificate } from "./services/tls.ts";
import { tlsFaults } from "./tls-faults.ts";

export type { SubjectSettings } from "./fault-trial.ts";

/** What the suite needs of a connector beside its calls; whatever `defineConnector` makes has it. */
export interface FaultyConnector {
  connect(): Promise<void>;
  disconnect(options?: { readonly timeout?: number }): Promise<void>;
  describe(): { readonly operations: Operations };
}

/** How one kind of connector is made and used against a server that runs. */
export interface FaultSystem<C extends FaultyConnector> {
  /** Makes one, connected to nothing yet; what is given is spread into its settings and its environment. */
  make(this: void, settings: SubjectSettings, environment: { readonly connectsOnUse: () => boolean }): C;
  /** Reads something cheap that is always there. */
  read(this: void, connector: C, options: CallOptions): Promise<unknown>;
  /** Makes exactly one effect that a repetition would double. */
  write(this: void, connector: C, options: CallOptions): Promise<unknown>;
  /**
   * What `write` does, without its effect, where the first one on a connection takes more than one question: a statement
   * is prepared. Default: a read.
   */
  warmUp?(this: void, connector: C): Promise<unknown>;
  /** How many effects `write` has ever had; asked of the server itself, not through a connector of the suite. */
  effects(this: void): Promise<number>;
  /** Many items, more than buffers on the way can hold: some megabytes. */
  stream?(this: void, connector: C, options: CallOptions): ItemStream<unknown>;
  /** Gives back what `start` took, the server excepted. */
  stop?(this: void): Promise<void>;
}

/** What a connector says of itself to join the suite. */
export interface FaultSuite<C extends FaultyConnector> {
  /** The connector's provider. */
  readonly connector: string;
  /** Name of the server in the matrix: `embedded` or `live`. */
  readonly target: string;
  /** What is broken; effects must survive SIGKILL. */
  readonly server: ServiceSpec;
  /** `stream`, where the connector has no operation that answers with many items; with the reason. */
  readonly lacks?: { readonly stream?: string };
  /** The same server, but behind TLS alone, showing that certificate; absent where the connector knows no TLS. */
  secureServer?(this: void, shown: ShownCertificate): ServiceSpec;
  /** Prepares a server that has just been started. `ca` is the authority to trust where it speaks TLS, as PEM. */
  start(this: void, service: Service, ca: string | undefined): Promise<FaultSystem<C>>;
}

/** More than the longest of the limits inside one case. */
const CASE_MS = 60_000;

/** The cases of the suite. */
export const faultCases: readonly BehaviourCase<FaultContext>[] = [
  ...networkFaults.flatMap(casesOf),
  ...faultLastingCases,
  ...faultAbortCases,
  ...faultStreamCases,
];

/** The cases of the suite through TLS. */
export const secureFaultCases: readonly BehaviourCase<FaultContext>[] = [
  ...tlsFaults.flatMap(casesOf),
  ...networkFaults.filter(({ isBeforeConnection }) => isBeforeConnection !== true).flatMap(casesOf),
  ...faultLastingCases,
  ...faultAbortCases,
  ...faultStreamCases,
];

/** Registers the suite with vitest. */
export function runFaultSuite<C extends FaultyConnector>(suite: FaultSuite<C>): void {
  const { connector, target: name, secureServer, lacks = {} } = suite;
  const plain = { name, lacks, start: () => run(suite, undefined) };
  runBehaviour({ connector, contract: "faults", cases: faultCases, targets: [plain], timeoutMs: CASE_MS });
  if (secureServer === undefined) return;
  const secure = { name: `${name}, TLS`, lacks, start: () => runSecure(suite, secureServer) };
  runBehaviour({ connector, contract: "faults", cases: secureFaultCases, targets: [secure], timeoutMs: CASE_MS });
}

async function runSecure<C extends FaultyConnector>(
  suite: FaultSuite<C>,
  serverWith: NonNullable<FaultSuite<C>["secureServer"]>,
): Promise<RunningTarget<FaultContext>> {
  const folders = await Promise.all(["ours", "theirs"].map((name) => mkdtemp(join(tmpdir(), `busbar-tls-${name}-`))));
  try {
    const [certificates, strangers] = await Promise.all(folders.map((folder) => makeTestCertificates(folder)));
    const showing = (show: ShownCertificate["show"]): ServiceSpec => serverWith({ certificates: certificates!, show });
    const wrong = {
      expired: showing("expired"),
      elsewhere: showing("elsewhere"),
      stranger: serverWith({ certificates: strangers!, show: "server" }),
      plain: suite.server,
    };
    return await run(suite, { server: showing("server"), ca: certificates!.ca.cert, side: { wrong } });
  } finally {
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  }
}

interface Secure {
  readonly server: ServiceSpec;
  readonly ca: string;
  readonly side: SecureSide;
}

async function run<C extends FaultyConnector>(
  { connector, server, start }: FaultSuite<C>,
  secure: Secure | undefined,
): Promise<RunningTarget<FaultContext>> {
  const service = await startService(secure?.server ?? server);
  try {
    const proxy = await service.proxied();
    const system = await start(service, secure?.ca);
    const figures = new FaultFigures();
    const ctx: FaultContext = {
      service,
      proxy,
      effects: () => system.effects(),
      make: (settings) => subjectOf(system, settings),
      secure: secure?.side,
      note: (figure) => figures.add(figure),
    };
    const stop = async (): Promise<void> => {
      await system.stop?.();
      await service.destroy();
      const title = `${connector} under faults${secure === undefined ? "" : ", through TLS"}`;
      process.stdout.write(`\n${figures.render(title)}\n`);
    };
    return { ctx, stop };
  } catch (error) {
    await service.destroy();
    throw error;
  }
}

/** The connector with its calls bound to it, so that the cases need not know its type. */
export function subjectOf<C extends FaultyConnector>(system: FaultSystem<C>, settings: SubjectSettings): Subject {
  // As in a hub: the call connects, so its deadline and its abort hold for that as well.
  const connector = system.make(settings, { connectsOnUse: () => true });
  const { stream } = system;
  return {
    connect: () => connector.connect(),
    disconnect: (options) => connector.disconnect(options),
    operations: connector.describe().operations,
    read: (options) => system.read(connector, options),
    write: (options) => system.write(connector, options),
    warmUp: () => system.warmUp?.(connector) ?? system.read(connector, {}),
    stream: stream && ((options) => stream(connector, options)),
  };
}
