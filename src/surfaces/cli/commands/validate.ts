/** `busbar validate`: everything that is wrong with the configuration, at once; opens nothing. */
import { problemsOf } from "../../../config/problem.ts";
import { loadConfig } from "../../../hub/configuration.ts";
import { findConfig } from "../find-config.ts";
import type { Command } from "../invocation.ts";
import { exitCodeOf } from "../report-error.ts";

export const command: Command<undefined> = async (_, { shared, output }) => {
  const files = findConfig(shared.config);
  try {
    const { connectors } = await loadConfig(files);
    const names = connectors.map(({ name }) => name);
    const count = names.length === 1 ? "1 connector" : `${names.length} connectors`;
    await output.write(
      shared.json
        ? `${JSON.stringify({ valid: true, files, connectors: names })}\n`
        : `${files.join(", ")}: ${count}, nothing is wrong\n`,
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
