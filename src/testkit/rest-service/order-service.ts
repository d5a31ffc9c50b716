/** A REST service in a process of its own, to be killed and frozen. Its orders outlive that in a file. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { ServiceSpec } from "../services/service-spec.ts";
import type { Service } from "../services/service.ts";
import { firstReply } from "../services/wait.ts";

const FILE = "orders";

/** Plain JavaScript, because Node 20 runs nothing else. */
const program = `
const { appendFileSync } = require("node:fs");
const [port, file] = process.argv.slice(1);
const server = require("node:http").createServer((request, response) => {
  request.resume().on("end", () => {
    if (request.method === "POST") appendFileSync(file, "order\\n");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "ok" }));
  });
});
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

/** How many orders it has ever got. */
export function orderCount({ dir }: Service): number {
  return readFileSync(join(dir, FILE), "utf8").split("\n").length - 1;
}
