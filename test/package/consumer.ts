import { BaseConnector, ConnectorError, defineConnector, openHub, read, secret, type Health } from "busbar";
import { PostgreSQLConnector } from "busbar/connectors/postgresql";
import { RESTAPIConnector } from "busbar/connectors/rest";
import { collectMetrics, logTo, renderPrometheus, traceTo } from "busbar/observers";
import { z } from "zod";

const db = new PostgreSQLConnector({ host: "h", database: "d", username: "u", password: "p", maxConnections: 5 });
const api = new RESTAPIConnector({ baseURL: "https://api.example.com", timeout: 1000, apiKey: "k" });

// Neither a logger nor OpenTelemetry is installed here: observers name what they use by its shape.
const line = (fields: object, message: string): void => void [fields, message];
export const page: string = renderPrometheus(collectMetrics().snapshot());
export const observing: Disposable = logTo({ error: line, warn: line, info: line, debug: line }, { slowMs: 100 });
// @ts-expect-error not OpenTelemetry
traceTo({});

export async function work(): Promise<void> {
  await using hub = await openHub("connectors.yaml");
  const rows = await db.query({ sql: "select 1", values: [1] });
  const first: Record<string, unknown> | undefined = rows[0];
  const health: Health = await api.healthCheck();
  const orders = hub.get("orders", PostgreSQLConnector);
  await orders.insert({ table: "t", data: { a: first, b: health.status } });
  await hub.get("any").execute("anything", { a: 1 });
  // @ts-expect-error no such operation
  await db.execute("nope");
  // @ts-expect-error no such option
  new RESTAPIConnector({ baseURL: "https://api.example.com", timeuot: 1 });
}

export const Own = defineConnector({
  provider: "own",
  type: "custom",
  title: "Own",
  summary: "One of the user's.",
  connection: z.strictObject({ token: secret("Token.") }),
  operations: { echo: read("Echoes.", z.strictObject({ text: z.string() }), z.string()) },
  open: async () => ({ handlers: { echo: async ({ text }) => text }, ping: async () => {}, close: async () => {} }),
  classify: (error) => (error instanceof ConnectorError ? error.kind : undefined),
});
export class ByHand extends BaseConnector {}
