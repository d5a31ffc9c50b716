import { setImmediate as nextTurn } from "node:timers/promises";
import * as api from "@opentelemetry/api";
import {
  InMemorySpanExporter,
  NodeTracerProvider,
  SimpleSpanProcessor,
  type ReadableSpan,
} from "@opentelemetry/sdk-trace-node";
import { ConnectorError } from "busbar";
import { traceTo } from "busbar/observers";
import { answer, fail, hang } from "busbar/testkit";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CANARY, openShop } from "./scripted-shop.ts";

const exporter = new InMemorySpanExporter();
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
const tracer = provider.getTracer("test");
let tracing: Disposable;
beforeAll(() => provider.register());
afterAll(async () => {
  await provider.shutdown();
  api.trace.disable();
  api.context.disable();
});
beforeEach(() => {
  exporter.reset();
  tracing = traceTo(api);
});
afterEach(() => {
  tracing[Symbol.dispose]();
  expect(showing()).not.toContain(CANARY);
});

/** In the order in which they ended. */
const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
const named = (name: string): ReadableSpan => {
  const found = spans().filter((span) => span.name === name);
  expect(found).toHaveLength(1);
  return found[0]!;
};
const isChild = (child: ReadableSpan, parent: ReadableSpan): void => {
  expect(child.parentSpanContext?.spanId).toBe(parent.spanContext().spanId);
  expect(child.spanContext().traceId).toBe(parent.spanContext().traceId);
};
const showing = (): string =>
  JSON.stringify(spans().map(({ name, attributes, status, events }) => ({ name, attributes, status, events })));

test("a call is a child of the span that is active when it is made, a try a child of the call", async () => {
  const shop = await openShop({ steps: [answer([{ id: CANARY }])] });
  await tracer.startActiveSpan("request", async (span) => {
    await shop.execute("find", { name: CANARY });
    span.end();
  });
  const [attempt, call, request] = [named("find shop"), named("shop.find"), named("request")];
  expect(spans().map(({ name }) => name)).toEqual(["find shop", "shop.find", "request"]);
  isChild(attempt, call);
  isChild(call, request);
  expect(call).toMatchObject({
    kind: api.SpanKind.INTERNAL,
    status: { code: api.SpanStatusCode.UNSET },
    attributes: {
      "busbar.connector": "shop",
      "busbar.provider": "postgresql",
      "busbar.operation": "find",
      "busbar.effect": "read",
      "busbar.attempts": 1,
      "busbar.wait_ms": 0,
    },
  });
  expect(attempt).toMatchObject({ kind: api.SpanKind.CLIENT, status: { code: api.SpanStatusCode.UNSET } });
  expect(attempt.attributes).toEqual({
    "busbar.connector": "shop",
    "busbar.attempt": 1,
    "db.system.name": "postgresql",
    "db.operation.name": "find",
  });
});

test("each try has a span of its own; the call that was answered in the end is no failure", async () => {
  const shop = await openShop({ steps: [fail("unavailable", CANARY, { code: "57P01" }), answer(1)] });
  await shop.execute("find", {});
  const [first, second, call] = spans();
  expect(spans()).toHaveLength(3);
  expect(first).toMatchObject({
    attributes: { "busbar.attempt": 1, "db.response.status_code": "57P01", "error.type": "57P01" },
    status: { code: api.SpanStatusCode.ERROR, message: "unavailable" },
  });
  expect(second).toMatchObject({ attributes: { "busbar.attempt": 2 }, status: { code: api.SpanStatusCode.UNSET } });
  expect(call).toMatchObject({ attributes: { "busbar.attempts": 2 }, status: { code: api.SpanStatusCode.UNSET } });
  isChild(first!, call!);
  isChild(second!, call!);
});

test("a failed call says of what kind, in the caller's words, without the credentials in them", async () => {
  const shop = await openShop({ steps: [fail("connection_lost", `reset by ${CANARY}`)] });
  const error = await shop.execute("add", {}).catch((thrown: unknown) => thrown as ConnectorError);
  expect(named("shop.add")).toMatchObject({
    attributes: { "error.type": "connection_lost", "busbar.outcome": "unknown" },
    status: { code: api.SpanStatusCode.ERROR, message: (error as ConnectorError).message },
  });
});

test("`meta.traceId` is the trace's", async () => {
  const shop = await openShop({ steps: [answer(1)] });
  const { meta } = await shop.call("find", {});
  expect(meta.traceId).toBe(named("shop.find").spanContext().traceId);
});

test("a caller can name the parent", async () => {
  const shop = await openShop({ steps: [answer(1)] });
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
  const { meta } = await shop.call("find", {}, { traceparent });
  expect(meta.traceId).toBe("0af7651916cd43dd8448eb211c80319c");
  expect(named("shop.find").parentSpanContext).toMatchObject({ spanId: "b7ad6b7169203331", isRemote: true });
});

test("what a driver's instrumentation makes belongs to the try", async () => {
  const driver = async () => {
    await nextTurn();
    tracer.startSpan("driver").end();
  };
  const shop = await openShop({ steps: [driver] });
  await shop.execute("find", {});
  isChild(named("driver"), named("find shop"));
});

test("what the caller does after the call does not", async () => {
  const shop = await openShop({ steps: [answer(1)] });
  await tracer.startActiveSpan("request", async (span) => {
    await shop.execute("find", {});
    tracer.startSpan("after").end();
    span.end();
  });
  isChild(named("after"), named("request"));
});

test("a stream's call ends when it has been read out, its try when the first items are there", async () => {
  async function* rows() {
    yield 1;
    yield 2;
  }
  const shop = await openShop({ steps: [() => rows()] });
  const stream = shop.stream("rows", {});
  expect(spans()).toEqual([]);
  await stream.next();
  expect(spans().map(({ name }) => name)).toEqual(["rows shop"]);
  for await (const row of stream) void row;
  expect(spans().map(({ name }) => name)).toEqual(["rows shop", "shop.rows"]);
});

test("a stream that fails while it is read is a failed call", async () => {
  async function* rows() {
    yield 1;
    throw new ConnectorError("connection_lost", "cut");
  }
  const shop = await openShop({ steps: [() => rows()] });
  const read = async (): Promise<void> => {
    for await (const row of shop.stream("rows", {})) void row;
  };
  await expect(read()).rejects.toThrow("cut");
  expect(named("shop.rows")).toMatchObject({
    attributes: { "error.type": "connection_lost" },
    status: { code: api.SpanStatusCode.ERROR },
  });
});

test("a try that ran out of time ends then, although the work underneath is deaf", async () => {
  const shop = await openShop({ steps: [hang({ deaf: true })], options: { attemptTimeout: 5, retryAttempts: 1 } });
  await shop.execute("find", {}).catch(() => {});
  expect(spans().map(({ name, attributes }) => [name, attributes["error.type"]])).toEqual([
    ["find shop", "timeout"],
    ["shop.find", "timeout"],
  ]);
});

test("a caller who gives up is no error of the system", async () => {
  const shop = await openShop({ steps: [hang({ deaf: true })] });
  const abort = new AbortController();
  const running = shop.execute("find", {}, { signal: abort.signal });
  abort.abort();
  await expect(running).rejects.toThrow("Cancelled");
  expect(spans().map(({ attributes, status }) => [attributes["error.type"], status.code])).toEqual([
    ["cancelled", api.SpanStatusCode.UNSET],
    ["cancelled", api.SpanStatusCode.UNSET],
  ]);
});

test("a cached answer has no try, and says where it comes from", async () => {
  const shop = await openShop({ steps: [answer(1)], options: { cache: { operations: { find: "1m" } } } });
  await shop.execute("find", {});
  await shop.execute("find", {});
  expect(spans().map(({ name, attributes }) => [name, attributes["busbar.cache"]])).toEqual([
    ["find shop", undefined],
    ["shop.find", "miss"],
    ["shop.find", "hit"],
  ]);
});

test("a call that was refused before it began is a span too, without the name that somebody made up", async () => {
  const shop = await openShop();
  await shop.execute(CANARY as never).catch(() => {});
  expect(spans()).toMatchObject([
    { name: "shop._OTHER", attributes: { "error.type": "unsupported" }, status: { message: "unsupported" } },
  ]);
});

describe("the conventions", () => {
  test("for HTTP: the method, the status, how often it was sent again", async () => {
    const steps = [fail("unavailable", "no", { status: 503 }), fail("not_found", "no", { status: 404 })];
    const shop = await openShop({ type: "rest-api", provider: "rest", steps });
    await shop.execute("get", {}).catch(() => {});
    expect(
      spans()
        .slice(0, 2)
        .map(({ name, kind, attributes }) => [name, kind, attributes]),
    ).toEqual([
      [
        "GET",
        api.SpanKind.CLIENT,
        {
          "busbar.connector": "shop",
          "busbar.attempt": 1,
          "http.request.method": "GET",
          "http.response.status_code": 503,
          "error.type": "503",
        },
      ],
      [
        "GET",
        api.SpanKind.CLIENT,
        {
          "busbar.connector": "shop",
          "busbar.attempt": 2,
          "http.request.method": "GET",
          "http.request.resend_count": 1,
          "http.response.status_code": 404,
          "error.type": "404",
        },
      ],
    ]);
  });

  test("for messages: who sends is a producer", async () => {
    const shop = await openShop({ type: "message-queue", provider: "nats", steps: [answer(1), answer(1)] });
    await shop.execute("add", {});
    await shop.execute("get", {});
    expect([named("add shop"), named("get shop")]).toMatchObject([
      {
        kind: api.SpanKind.PRODUCER,
        attributes: {
          "messaging.system": "nats",
          "messaging.operation.name": "add",
          "messaging.operation.type": "send",
        },
      },
      { kind: api.SpanKind.CLIENT, attributes: { "messaging.operation.type": "receive" } },
    ]);
  });
});

test("without a tracer of an SDK nothing is disturbed, and the call has a trace id of its own", async () => {
  api.trace.disable();
  tracing[Symbol.dispose]();
  tracing = traceTo(api);
  const shop = await openShop({ steps: [answer(1)] });
  const { meta } = await shop.call("find", {});
  expect(meta.traceId).toMatch(/^(?!0{32})[\da-f]{32}$/);
  expect(spans()).toEqual([]);
  provider.register();
});
