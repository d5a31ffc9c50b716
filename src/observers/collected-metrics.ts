/**
 * The same metrics kept in memory, for those who have no telemetry SDK: a meter that adds up, and what it has added up.
 *
 * One series for each set of labels; beyond a limit, further sets of one instrument are counted together, so that memory
 * stays bounded even where a system answers with ever new codes.
 */
import type { Attributes } from "./conventions.ts";
import { measureTo, type InstrumentOptions, type MeterLike } from "./metrics.ts";

/** A count, or the latest value of a gauge, under its labels. */
export interface CounterSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A distribution under its labels. */
export interface HistogramSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly count: number;
  readonly sum: number;
  /** How many were at most `le`, for each boundary in turn. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
}

/** One metric and its series. */
export type Metric = { readonly name: string; readonly description: string; readonly unit: string } & (
  | { readonly type: "counter" | "gauge"; readonly series: readonly CounterSeries[] }
  | { readonly type: "histogram"; readonly series: readonly HistogramSeries[] }
);

/** Metrics that are being collected, until they are disposed of. */
export interface CollectedMetrics extends Disposable {
  /** What has been counted so far, as plain data. */
  snapshot(): readonly Metric[];
}

/** Most series of one instrument. */
const MOST_SERIES = 2_000;
/** Stands for all label sets beyond; the name is that of OpenTelemetry's SDKs. */
const OVERFLOW: Attributes = { "otel.metric.overflow": "true" };

/** Series of one instrument by their labels. */
class Series<S> {
  readonly #all = new Map<string, { readonly attributes: Attributes; readonly value: S }>();
  /** The same by attributes that came before. */
  readonly #seen = new WeakMap<Attributes, S>();
  readonly #make: () => S;

  constructor(make: () => S) {
    this.#make = make;
  }

  of(attributes: Attributes): S {
    let value = this.#seen.get(attributes);
    if (value === undefined) this.#seen.set(attributes, (value = this.#find(attributes)));
    return value;
  }

  #find(attributes: Attributes): S {
    let key = "";
    for (const name in attributes) key += `${name}\n${attributes[name]}\n`;
    const found = this.#all.get(key);
    if (found !== undefined) return found.value;
    if (this.#all.size >= MOST_SERIES && attributes !== OVERFLOW) return this.#find(OVERFLOW);
    const value = this.#make();
    this.#all.set(key, { attributes: { ...attributes }, value });
    return value;
  }

  map<T>(show: (labels: Record<string, string>, value: S) => T): T[] {
    return [...this.#all.values()].map(({ attributes, value }) => {
      const labels = Object.entries(attributes).map(([name, text]) => [name, String(text)] as const);
      return show(Object.fromEntries(labels), value);
    });
  }
}

/** Collects metrics in memory from now on. */
export function collectMetrics(): CollectedMetrics {
  const metrics: (() => Metric)[] = [];
  const about = (name: string, { description = "", unit = "" }: InstrumentOptions) => ({ name, description, unit });
  const values = (type: "counter" | "gauge", name: string, options: InstrumentOptions): Series<{ value: number }> => {
    const series = new Series(() => ({ value: 0 }));
    const shown = (): readonly CounterSeries[] => series.map((labels, { value }) => ({ labels, value }));
    metrics.push(() => ({ ...about(name, options), type, series: shown() }));
    return series;
  };
  const meter: MeterLike = {
    createCounter(name, options) {
      const series = values("counter", name, options);
      return { add: (value, attributes) => void (series.of(attributes).value += value) };
    },
    createGauge(name, options) {
      const series = values("gauge", name, options);
      return { record: (value, attributes) => void (series.of(attributes).value = value) };
    },
    createHistogram(name, options) {
      const bounds = options.advice?.explicitBucketBoundaries ?? [];
      const series = new Series(() => ({ count: 0, sum: 0, counts: new Array<number>(bounds.length).fill(0) }));
      metrics.push(() => ({
        ...about(name, options),
        type: "histogram",
        series: series.map((labels, { count, sum, counts }) => {
          let below = 0;
          const buckets = bounds.map((le, at) => ({ le, count: (below += counts[at]!) }));
          return { labels, count, sum, buckets };
        }),
      }));
      return {
        record(value, attributes) {
          const found = series.of(attributes);
          found.count++;
          found.sum += value;
          let at = 0;
          while (at < bounds.length && value > bounds[at]!) at++;
          if (at < bounds.length) found.counts[at]!++;
        },
      };
    },
  };
  const measuring = measureTo(meter);
  return {
    snapshot: () => metrics.map((show) => show()),
    [Symbol.dispose]: () => measuring[Symbol.dispose](),
  };
}
