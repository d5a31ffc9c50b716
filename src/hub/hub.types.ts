/**
 * Type tests of the hub: this file is compiled by the type check and never run.
 * Every `@ts-expect-error` is a mistake that must not compile.
 */
import { z } from "zod";
import {
  BaseConnector,
  defineConnector,
  openHub,
  read,
  stream,
  type ConnectorEntry,
  type ConnectorState,
  type Health,
} from "../index.ts";

const Geocoder = defineConnector({
  provider: "geocoder",
  type: "custom",
  title: "Geocoder",
  summary: "Turns addresses into coordinates.",
  connection: z.strictObject({ baseURL: z.url() }),
  operations: {
    locate: read("Finds an address.", z.strictObject({ address: z.string() }), z.object({ lat: z.number() })),
    all: stream("Streams all.", z.strictObject({}), z.string()),
  },
  open: async () => ({
    handlers: {
      locate: async () => ({ lat: 1 }),
      all: async function* () {
        yield "a";
      },
    },
    ping: async () => {},
    close: async () => {},
  }),
  classify: () => undefined,
});
type Geocoder = InstanceType<typeof Geocoder>;

/** As generated types do it for the names of a configuration. */
declare module "../index.ts" {
  interface Connectors {
    readonly places: Geocoder;
  }
}

class Legacy extends BaseConnector {
  findAll(): string[] {
    return [];
  }
}
/** Neither base class nor definition: four methods. */
class Duck {
  async connect(): Promise<void> {}
  async disconnect(): Promise<void> {}
  async execute(operation: "quack", params: { loud: boolean }): Promise<string> {
    return `${operation} ${String(params.loud)}`;
  }
  async healthCheck(): Promise<boolean> {
    return true;
  }
}

await using hub = await openHub({
  connectors: [
    { name: "a", type: "custom", provider: Geocoder, connection: { baseURL: "https://h.example" }, connect: "eager" },
    { name: "b", type: "custom", provider: Legacy, required: false },
    { name: "c", type: "custom", provider: Duck, options: { timeout: "5s" } },
    { name: "d", type: "database", provider: "postgresql" },
  ],
});

const byGeneratedName: { lat: number } = await hub.get("places").locate({ address: "x" });
const byClass: { lat: number } = await hub.get("a", Geocoder).locate({ address: "x" });
for await (const item of hub.get("a", Geocoder).all()) void item.toUpperCase();
const untyped: unknown = await hub.get("d").execute("query", { sql: "select 1" });
for await (const row of hub.get("d").stream("queryStream", { sql: "select 1" })) void row;
const own: string[] = hub.get("b", Legacy).findAll();
const quack: string = await hub.get("c", Duck).execute("quack", { loud: true });
const health: Record<string, Health & { readonly required: boolean }> = { ...(await hub.health()).connectors };
await openHub(["base.yaml", new URL("file:///prod.yaml")], { overrides: { d: { host: "h" } }, connect: "lazy" });

await openHub("base.yaml", { monitor: true });
await openHub("base.yaml", { monitor: { interval: "30s", timeout: 5_000 } });
// @ts-expect-error misspelt option
await openHub("base.yaml", { monitor: { intervall: "30s" } });
const status: "ready" | "degraded" | "down" = hub.status().state;
const state: ConnectorState | undefined = hub.status().connectors["a"]?.state;
const since: string = hub.get("places").status.since;
// @ts-expect-error a state that does not exist
const wrong: boolean = hub.status().state === "healthy";

// @ts-expect-error no such operation
void hub.get("places").find;
// @ts-expect-error wrong input
await hub.get("a", Geocoder).locate({ adress: "x" });
const entries: ConnectorEntry[] = [
  // @ts-expect-error a type that does not exist
  { name: "e", type: "databse" },
  // @ts-expect-error misspelt field
  { name: "f", type: "custom", requird: true },
  // @ts-expect-error no connector
  { name: "g", type: "custom", provider: Date },
];
// @ts-expect-error neither a path nor an object with connectors
await openHub({ conectors: [] });

void [status, state, since, wrong, entries, byGeneratedName, byClass, untyped, own, quack, health];
