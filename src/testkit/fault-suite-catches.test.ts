/** A connector written by hand joins the suite; each of its defects fails the cases that are there for it, and no other. */
import { readFileSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { CallOptions } from "../core/call.ts";
import { toConnectorError } from "../core/classify.ts";
import { ConnectorError } from "../core/errors.ts";
import { faultCases, subjectOf, type FaultSystem, type SubjectSettings } from "./fault-suite.ts";
import type { FaultContext } from "./fault-trial.ts";
import type { ServiceSpec } from "./services/service-spec.ts";
import { startService, type Service } from "./services/service.ts";
import { firstReply } from "./services/wait.ts";

/** Answers every line with one, and keeps the ones that say "write". */
const program = `
const { appendFileSync } = require("node:fs");
const [port, file] = process.argv.slice(1);
require("node:net").createServer((socket) => {
  socket.on("error", () => {});
  socket.on("data", (line) => {
    if (String(line) === "write\\n") appendFileSync(file, "x");
    socket.write("done, as asked\\n");
  });
}).listen({ host: "127.0.0.1", port: Number(port) });
`;

const lines: ServiceSpec = {
  name: "lines",
  debianPackages: [],
  howToGet: "It comes with Node.js.",
  findBinaries: async () => dirname(process.execPath),
  prepare: async (instance) => void (await instance.write("effects", "")),
  command: ({ dir, port }) => ({ file: process.execPath, args: ["-e", program, String(port), join(dir, "effects")] }),
  isReady: async ({ port }) => (await firstReply(port, { send: Buffer.from("read\n") })) !== undefined,
  keepsRoot: true,
  stopSignal: "SIGTERM",
  facts: ({ host, port }) => ({ url: `tcp://${host}:${port}`, username: "", database: "" }),
};

type Defect = "ignores aborts" | "leaks sockets" | "never reconnects" | "names the wrong kind" | "has a late timer";

/** More than a busy machine takes from the process meanwhile, which the suite allows on top. */
const LATE_MS = 5_000;

/** A socket a call. */
class LineConnector {
  readonly #settings: SubjectSettings;
  readonly #defect: Defect | undefined;
  readonly #open = new Map<Socket, () => void>();
  #broken: ConnectorError | undefined;

  constructor(settings: SubjectSettings, defect: Defect | undefined) {
    this.#settings = settings;
    this.#defect = defect;
  }

  async connect(): Promise<void> {}

  describe(): { readonly operations: Record<string, never> } {
    return { operations: {} };
  }

  async disconnect(options: { readonly timeout?: number } = {}): Promise<void> {
    const until = performance.now() + (options.timeout ?? 1_000);
    while (this.#open.size > 0 && performance.now() < until) await new Promise((resolve) => setTimeout(resolve, 5));
    for (const end of this.#open.values()) end();
  }

  async read(options: CallOptions): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#ask("read\n", options);
      } catch (error) {
        const { kind } = error as ConnectorError;
        if (kind !== "connection_lost" || attempt === this.#settings.retryAttempts) throw error;
      }
    }
  }

  write(options: CallOptions): Promise<void> {
    return this.#ask("write\n", options);
  }

  #ask(line: string, options: CallOptions): Promise<void> {
    const { signal } = options;
    const timeout = Number(options.timeout ?? this.#settings.timeout);
    if (this.#broken !== undefined) return Promise.reject(this.#broken);
    const { host, port } = this.#settings;
    return new Promise((resolve, reject) => {
      const socket = connect({ host, port });
      let answer = "";
      const outcome = (): "none" | "unknown" => (socket.bytesWritten > 0 ? "unknown" : "none");
      const leave = (): void => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", cancel);
        this.#open.delete(socket);
        if (this.#defect !== "leaks sockets") socket.destroy();
      };
      const fail = (error: ConnectorError): void => {
        leave();
        error.outcome ??= outcome();
        if (this.#defect === "never reconnects") this.#broken = error;
        if (this.#defect === "names the wrong kind")
          reject(new ConnectorError("internal", "?", { outcome: outcome() }));
        else reject(error);
      };
      const lost = (): void => fail(new ConnectorError("connection_lost", "The connection broke"));
      const cancel = (): void => fail(new ConnectorError("cancelled", "Cancelled"));
      const late = (): void => fail(new ConnectorError("timeout", "Timed out"));
      const timer = setTimeout(late, this.#defect === "has a late timer" ? timeout + LATE_MS : timeout);
      if (this.#defect !== "ignores aborts") signal?.addEventListener("abort", cancel);
      this.#open.set(socket, cancel);
      socket.on("connect", () => socket.write(line));
      socket.on("data", (bytes) => {
        answer += String(bytes);
        if (!answer.endsWith("\n")) return;
        leave();
        resolve();
      });
      socket.on("error", (error) => fail(toConnectorError(error, () => undefined)));
      socket.on("end", lost);
    });
  }
}

let service: Service;
let ctx: Omit<FaultContext, "make">;

beforeAll(async () => {
  service = await startService(lines);
  const effects = async (): Promise<number> => readFileSync(join(service.dir, "effects"), "utf8").length;
  ctx = { service, proxy: await service.proxied(), effects };
});
afterAll(() => service.destroy());

const system = (defect?: Defect): FaultSystem<LineConnector> => ({
  make: (settings) => new LineConnector(settings, defect),
  read: (connector, options) => connector.read(options),
  write: (connector, options) => connector.write(options),
  effects: async () => 0,
});

/** One of each sort; but for pools, which this connector has not. */
const SORTS = /refuses|stalls before|resets in the middle|hangs up|half-open|between two calls|idle|nobody knows/;
const cases = faultCases.filter(({ name }) => SORTS.test(name) && !name.includes("calls that"));

/** The cases that fail, with their errors. */
async function failing(defect: Defect | undefined, tried: typeof cases): Promise<Map<string, string>> {
  const failed = new Map<string, string>();
  for (const { name, run } of tried) {
    const make: FaultContext["make"] = (settings) => subjectOf(system(defect), settings);
    await run({ ...ctx, make }).catch((error: unknown) => failed.set(name, String(error)));
  }
  return failed;
}

test.each<[string, Defect | undefined, RegExp, RegExp?]>([
  ["without a defect", undefined, /^$/],
  ["that ignores aborts", "ignores aborts", /an abort ends/],
  // Each of them waits for the sockets to go.
  ["that leaks sockets", "leaks sockets", /./, /stalls/],
  ["that never reconnects", "never reconnects", /fails in time|an abort ends|repeated and answered/],
  ["that names the wrong kind", "names the wrong kind", /fails in time|an abort ends|repeated and answered/],
  ["with a late timer", "has a late timer", /(stalls|half-open).*fails in time/],
])("a connector %s fails the cases for it and no other", { timeout: 60_000 }, async (_what, defect, expected, of) => {
  expect(cases.length).toBeGreaterThan(12);
  const tried = of === undefined ? cases : cases.filter(({ name }) => of.test(name));
  const failed = await failing(defect, tried);
  const told = [...failed].map(([name, error]) => `${name}: ${error}`).join("\n");
  expect([...failed.keys()], told).toEqual(tried.map(({ name }) => name).filter((name) => expected.test(name)));
});
