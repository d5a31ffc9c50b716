import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { runFaultSuite, type ServiceSpec } from "../../testkit/index.ts";
import { firstReply } from "../../testkit/services/wait.ts";
import { RESTAPIConnector } from "./index.ts";

/** In a process of its own, because it is to be killed and frozen; orders outlive it in a file. */
const program = `
const { appendFileSync } = require("node:fs");
const [port, file] = process.argv.slice(1);
require("node:http").createServer((request, response) => {
  request.resume().on("end", () => {
    if (request.method === "POST") appendFileSync(file, "order\\n");
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify({ status: "ok" }));
  });
}).listen({ host: "127.0.0.1", port: Number(port) });
`;

const orders: ServiceSpec = {
  name: "orders",
  debianPackages: [],
  howToGet: "It comes with Node.js.",
  findBinaries: async () => dirname(process.execPath),
  prepare: async (instance) => void (await instance.write("orders", "")),
  command: ({ dir, port }) => ({ file: process.execPath, args: ["-e", program, String(port), join(dir, "orders")] }),
  isReady: async ({ port }) =>
    (await firstReply(port, { send: Buffer.from("GET /health HTTP/1.1\r\nHost: orders\r\n\r\n") })) !== undefined,
  stopSignal: "SIGTERM",
  facts: ({ host, port }) => ({ url: `http://${host}:${port}`, username: "", database: "" }),
};

await runFaultSuite({
  connector: "rest",
  target: "embedded",
  server: orders,
  lacks: { stream: "HTTP answers are taken whole; no operation answers with many items." },
  start: async ({ dir }) => ({
    make: ({ host, port, ...settings }, environment) =>
      new RESTAPIConnector({ baseURL: `http://${host}:${port}`, ...settings }, environment),
    read: (api, options) => api.get({ path: "/orders" }, options),
    write: (api, options) => api.post({ path: "/orders", data: {} }, options),
    effects: async () => readFileSync(join(dir, "orders"), "utf8").split("\n").length - 1,
  }),
});
