/** `busbar validate`: everything that is wrong with the configuration, at once, and what contradicts itself; opens nothing. */
import { problemsOf } from "../../../config/problem.ts";
import { loadConfig } from "../../../hub/configuration.ts";
import { warningsOf } from "../../../hub/warnings.ts";
import { findConfig } from "../find-config.ts";
import type { Command } from "../invocation.ts";
import { exitCodeOf } from "../report-error.ts";
import { shownWarning } from "../shown-warning.ts";

export const command: Command<undefined> = async (_, { shared, output }) => {
  const files = findConfig(shared.config);
  try {
    const { connectors } = await loadConfig(files);
    const names = connectors.map(({ name }) => name);
    const count = names.length === 1 ? "1 connector" : `${names.length} connectors`;
    const warnings = connectors.flatMap((each) =>
      warningsOf(each).map((warning) => ({ connector: each.name, ...shownWarning(warning) })),
    );
    const told = warnings.map(
      ({ connector, message }) => `\n${output.paint("yellow", "Warning")}: ${connector}: ${message}\n`,
    );
    await output.write(
      shared.json
        ? `${JSON.stringify({ valid: true, files, connectors: names, warnings })}\n`
        : [`${files.join(", ")}: ${count}, nothing is wrong\n`, ...told].join(""),
    );
    return 0;
  } catch (error) {
    const problems = problemsOf(error);
    if (!shared.json || problems.length === 0) throw error;
    const told = problems.map(({ origin, ...problem }) => ({ ...origin, ...problem }));
    await output.write(`${JSON.stringify({ valid: false, files, problems: told })}\n`);
    return exitCodeOf(error);
  }
};
