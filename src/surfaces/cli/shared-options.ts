/**
 * Options that every command takes, wherever they stand among its words.
 *
 * They are taken out before anything else is read, so that `busbar --config a.yaml list` and `busbar list --config a.yaml`
 * are the same. `--json` has two readings that cannot be confused: followed by an object (`'{…}'`) it is the input of an
 * operation, alone it asks for answers as JSON.
 */
import type { SharedOptions } from "./invocation.ts";
import { UsageError } from "./usage-error.ts";

/** For the help pages. */
export const SHARED_OPTIONS = [
  ["-c, --config <file>", "the configuration; several are merged (default: connectors.yaml, searched upwards)"],
  ["--json", "JSON for machines, errors too"],
  ["--verbose", "tell more on stderr: tries, times, causes of errors"],
  ["--no-color", "no colours, as with NO_COLOR"],
] as const;

export interface TakenOptions {
  readonly shared: SharedOptions;
  /** The object that followed `--json`. */
  readonly input: string | undefined;
  /** Everything else, in order. */
  readonly words: readonly string[];
}

/** Throws a `UsageError` where an option lacks its value or is given twice. */
export function takeSharedOptions(all: readonly string[]): TakenOptions {
  const config: string[] = [];
  const words: string[] = [];
  const switches = new Set<string>();
  const inputs: string[] = [];
  const rest = [...all];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    const [name, inline] = split(word);
    if (word === "--json" || name === "--json") {
      const isInput = inline !== undefined || rest[0]?.trimStart().startsWith("{") === true;
      if (isInput) inputs.push(inline ?? rest.shift()!);
      else switches.add("--json");
    } else if (name === "--config" || word === "-c") {
      const file = inline ?? rest.shift();
      if (file === undefined) throw new UsageError("--config needs the name of a file");
      config.push(file);
    } else if (word === "--verbose") switches.add(word);
    // Where colours are welcome is settled before any option is read.
    else if (word !== "--no-color") words.push(word);
  }
  if (inputs.length > 1) throw new UsageError("--json is given an input more than once");
  const shared = { config, json: switches.has("--json"), verbose: switches.has("--verbose") };
  return { shared, input: inputs[0], words };
}

/** `--name=value` in two. */
function split(word: string): readonly [string, string | undefined] {
  const at = word.startsWith("--") ? word.indexOf("=") : -1;
  return at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1)];
}
