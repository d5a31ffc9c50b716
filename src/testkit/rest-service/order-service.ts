/** A REST service in a process of its own, to be killed and frozen. Its orders outlive that in a file. */
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import type { ServiceSpec } from "../services/service-spec.ts";
import type { Service } from "../services/service.ts";
import type { ShownCertificate } from "../services/tls.ts";
import { firstReply } from "../services/wait.ts";

const FILE = "orders";

/** Plain JavaScript, because Node 20 runs nothing else. */
const program = `
const { appendFileSync } = require("node:fs");
const { readFileSync } = require("node:fs");
const [port, file, cert, key] = process.argv.slice(1);
const answer = (request, response) => {
  request.resume().on("end", () => {
    if (request.method === "POST") appendFileSync(file, "order\\n");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "ok" }));
  });
};
const server = cert === undefined
  ? require("node:http").createServer(answer)
  : require("node:https").createServer({ cert: readFileSync(cert), key: readFileSync(key) }, answer);
server.keepAliveTimeout = 60_000;
server.listen({ host: "127.0.0.1", port: Number(port) });
`;

/** Answers every request with 200; each POST is one more order. It ends no idle connection before a minute is over. */
export const orderService: ServiceSpec = {
  name: "order-service",
  debianPackages: [],
  howToGet: "It comes with Node.js.",
  findBinaries: async () => dirname(process.execPath),
  prepare: async (instance) => void (await instance.write(FILE, "")),
  command: ({ dir, port }) => ({ file: process.execPath, args: ["-e", program, String(port), join(dir, FILE)] }),
  isReady: async ({ port }) => {
    const send = Buffer.from("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    return (await firstReply(port, { send })) !== undefined;
  },
  keepsRoot: true, // a node of one's own may stand in a folder that nobody else can read
  stopSignal: "SIGTERM",
  facts: ({ host, port }) => ({ url: `http://${host}:${port}`, username: "", database: "" }),
};

/** The same behind TLS; it shows that certificate. */
export function secureOrderService({ certificates, show }: ShownCertificate): ServiceSpec {
  return {
    ...orderService,
    async prepare(instance) {
      await orderService.prepare(instance);
      await instance.write("server.pem", certificates[show].cert);
      await instance.write("server.key", certificates[show].key);
    },
    command(instance) {
      const { file, args } = orderService.command(instance);
      return { file, args: [...args, join(instance.dir, "server.pem"), join(instance.dir, "server.key")] };
    },
    // What speaks TLS answers to anything else with an alert, or hangs up: it listens.
    isReady: ({ port }) => isListening(port),
  };
}

/** How many orders it has ever got. */
export function orderCount({ dir }: Service): number {
  return readFileSync(join(dir, FILE), "utf8").split("\n").length - 1;
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: "127.0.0.1", port });
  try {
    await once(socket, "connect");
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
