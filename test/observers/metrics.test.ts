import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics";
import { BaseConnector, openHub } from "busbar";
import { collectMetrics, measureTo, renderPrometheus, type CollectedMetrics, type Metric } from "busbar/observers";
import { answer, delay, fail, fakeClock, raise } from "busbar/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CANARY, openShop } from "./scripted-shop.ts";

let metrics: CollectedMetrics;
beforeEach(() => void (metrics = collectMetrics()));
afterEach(() => metrics[Symbol.dispose]());

const metric = (name: string): Metric => metrics.snapshot().find((each) => each.name === name)!;
const series = (name: string): readonly unknown[] => metric(name).series;

describe("collected metrics", () => {
  test("count calls by what became of them, and errors that no table knew", async () => {
    const steps = [answer(1), answer(2), fail("not_found"), raise(new Error("odd"))];
    const shop = await openShop({ steps });
    await shop.execute("find", {});
    await shop.execute("find", {});
    await shop.execute("find", {}).catch(() => {});
    await shop.execute("add", {}).catch(() => {});
    const where = { connector: "shop", provider: "postgresql" };
    expect(series("busbar.calls")).toEqual([
      { labels: { ...where, operation: "find", result: "ok" }, value: 2 },
      { labels: { ...where, operation: "find", result: "not_found" }, value: 1 },
      { labels: { ...where, operation: "add", result: "internal" }, value: 1 },
    ]);
    expect(series("busbar.unclassified")).toEqual([{ labels: where, value: 1 }]);
  });

  test("measure calls, tries and waits in seconds", async () => {
    const clock = fakeClock();
    const steps = [delay(clock, 40, fail("unavailable", "down", { retryAfterMs: 200 })), delay(clock, 60, answer(1))];
    const shop = await openShop({ steps, clock });
    const running = shop.execute("find", {});
    await clock.advance(400);
    await running;
    const where = { connector: "shop", provider: "postgresql" };
    expect(series("busbar.call.duration")).toMatchObject([
      { labels: { ...where, operation: "find" }, count: 1, sum: 0.3 },
    ]);
    expect(series("busbar.call.attempts")).toMatchObject([{ count: 1, sum: 2 }]);
    expect(series("busbar.call.wait")).toMatchObject([{ labels: { ...where, stage: "waiting to retry" }, sum: 0.2 }]);
    const own = { "busbar.connector": "shop", "db.system.name": "postgresql", "db.operation.name": "find" };
    expect(series("db.client.operation.duration")).toMatchObject([
      { labels: { ...own, "error.type": "unavailable" }, count: 1, sum: 0.04 },
      { labels: own, count: 1, sum: 0.06 },
    ]);
  });

  test("put each value into the first bucket that holds it; buckets add up", async () => {
    const clock = fakeClock();
    const times = [0, 1, 5, 6, 40_000];
    const shop = await openShop({
      steps: times.map((ms) => delay(clock, ms, answer(ms))),
      clock,
      options: { timeout: 0 },
    });
    for (const ms of times) {
      const running = shop.execute("find", {});
      await clock.advance(ms);
      await running;
    }
    const [found] = series("busbar.call.duration") as [{ buckets: { le: number; count: number }[]; count: number }];
    expect(found.buckets.map(({ le, count }) => [le, count])).toEqual([
      [0.001, 2],
      [0.005, 3],
      [0.01, 4],
      [0.05, 4],
      [0.1, 4],
      [0.5, 4],
      [1, 4],
      [5, 4],
      [10, 4],
      [30, 4],
    ]);
    expect(found.count).toBe(5);
  });

  test("tell what the cache did, and changes of state", async () => {
    const shop = await openShop({ steps: [answer(1)], options: { cache: { operations: { find: "1m" } } } });
    await shop.execute("find", {});
    await shop.execute("find", {});
    expect(series("busbar.cache")).toMatchObject([
      { labels: { state: "miss" }, value: 1 },
      { labels: { state: "hit" }, value: 1 },
    ]);
    expect(series("busbar.state.changes")).toMatchObject([
      { labels: { state: "connecting" } },
      { labels: { state: "connected" } },
    ]);
  });

  test("tell which state a connector is in", async () => {
    const steps = [fail("unavailable"), fail("unavailable"), fail("unavailable")];
    const shop = await openShop({ steps, options: { retryAttempts: 1 } });
    for (let n = 0; n < 3; n++) await shop.execute("find", {}).catch(() => {});
    const place = { connector: "shop", provider: "postgresql" };
    expect(series("busbar.connector.state")).toEqual([
      { labels: { ...place, state: "lazy" }, value: 0 },
      { labels: { ...place, state: "connecting" }, value: 0 },
      { labels: { ...place, state: "ready" }, value: 0 },
      { labels: { ...place, state: "degraded" }, value: 1 },
    ]);
    expect(renderPrometheus(metrics.snapshot())).toContain(
      'busbar_connector_state{connector="shop",provider="postgresql",state="degraded"} 1\n',
    );
  });

  test("names that callers make up share one label", async () => {
    const shop = await openShop();
    for (let each = 0; each < 50; each++) await shop.execute(`${CANARY}-${each}` as never).catch(() => {});
    expect(series("busbar.calls")).toMatchObject([
      { labels: { operation: "_OTHER", result: "unsupported" }, value: 50 },
    ]);
    expect(JSON.stringify(metrics.snapshot())).not.toContain(CANARY);
  });

  test("a connector that takes any operation has at most so many labels, and memory stays bounded", async () => {
    class Anything extends BaseConnector {
      override async connect(): Promise<void> {}
      override async disconnect(): Promise<void> {}
      override async execute(): Promise<never> {
        return undefined as never;
      }
    }
    await using hub = await openHub({ connectors: [{ name: "any", type: "custom", provider: Anything }] });
    for (let each = 0; each < 2_500; each++) await hub.get("any").execute(`operation${each}`);
    expect(series("busbar.calls")).toHaveLength(201);
    const total = (series("busbar.calls") as { value: number }[]).reduce((sum, { value }) => sum + value, 0);
    expect(total).toBe(2_500);
  });

  test("codes without end overflow into one series", async () => {
    const shop = await openShop({
      steps: Array.from({ length: 2_100 }, (_, at) => fail("conflict", "no", { code: `E${at}` })),
    });
    for (let each = 0; each < 2_100; each++) await shop.execute("find", {}).catch(() => {});
    const all = series("db.client.operation.duration") as { labels: object; count: number }[];
    expect(all).toHaveLength(2_001);
    expect(all.at(-1)).toMatchObject({ labels: { "otel.metric.overflow": "true" }, count: 100 });
  });

  test("are as they were after they have been disposed of", async () => {
    const shop = await openShop({ steps: [answer(1), answer(2)] });
    await shop.execute("find", {});
    const before = metrics.snapshot();
    metrics[Symbol.dispose]();
    await shop.execute("find", {});
    expect(metrics.snapshot()).toEqual(before);
  });
});

describe("the Prometheus text", () => {
  test("has help, type, labels, buckets that add up, sum and count", async () => {
    const clock = fakeClock();
    const shop = await openShop({
      steps: [delay(clock, 20, answer(1)), fail("timeout")],
      clock,
      options: { retryAttempts: 1 },
    });
    const running = shop.execute("find", {});
    await clock.advance(20);
    await running;
    await shop.execute("find", {}).catch(() => {});
    const text = renderPrometheus(metrics.snapshot());
    const labels = 'connector="shop",provider="postgresql",operation="find"';
    expect(text).toContain(
      "# HELP busbar_call_duration_seconds Time of calls, tries and waits included.\n# TYPE busbar_call_duration_seconds histogram\n",
    );
    expect(text).toContain(`busbar_call_duration_seconds_bucket{${labels},le="0.01"} 1\n`);
    expect(text).toContain(`busbar_call_duration_seconds_bucket{${labels},le="0.05"} 2\n`);
    expect(text).toContain(`busbar_call_duration_seconds_bucket{${labels},le="+Inf"} 2\n`);
    expect(text).toContain(`busbar_call_duration_seconds_sum{${labels}} 0.02\n`);
    expect(text).toContain(`busbar_call_duration_seconds_count{${labels}} 2\n`);
    expect(text).toContain(`# TYPE busbar_calls_total counter\nbusbar_calls_total{${labels},result="ok"} 1\n`);
    expect(text).toContain(
      'db_client_operation_duration_seconds_count{busbar_connector="shop",db_system_name="postgresql"',
    );
    for (const line of text.trimEnd().split("\n"))
      expect(line).toMatch(/^(# (HELP|TYPE) [a-z_]+ .+|[a-z_]+\{([a-z_]+="[^"\n]*",?)+\} [\d.e+-]+)$/);
  });

  test("escapes what a label may hold", () => {
    const labels = { connector: 'a"b\\c\nd' };
    const text = renderPrometheus([
      { name: "x.y", description: "Line\nbreak.", unit: "", type: "counter", series: [{ labels, value: 1 }] },
    ]);
    expect(text).toBe(
      '# HELP x_y_total Line\\nbreak.\n# TYPE x_y_total counter\nx_y_total{connector="a\\"b\\\\c\\nd"} 1\n',
    );
  });

  test("is empty where nothing was counted", () => {
    expect(renderPrometheus(metrics.snapshot())).toBe("");
  });
});

test("the same metrics reach an OpenTelemetry SDK", async () => {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 2 ** 31 - 1 });
  const provider = new MeterProvider({ readers: [reader] });
  using measuring = measureTo(provider.getMeter("busbar"));
  void measuring;
  const shop = await openShop({
    type: "rest-api",
    provider: "rest",
    steps: [answer(1), fail("not_found", "no", { status: 404 })],
  });
  await shop.execute("get", {});
  await shop.execute("get", {}).catch(() => {});
  await reader.forceFlush();
  const found = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics));
  const points = (name: string) => found.find(({ descriptor }) => descriptor.name === name)?.dataPoints;
  expect(points("busbar.call.duration")).toMatchObject([{ value: { count: 2 } }]);
  expect(points("busbar.calls")).toMatchObject([
    { attributes: { connector: "shop", operation: "get", result: "ok" }, value: 1 },
    { attributes: { result: "not_found" }, value: 1 },
  ]);
  expect(points("http.client.request.duration")).toMatchObject([
    { attributes: { "http.request.method": "GET" } },
    { attributes: { "http.request.method": "GET", "http.response.status_code": 404, "error.type": "404" } },
  ]);
  await provider.shutdown();
});
