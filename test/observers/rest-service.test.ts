/** All observers at once, around a real REST service whose first answer is a refusal. */
import * as api from "@opentelemetry/api";
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-node";
import { RESTAPIConnector } from "busbar/connectors/rest";
import { auditTo, collectMetrics, logTo, renderPrometheus, traceTo, type AuditEntry } from "busbar/observers";
import { startRestService } from "busbar/testkit";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test } from "vitest";

const service = await startRestService({ apiKey: "canary-key-71c2" });
const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
beforeAll(() => provider.register());
afterAll(async () => {
  await provider.shutdown();
  api.trace.disable();
  api.context.disable();
  await service.close();
});

test("a call that is retried, one that is refused, and nothing of what they said", async () => {
  let log = "";
  const entries: AuditEntry[] = [];
  const tracing = traceTo(api);
  const logging = logTo(pino({ level: "debug" }, { write: (text) => void (log += text) }), { level: "debug" });
  const auditing = auditTo((entry) => void entries.push(entry));
  const metrics = collectMetrics();
  const observing = [tracing, logging, auditing, metrics];

  const rest = new RESTAPIConnector({ baseURL: service.url, apiKey: service.apiKey, retry: { delay: 1 } });
  await rest.connect();
  const { meta } = await rest.call("get", { path: "/keyed/flaky", query: { id: "canary-query" } });
  expect(meta).toMatchObject({ attempts: 2, status: 200 });
  await expect(rest.get({ path: "/basic/items" })).rejects.toMatchObject({ kind: "unauthenticated" });
  await rest.disconnect();
  for (const each of observing) each[Symbol.dispose]();

  const [first, second, call] = exporter.getFinishedSpans();
  expect([first!.name, second!.name, call!.name]).toEqual(["GET", "GET", "rest.get"]);
  expect(first!.attributes).toMatchObject({ "http.response.status_code": 503, "error.type": "503" });
  const { hostname, port } = new URL(service.url);
  expect(first!.attributes).toMatchObject({ "server.address": hostname, "server.port": Number(port) });
  expect(second!.attributes).toMatchObject({ "http.response.status_code": 200, "http.request.resend_count": 1 });
  expect(first!.parentSpanContext?.spanId).toBe(call!.spanContext().spanId);
  expect(second!.parentSpanContext?.spanId).toBe(call!.spanContext().spanId);
  expect(call!.spanContext().traceId).toBe(meta.traceId);
  expect(entries).toMatchObject([{ event: "authentication failed", connector: "rest", operation: "get", code: 401 }]);
  const page = renderPrometheus(metrics.snapshot());
  expect(page).toContain('busbar_calls_total{connector="rest",provider="rest",operation="get",result="ok"} 1\n');
  expect(page).toMatch(/http_client_request_duration_seconds_count\{[^}]*http_response_status_code="503"[^}]*\} 1\n/);
  expect(page).toMatch(/http_client_request_duration_seconds_count\{[^}]*server_port="\d+"[^}]*\} 1\n/);
  expect(log.split("\n").filter((line) => line.includes("call failed"))).toHaveLength(1);

  const told = exporter
    .getFinishedSpans()
    .map(({ name, attributes, status, events }) => [name, attributes, status, events]);
  for (const text of [JSON.stringify(told), log, JSON.stringify(entries), page]) expect(text).not.toContain("canary");
});
