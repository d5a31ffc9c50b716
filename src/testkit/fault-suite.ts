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
import type { CallOptions } from "../core/call.ts";
import type { Operations } from "../core/operation.ts";
import type { ItemStream } from "../core/stream.ts";
import { runBehaviour } from "./behaviour.ts";
import { faultCases } from "./fault-cases.ts";
import { faultStreamCases } from "./fault-stream-cases.ts";
import type { Subject, SubjectSettings } from "./fault-trial.ts";
import type { ServiceSpec } from "./services/service-spec.ts";
import { startService, type Service } from "./services/service.ts";

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
  /** Prepares a server that has just been started. */
  start(this: void, service: Service): Promise<FaultSystem<C>>;
}

/** Registers the suite with vitest. */
export function runFaultSuite<C extends FaultyConnector>(suite: FaultSuite<C>): void {
  const { connector, target, server, lacks = {}, start } = suite;
  runBehaviour({
    connector,
    contract: "faults",
    cases: [...faultCases, ...faultStreamCases],
    targets: [
      {
        name: target,
        lacks,
        async start() {
          const service = await startService(server);
          try {
            const proxy = await service.proxied();
            const system = await start(service);
            return {
              ctx: { service, proxy, effects: () => system.effects(), make: (settings) => subjectOf(system, settings) },
              async stop() {
                await system.stop?.();
                await service.destroy();
              },
            };
          } catch (error) {
            await service.destroy();
            throw error;
          }
        },
      },
    ],
  });
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
    stream: stream && ((options) => stream(connector, options)),
  };
}
