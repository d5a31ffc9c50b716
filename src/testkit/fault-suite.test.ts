/** The suite finds what it is there to find: a good connector is spoiled in one point each. */
import { setMaxListeners } from "node:events";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { RESTAPIConnector } from "../connectors/rest/index.ts";
import type { ConnectorError } from "../core/errors.ts";
import { lazyStream, openStream, type ItemStream } from "../core/stream.ts";
import { faultCases, subjectOf } from "./fault-suite.ts";
import type { FaultContext, Subject } from "./fault-trial.ts";
import { orderCount, orderService } from "./rest-service/order-service.ts";
import { startService, type Service } from "./services/service.ts";

let service: Service;
let ctx: Omit<FaultContext, "make">;
/** Gives back what a spoiled connector keeps. */
const undo: (() => unknown)[] = [];

beforeAll(async () => {
  service = await startService(orderService);
  ctx = { service, proxy: await service.proxied(), effects: async () => orderCount(service) };
});
afterEach(() => Promise.all(undo.splice(0).map((give) => give())));
afterAll(() => service.destroy());

const make: FaultContext["make"] = (settings) =>
  subjectOf(
    {
      make: ({ host, port, ...policies }, environment) =>
        new RESTAPIConnector({ baseURL: `http://${host}:${port}`, ...policies }, environment),
      read: (api, options) => api.get({ path: "/" }, options),
      write: (api, options) => api.post({ path: "/", data: {} }, options),
      effects: async () => 0,
    },
    settings,
  );

/** Runs one case with a connector that `spoil` has spoiled. */
async function runCase(name: string, spoil: (good: Subject) => Partial<Subject>): Promise<void> {
  const found = faultCases.find((each) => each.name.includes(name));
  if (found === undefined) expect.unreachable(`no case is called "${name}"`);
  await found.run({
    ...ctx,
    make: (settings) => {
      const good = make(settings);
      return { ...good, ...spoil(good) };
    },
  });
}

/** Ends a call's error as another one. */
const retold = (call: Promise<unknown>, tell: (error: ConnectorError) => void): Promise<unknown> =>
  call.catch((error: ConnectorError) => {
    tell(error);
    throw error;
  });

const few = (): ItemStream<unknown> =>
  lazyStream(() =>
    openStream(
      (async function* () {
        yield 1;
        yield 2;
      })(),
    ),
  );

const STALLS = "stalls before the reply";

test.each<[string, string, (good: Subject) => Partial<Subject>, RegExp]>([
  [
    "does not end by its deadline",
    `${STALLS}: a read`,
    ({ read }) => ({ read: () => read({ timeout: 1_500 }) }),
    /still ran after/,
  ],
  [
    "does not listen to an abort",
    `${STALLS}: an abort`,
    ({ write }) => ({ write: ({ signal: _signal, ...rest }) => write({ ...rest, timeout: 1_500 }) }),
    /still ran after/,
  ],
  [
    "names the wrong kind",
    "resets in the middle of the reply: a read fails",
    ({ read }) => ({ read: (options) => retold(read(options), (error) => Object.assign(error, { kind: "timeout" })) }),
    /^timeout: /,
  ],
  [
    "gives up before its time",
    `${STALLS}: a read`,
    ({ read }) => ({ read: (options) => read(options.timeout === undefined ? options : { timeout: 100 }) }),
    /gave up after [12]\d\d[. ]/,
  ],
  [
    "denies a write that may have been carried out",
    `${STALLS}: a write`,
    ({ write }) => ({ write: (options) => retold(write(options), (error) => (error.outcome = "none")) }),
    /outcome none/,
  ],
  [
    "sends a write twice",
    "resets in the middle of the reply: a write",
    ({ write }) => ({
      write: (options) =>
        write(options).catch(async (error: unknown) => {
          await write({});
          throw error;
        }),
    }),
    /2 effects/,
  ],
  [
    "does not come back after a fault",
    "refuses connections: a read",
    ({ read }) => {
      let first: Promise<unknown> | undefined;
      // Good once, to be struck; from then on its first failure is its answer to everything.
      const isToFail = ({ timeout }: { readonly timeout?: unknown }): boolean => timeout !== undefined;
      return { read: (options) => first ?? (isToFail(options) ? (first = read(options)) : read(options)) };
    },
    /ECONNREFUSED|ECONNRESET/,
  ],
  [
    "keeps its connections",
    "refuses connections: a read",
    ({ disconnect }) => {
      undo.push(disconnect);
      return { disconnect: async () => {} };
    },
    /TCPSocketWrap/,
  ],
  [
    "keeps a timer",
    "refuses connections: a read",
    ({ disconnect }) => ({
      async disconnect(options) {
        await disconnect(options);
        const timer = setTimeout(() => {}, 60_000);
        undo.push(() => clearTimeout(timer));
      },
    }),
    /Timeout/,
  ],
  [
    "keeps what was aborted",
    "aborted calls",
    ({ read }) => {
      const kept: unknown[] = [];
      undo.push(() => kept.splice(0));
      return { read: (options) => (kept.push(options), read(options)) };
    },
    /aborted calls are kept in memory/,
  ],
  [
    "keeps listening to a signal",
    "under one signal",
    ({ read }) => ({
      read: (options) => {
        if (options.signal) setMaxListeners(0, options.signal); // Node would warn of it
        options.signal?.addEventListener("abort", () => {}, { once: true });
        return read(options);
      },
    }),
    /200/,
  ],
  ["ends a stream that was cut as if that were all", "cut in its middle", () => ({ stream: few }), /was answered/],
])("a connector that %s is found out", async (_what, name, spoil, message) => {
  await expect(runCase(name, spoil)).rejects.toThrow(message);
});

test("a connector that has streams must tell the suite of one", async () => {
  const [, operation] = Object.entries(make({ ...where(), ...CALM }).operations)[0]!;
  const spoil = (): Partial<Subject> => ({ operations: { list: { ...operation, stream: true } } });
  await expect(runCase("cut in its middle", spoil)).rejects.toThrow("tell the suite of one");
  await expect(runCase("cut in its middle", () => ({}))).rejects.toMatchObject({ kind: "unsupported" });
});

const CALM = { timeout: 1_000, connectionTimeout: 1_000, retryAttempts: 1, retry: { delay: 1 } };
const where = () => ({ host: ctx.proxy.host, port: ctx.proxy.port });
