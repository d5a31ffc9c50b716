/** `GET` of a kilobyte of JSON over kept connections, parsed, 64 callers. */
import { fork } from "node:child_process";
import { once } from "node:events";
import type { Bench, Facts, Work } from "./bench.ts";
import { EVERY_POLICY } from "./every-policy.ts";

const LIMIT_MS = 10_000;
const PATH = "/items/1";

const urlOf = (facts: Facts): string => `${String(facts["origin"])}${PATH}`;

/** Every side must have parsed the body. */
function check(answer: unknown): void {
  if ((answer as { id?: unknown }).id !== 1) throw new Error("wrong answer");
}

async function busbar(facts: Facts): Promise<Work> {
  const { RESTAPIConnector } = await import("busbar/connectors/rest");
  const connector = new RESTAPIConnector({
    baseURL: String(facts["origin"]),
    ...EVERY_POLICY,
  });
  await connector.connect();
  return {
    once: async () => check(await connector.get({ path: PATH })),
    close: () => connector.disconnect(),
  };
}

async function axios(facts: Facts): Promise<Work> {
  const { default: client } = await import("axios");
  const url = urlOf(facts);
  return { once: async () => check((await client.get(url, { timeout: LIMIT_MS })).data) };
}

async function got(facts: Facts): Promise<Work> {
  const { default: client } = await import("got");
  const { Agent } = await import("node:http");
  const agent = { http: new Agent({ keepAlive: true }) };
  const url = urlOf(facts);
  return { once: async () => check(await client(url, { agent, timeout: { request: LIMIT_MS } }).json()) };
}

async function ky(facts: Facts): Promise<Work> {
  const { default: client } = await import("ky");
  const url = urlOf(facts);
  return { once: async () => check(await client(url, { timeout: LIMIT_MS }).json()) };
}

async function undiciRequest(facts: Facts): Promise<Work> {
  const { request } = await import("undici");
  const url = urlOf(facts);
  return {
    once: async () => {
      const { body } = await request(url, { signal: AbortSignal.timeout(LIMIT_MS) });
      check(await body.json());
    },
  };
}

async function globalFetch(facts: Facts): Promise<Work> {
  const url = urlOf(facts);
  return {
    once: async () => {
      const response = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) });
      check(await response.json());
    },
  };
}

const BUSBAR = "busbar, every policy";

export const bench: Bench = {
  title: "GET 1 KB of JSON, 64 callers, kept connections",
  callers: 64,
  setUp: async () => {
    const server = fork(new URL("rest-server.js", import.meta.url));
    const [{ port }] = (await once(server, "message", { signal: AbortSignal.timeout(10_000) })) as [{ port: number }];
    return { facts: { origin: `http://127.0.0.1:${port}` }, close: async () => void server.kill() };
  },
  sides: [
    { name: BUSBAR, is: "busbar", open: busbar },
    { name: "undici.request", is: "peer", open: undiciRequest },
    { name: "fetch", is: "peer", open: globalFetch },
    { name: "axios", is: "peer", open: axios },
    { name: "ky", is: "peer", open: ky },
    { name: "got", is: "peer", open: got },
  ],
  pledges: [
    { id: "P5", measure: "throughput", side: BUSBAR, against: "axios", promised: 3, goal: 6 },
    { id: "P5", measure: "throughput", side: BUSBAR, against: "undici.request", promised: 1, goal: 1.2 },
  ],
};
