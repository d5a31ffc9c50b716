/** `busbar explain`: every setting of a connector with its source, the way of a call, and the worst that can happen. */
import { formatOrigin } from "../../../config/origin.ts";
import { ConnectorError } from "../../../core/errors.ts";
import { durationText } from "../../../core/duration-text.ts";
import { didYouMean } from "../../../core/issues.ts";
import { loadConfig } from "../../../hub/configuration.ts";
import type { ExplainedSetting } from "../../../hub/explain.ts";
import type { LoadedConnector } from "../../../hub/loaded-connector.ts";
import { warningsOf } from "../../../hub/warnings.ts";
import type { PolicySettings } from "../../../policies/pipeline.ts";
import { retryAttempts } from "../../../policies/retry.ts";
import { POLICIES } from "../../../policies/order.ts";
import type { JsonValue } from "../../../core/json-value.ts";
import { findConfig } from "../find-config.ts";
import type { Command } from "../invocation.ts";
import type { Output } from "../output.ts";
import { settingText, settingValue } from "../setting-text.ts";
import { renderTable } from "../table.ts";
import { worstCase, type WorstCase } from "../worst-case.ts";
import { shownWarning, type ShownWarning } from "../shown-warning.ts";

interface ExplainFacts {
  readonly name: string;
}

interface ShownSetting {
  readonly path: string;
  readonly value: JsonValue;
  /** `file:line:column`, or `default`. */
  readonly source: string;
}

interface Step {
  readonly policy: string;
  readonly on: boolean;
  readonly settings: readonly ShownSetting[];
}

interface Explanation {
  readonly name: string;
  readonly type: string;
  readonly provider: string;
  readonly title: string;
  readonly source: string;
  /** Connection and the connector's own options. */
  readonly settings: readonly ShownSetting[];
  /** From the outside in. */
  readonly pipeline: readonly Step[];
  readonly worstCase: WorstCase;
  /** Settings that contradict each other. */
  readonly warnings: readonly ShownWarning[];
}

export const command: Command<ExplainFacts> = async ({ name }, { shared, output }) => {
  const { connectors } = await loadConfig(findConfig(shared.config));
  const found = connectors.find((connector) => connector.name === name);
  if (found === undefined) {
    const names = connectors.map((connector) => connector.name);
    throw new ConnectorError("not_found", `There is no connector "${name}"${didYouMean(name, names)}`, {
      hint: `It has: ${names.join(", ")}.`,
      outcome: "none",
    });
  }
  const explanation = explain(found);
  await output.write(shared.json ? `${JSON.stringify(explanation)}\n` : explanationText(explanation, output));
};

/** Settings that switch a policy off although they are there. */
const OFF: Readonly<Record<string, (settings: PolicySettings) => boolean>> = {
  deadline: ({ timeout }) => timeout === 0,
  retry: (settings) => retryAttempts(settings) === 1,
  "attempt-timeout": ({ attemptTimeout }) => attemptTimeout === 0,
};

function explain(connector: LoadedConnector): Explanation {
  const { name, type, provider, definition, settings } = connector;
  const all = connector.explain();
  const policyOf = ({ path: [half, key] }: ExplainedSetting): string | undefined =>
    half === "options" ? POLICIES.find((policy) => policy.settings.includes(key ?? ""))?.name : undefined;
  return {
    name,
    type,
    provider,
    title: definition.title,
    source: formatOrigin(connector.origin([])),
    settings: all.filter((setting) => policyOf(setting) === undefined).map(shown),
    pipeline: POLICIES.map((policy) => {
      const own = all.filter((setting) => policyOf(setting) === policy.name).map(shown);
      const isSet = policy.settings.length === 0 || own.length > 0;
      return { policy: policy.title, on: isSet && OFF[policy.name]?.(settings.policies) !== true, settings: own };
    }),
    worstCase: worstCase(settings.policies),
    warnings: warningsOf(connector).map(shownWarning),
  };
}

function shown({ path, value, origin }: ExplainedSetting): ShownSetting {
  return { path: path.join("."), value: settingValue(value), source: formatOrigin(origin) };
}

function explanationText(explanation: Explanation, output: Output): string {
  const { name, type, provider, title, source, settings, pipeline } = explanation;
  const heading = (text: string): string => `\n${output.paint("bold", text)}\n`;
  const table = (titles: readonly string[], rows: readonly (readonly string[])[]): string =>
    renderTable(titles, rows, { width: output.width, paintTitle: (text) => output.paint("dim", text) });
  const cells = ({ path, value, source: from }: ShownSetting): string[] => [path, settingText(value), from];
  const steps = pipeline.flatMap(({ policy, on, settings: own }, at) => {
    const label = `${at + 1} ${policy}`;
    const [first = [on ? "always on" : "", "", ""], ...others] = own.map(cells);
    return [[label, on ? "on" : "off", ...first], ...others.map((row) => ["", "", ...row])];
  });
  return [
    `${output.paint("bold", name)}: ${title} (type ${type}, provider ${provider}), ${source}\n`,
    ...(settings.length === 0 ? [] : [heading("Settings"), table(["setting", "value", "source"], settings.map(cells))]),
    heading("The way of a call, from the outside in"),
    table(["policy", "", "setting", "value", "source"], [...steps, [`${pipeline.length + 1} ${title}`]]),
    heading("At the worst"),
    ...worstLines(explanation.worstCase),
    ...explanation.warnings.map(({ message }) => `\n  ${output.paint("yellow", "Warning")}: ${message}\n`),
  ].join("");
}

function worstLines({ tries, amplification, waitMs, triesMs, timeMs, notes }: WorstCase): string[] {
  return [
    `  tries  ${tries === 1 ? "1" : `${tries}; 1 where the call may have had its effect and must not have it twice`}\n`,
    `  load   ${Math.round(amplification * 100) / 100} × the calls on a system that fails, beside the budget's floor\n`,
    `  waits  ${durationText(waitMs)} between tries, longer where the system asks for it\n`,
    ...(triesMs === null ? [] : [`  all    ${durationText(triesMs)}, tries and waits\n`]),
    `  time   ${timeMs === null ? "no limit" : `${durationText(timeMs)}, whatever waits`}\n`,
    ...notes.map((note) => `\n  Note: ${note}\n`),
  ];
}
