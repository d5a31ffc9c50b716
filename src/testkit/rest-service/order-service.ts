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
const { appendFileSync, readFileSync } = require("node:fs");
const { createHash } = require("node:crypto");
const [port, file, cert, key] = process.argv.slice(1);
const lines = readFileSync(file, "utf8").split("\\n").slice(0, -1);
const known = new Map();
const working = new Set();
let orders = lines.length;
for (const line of lines) {
  const [, key, hash, number] = line.split(" ");
  if (key !== undefined) known.set(key, { hash, number: Number(number) });
}
const send = (response, status, body, headers = {}) => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
};
const take = (key, hash) => {
  const number = ++orders;
  appendFileSync(file, (key === undefined ? "order" : ["order", key, hash, number].join(" ")) + "\\n");
  if (key !== undefined) known.set(key, { hash, number });
  return number;
};
const answer = async (request, response) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  if (request.url === "/working") return send(response, 200, working.size);
  if (request.method !== "POST") return send(response, 200, { status: "ok" });
  const given = request.headers["idempotency-key"];
  if (given === undefined) return send(response, 200, { status: "ok", order: take() });
  const key = encodeURIComponent(given);
  const hash = createHash("sha256").update(request.url).update(Buffer.concat(chunks)).digest("hex");
  if (working.has(key)) return send(response, 409, { status: "working" });
  const found = known.get(key);
  if (found !== undefined && found.hash !== hash) return send(response, 422, { status: "another order" });
  if (found !== undefined)
    return send(response, 200, { status: "ok", order: found.number }, { "idempotent-replayed": "true" });
  const workMs = Number(new URL(request.url, "http://service.invalid").searchParams.get("workMs"));
  working.add(key);
  if (workMs > 0) await new Promise((resolve) => setTimeout(resolve, workMs));
  const order = take(key, hash);
  working.delete(key);
  send(response, 200, { status: "ok", order });
};
// A client that goes away in the middle of its request is part of the tests.
const serve = (request, response) => void answer(request, response).catch(() => response.destroy());
const server = cert === undefined
  ? require("node:http").createServer(serve)
  : require("node:https").createServer({ cert: readFileSync(cert), key: readFileSync(key) }, serve);
server.keepAliveTimeout = 60_000;
server.listen({ host: "127.0.0.1", port: Number(port) });
`;

/**
 * Answers every request with 200; each POST is one more order, whose number is told. It ends no idle connection before a
 * minute is over. An `Idempotency-Key` is honoured: the same key is the same order, 409 while that is worked on (for
 * `?workMs=N` milliseconds), 422 with another body or URL; `/working` tells how many are.
 */
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
