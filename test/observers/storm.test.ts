/** A thousand calls at a time that succeed, fail, run out of time and are aborted: nothing is told twice or forgotten. */
import * as api from "@opentelemetry/api";
import { NodeTracerProvider, type ReadableSpan } from "@opentelemetry/sdk-trace-node";
import { collectMetrics, traceTo, type CounterSeries, type HistogramSeries } from "busbar/observers";
import { answer, delay, fail, fakeClock, hang } from "busbar/testkit";
import { expect, test } from "vitest";
import { openShop } from "./scripted-shop.ts";

test("each call and each try that began is over once, and the sums agree", async () => {
  const begun: unknown[] = [];
  const over: ReadableSpan[] = [];
  const provider = new NodeTracerProvider({
    spanProcessors: [
      {
        onStart: (span) => void begun.push(span),
        onEnd: (span) => void over.push(span),
        forceFlush: async () => {},
        shutdown: async () => {},
      },
    ],
  });
  provider.register();
  const clock = fakeClock();
  const kinds = [
    () => answer(1),
    () => fail("unavailable"),
    () => fail("not_found"),
    () => hang({ deaf: true }),
    () => delay(clock, 70, answer(2)),
  ];
  const steps = Array.from({ length: 5_000 }, (_, at) => kinds[(at * 7) % kinds.length]!());
  const options = { attemptTimeout: 50, timeout: 400, hedge: { delay: 20 }, concurrency: 400, retryAttempts: 3 };
  const shop = await openShop({ steps, clock, options });
  const tracing = traceTo(api);
  const metrics = collectMetrics();
  const aborts = Array.from({ length: 1_000 }, () => new AbortController());
  const calls = aborts.map(({ signal }) => shop.execute("find", {}, { signal }).catch(() => {}));
  await clock.advance(10);
  for (let at = 0; at < aborts.length; at += 4) aborts[at]!.abort();
  await clock.advance(1_000);
  await Promise.all(calls);
  await clock.settle();
  tracing[Symbol.dispose]();
  metrics[Symbol.dispose]();

  expect(over).toHaveLength(begun.length);
  expect(new Set(over).size).toBe(over.length);
  const isCall = ({ kind }: ReadableSpan): boolean => kind === api.SpanKind.INTERNAL;
  const spansOfCalls = over.filter(isCall);
  expect(spansOfCalls).toHaveLength(1_000);
  const tries = over.length - 1_000;
  const sum = (name: string): number => {
    const { series } = metrics.snapshot().find((metric) => metric.name === name)!;
    return (series as readonly (CounterSeries | HistogramSeries)[]).reduce(
      (all, each) => all + ("value" in each ? each.value : each.count),
      0,
    );
  };
  expect(sum("busbar.calls")).toBe(1_000);
  expect(sum("busbar.call.duration")).toBe(1_000);
  expect(sum("db.client.operation.duration")).toBe(tries);
  const ids = new Set(spansOfCalls.map((span) => span.spanContext().spanId));
  const orphans = over.filter((span) => !isCall(span) && !ids.has(span.parentSpanContext?.spanId ?? ""));
  expect(orphans).toEqual([]);
  await provider.shutdown();
  api.trace.disable();
  api.context.disable();
});
