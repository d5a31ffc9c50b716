/**
 * What is wrong with a configuration: all of it at once, each with its place.
 *
 * People mend a configuration in one go when they are told everything in one go, so loading collects problems and throws
 * a single `config_invalid` whose message lists them. Tools get the same as data from `problemsOf`.
 */
import { ConnectorError } from "../core/errors.ts";
import { formatOrigin, type Origin } from "./origin.ts";

/** One thing that is wrong with a configuration, and where. */
export interface ConfigProblem {
  readonly origin: Origin;
  /** The connector's name, where it is known. */
  readonly connector?: string | undefined;
  /** Inside the connector: `connection`, `host`. Empty where the problem is about a file as a whole. */
  readonly path: readonly PropertyKey[];
  /** What was found, what is allowed, the nearest allowed name. Never a value of a secret. */
  readonly message: string;
}

const VARIABLES = "Set variables in the environment or in the .env beside the file, or write ${NAME:-default}.";

const known = new WeakMap<object, readonly ConfigProblem[]>();

/** One error for all problems, in the order in which they stand in the files. */
export function configError(problems: readonly ConfigProblem[]): ConnectorError {
  const lines = problems.map(formatProblem);
  const message =
    lines.length === 1
      ? `Invalid configuration: ${lines[0]}`
      : `Invalid configuration, ${lines.length} problems:\n${lines.map((line) => `  ${line}`).join("\n")}`;
  const [connector, ...others] = new Set(problems.map((problem) => problem.connector));
  const hint = lines.some((line) => /: variable \w+ is (not set|empty)/.test(line)) ? VARIABLES : undefined;
  const error = new ConnectorError("config_invalid", message, {
    outcome: "none",
    hint,
    connector: others.length === 0 ? connector : undefined,
  });
  known.set(error, problems);
  return error;
}

/** The problems of an error that loading a configuration threw; none of any other error. */
export function problemsOf(error: unknown): readonly ConfigProblem[] {
  return (typeof error === "object" && error !== null && known.get(error)) || [];
}

/** `connectors.yaml:7:13: primary-database.connection.port: expected a number, found text`. */
export function formatProblem({ origin, connector, path, message }: ConfigProblem): string {
  const where = [connector, ...path.map(String)].filter((step) => step !== undefined).join(".");
  // In code, the place as a whole has no name, and the others may be said already.
  const parts = new Set([formatOrigin(origin), where, message].filter((part) => part !== ""));
  return [...parts].join(": ");
}
