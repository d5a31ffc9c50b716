/**
 * One command from its words to its exit code.
 *
 * Whatever happens inside ends here: an error becomes its lines on stderr and its code from the table of kinds, a signal
 * its own code, a reader that went away silence.
 */
import { createOutput } from "./output.ts";
import { listenForInterrupt } from "./interrupt.ts";
import { runCommand } from "./program.ts";
import { exitCodeOf, reportError } from "./report-error.ts";
import { takeSharedOptions } from "./shared-options.ts";

export async function run(words: readonly string[]): Promise<number> {
  const output = createOutput({ color: !words.includes("--no-color") });
  const interrupt = listenForInterrupt();
  let style = { json: false, verbose: false };
  const fail = async (error: unknown): Promise<number> => {
    if (output.gone.aborted && interrupt.exitCode === undefined) return 0;
    await reportError(error, output, style);
    return interrupt.exitCode ?? exitCodeOf(error);
  };
  // What a connector of somebody else throws outside of any call.
  process.once("uncaughtException", (error) => void fail(error).then((code) => process.exit(code)));
  try {
    const taken = takeSharedOptions(words);
    style = taken.shared;
    const signal = AbortSignal.any([interrupt.signal, output.gone]);
    const code = await runCommand(taken, { output, signal, shared: taken.shared });
    return interrupt.exitCode ?? code;
  } catch (error) {
    return await fail(error);
  } finally {
    interrupt.stop();
  }
}
