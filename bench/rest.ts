/** `GET` of a kilobyte of JSON over kept connections, parsed, 64 callers. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Bench, Facts } from "./bench.ts";

const urlOf = (facts: Facts): string => `${String(facts["origin"])}/items/1`;

/** Every side must have parsed the body. */
function check(answer: unknown): void {
  if ((answer as { id?: unknown }).id !== 1) throw new Error("wrong answer");
}

export const bench: Bench = {
  title: "GET 1 KB of JSON, 64 callers, kept connections",
  callers: 64,
  async setUp() {
    const server = fork(new URL("rest-server.js", import.meta.url));
    const [{ port }] = (await once(server, "message", { signal: AbortSignal.timeout(10_000) })) as [{ port: number }];
    return { facts: { origin: `http://127.0.0.1:${port}` }, close: async () => void server.kill() };
  },
  sides: [
    {
      name: "busbar, every policy",
      is: "busbar",
      async open(facts) {
        const { RESTAPIConnector } = await import("busbar/connectors/rest");
        const connector = new RESTAPIConnector({
          baseURL: String(facts["origin"]),
          timeout: 30_000,
          attemptTimeout: 10_000,
          retryAttempts: 3,
          rateLimit: { requests: 1_000_000_000, window: 1000 },
        });
        await connector.connect();
        return {
          once: async () => check(await connector.get({ path: "/items/1" })),
          close: () => connector.disconnect(),
        };
      },
    },
    {
      name: "axios",
      is: "peer",
      async open(facts) {
        const { default: axios } = await import("axios");
        const url = urlOf(facts);
        return { once: async () => check((await axios.get(url, { timeout: 10_000 })).data) };
      },
    },
    {
      name: "got",
      is: "peer",
      async open(facts) {
        const { default: got } = await import("got");
        const { Agent } = await import("node:http");
        const agent = { http: new Agent({ keepAlive: true }) };
        const url = urlOf(facts);
        return { once: async () => check(await got(url, { agent, timeout: { request: 10_000 } }).json()) };
      },
    },
    {
      name: "ky",
      is: "peer",
      async open(facts) {
        const { default: ky } = await import("ky");
        const url = urlOf(facts);
        return { once: async () => check(await ky(url, { timeout: 10_000 }).json()) };
      },
    },
    {
      name: "undici.request",
      is: "peer",
      async open(facts) {
        const { request } = await import("undici");
        const url = urlOf(facts);
        return {
          async once() {
            const { body } = await request(url, { signal: AbortSignal.timeout(10_000) });
            check(await body.json());
          },
        };
      },
    },
    {
      name: "fetch",
      is: "peer",
      async open(facts) {
        const url = urlOf(facts);
        return {
          async once() {
            const response = await fetch(url, { signal: AbortSignal.timeout(10_000) });
            check(await response.json());
          },
        };
      },
    },
  ],
  pledges: [],
};
