/** Collected metrics in the text format that Prometheus reads (exposition format 0.0.4). */
import type { HistogramSeries, Metric } from "./collected-metrics.ts";

/** The text of a `/metrics` page; its content type is `text/plain; version=0.0.4`. Metrics without a series are left out. */
export function renderPrometheus(metrics: readonly Metric[]): string {
  return metrics
    .filter(({ series }) => series.length > 0)
    .map(text)
    .join("");
}

function text(metric: Metric): string {
  const name = nameOf(metric);
  const head = `# HELP ${name} ${escaped(metric.description)}\n# TYPE ${name} ${metric.type}\n`;
  if (metric.type !== "histogram")
    return head + metric.series.map(({ labels, value }) => line(name, labels, value)).join("");
  return head + metric.series.map((each) => distribution(name, each)).join("");
}

function distribution(name: string, { labels, count, sum, buckets }: HistogramSeries): string {
  const steps = [...buckets.map((each) => [String(each.le), each.count] as const), ["+Inf", count] as const];
  const lines = steps.map(([le, below]) => line(`${name}_bucket`, { ...labels, le }, below));
  return [...lines, line(`${name}_sum`, labels, sum), line(`${name}_count`, labels, count)].join("");
}

/** By the naming rules of Prometheus: underscores, the base unit, `_total` for what only grows. */
function nameOf({ name, type, unit }: Metric): string {
  const plain = name.replaceAll(/[^a-zA-Z0-9_]/g, "_");
  if (type === "counter") return `${plain}_total`;
  return unit === "s" ? `${plain}_seconds` : plain;
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(
    ([label, text]) => `${label.replaceAll(/[^a-zA-Z0-9_]/g, "_")}="${escaped(text).replaceAll('"', '\\"')}"`,
  );
  return `${name}{${pairs.join(",")}} ${value}\n`;
}

const escaped = (text: string): string => text.replaceAll("\\", "\\\\").replaceAll("\n", "\\n");
