/** The commands, their words and their help; what a command does is loaded when it is called. */
import { Command as Program, CommanderError } from "commander";
import type { Command, Invocation } from "./invocation.ts";
import type { OperationWords } from "./operation-words.ts";
import { SHARED_OPTIONS, type TakenOptions } from "./shared-options.ts";
import { packageVersion } from "./package-version.ts";
import { USAGE_EXIT, UsageError } from "./usage-error.ts";

type Load<Facts> = () => Promise<{ readonly command: Command<Facts> }>;

/** Runs the command that the words name; answers with its exit code. */
export async function runCommand(taken: TakenOptions, invocation: Invocation): Promise<number> {
  let exitCode = 0;
  const doing = async <Facts>(load: Load<Facts>, facts: Facts): Promise<void> => {
    const { command } = await load();
    exitCode = (await command(facts, invocation)) ?? 0;
  };
  const program = describeProgram(taken.input, doing);
  const written: string[] = [];
  const refused: string[] = [];
  settle(program, written, refused);
  try {
    await program.parseAsync(taken.words, { from: "user" });
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // A command that is not complete tells what there is.
    if (error.code === "commander.help" && error.exitCode !== 0) {
      await invocation.output.tell(refused.join(""));
      return USAGE_EXIT;
    }
    if (error.exitCode !== 0) throw usageError(error.message);
    await invocation.output.write(written.join(""));
  }
  return exitCode;
}

/** Makes commander throw instead of ending the process, and keep what it says instead of printing it. */
function settle(program: Program, written: string[], refused: string[]): void {
  const all = [program, ...program.commands];
  for (const command of all.flatMap((each) => (each === program ? [each] : [each, ...each.commands])))
    command
      .exitOverride()
      .configureOutput({ writeOut: (text) => written.push(text), writeErr: (text) => refused.push(text) })
      .configureHelp({ showGlobalOptions: command !== program });
}

/** `error: unknown option '--x'\n(Did you mean --y?)` as message and hint. */
function usageError(text: string): UsageError {
  const [message = "", ...hints] = text.replace(/^error: /, "").split("\n");
  const hint = hints.map((line) => line.replace(/^\((.*)\)$/, "$1")).join(" ");
  return new UsageError(message.charAt(0).toUpperCase() + message.slice(1), hint === "" ? undefined : hint);
}

type Doing = <Facts>(load: Load<Facts>, facts: Facts) => Promise<void>;

function describeProgram(input: string | undefined, doing: Doing): Program {
  const program = new Program("busbar");
  program.description("Every system an application talks to, from the shell.").enablePositionalOptions();
  program.version(packageVersion(), "-V, --version", "print the version");
  for (const [flags, description] of SHARED_OPTIONS) program.option(flags, description);

  const add = (words: string, description: string): Program => program.command(words).description(description);
  const withoutInput = <Facts>(load: Load<Facts>, facts: Facts): Promise<void> => {
    if (input !== undefined) throw new UsageError("This command takes no input: --json stands alone");
    return doing(load, facts);
  };

  add("init", "write a commented connectors.yaml")
    .option("-p, --provider <name>", "a provider to begin with, several times for several", collect)
    .option("--force", "replace the file that is there")
    .action((options: { provider?: string[]; force?: boolean }) =>
      withoutInput(() => import("./commands/init.ts"), {
        providers: options.provider ?? [],
        force: options.force === true,
      }),
    );
  add("validate", "tell everything that is wrong with the configuration").action(() =>
    withoutInput(() => import("./commands/validate.ts"), undefined),
  );
  add("list", "list the connectors of the configuration")
    .option("-o, --operations", "list what each of them can do")
    .action((options: { operations?: boolean }) =>
      withoutInput(() => import("./commands/list.ts"), { operations: options.operations === true }),
    );
  add("types", "write TypeScript types of the configuration's connectors and operations")
    .option("--out <file>", "where to (default: connectors.d.ts beside the configuration)")
    .option("--check", "write nothing, and fail where the file is not as it should be; for CI")
    .action((options: { out?: string; check?: boolean }) =>
      withoutInput(() => import("./commands/types.ts"), { out: options.out, isCheck: options.check === true }),
    );
  add("check [name]", "ask one system or all whether they are well").action((name: string | undefined) =>
    withoutInput(() => import("./commands/check.ts"), { name }),
  );
  add("explain <name>", "show every setting of a connector, where it comes from, and what it leads to").action(
    (name: string) => withoutInput(() => import("./commands/explain.ts"), { name }),
  );

  const sql = add("sql", "look after what busbar keeps in a SQL database");
  sql
    .command("ledger <name>")
    .description("make the table of idempotency keys, where it is not there")
    .option("--print", "print its SQL instead, for whoever may run it")
    .option("--purge", "delete the keys that are old enough instead")
    .action((name: string, { print = false, purge = false }: { print?: boolean; purge?: boolean }) => {
      if (print && purge) throw new UsageError("--print and --purge exclude each other");
      return withoutInput(() => import("./commands/sql-ledger.ts"), { name, print, purge });
    });

  type CallOptions = Pick<OperationWords, "timeout" | "human" | "idempotencyKey">;
  const addCall = (verb: "exec" | "stream", description: string, load: Load<OperationWords>): Program =>
    add(`${verb} <name> [operation] [input...]`, description)
      .usage("<name> <operation> [--input value … | --json '{…}' | -] [options]")
      .option("-t, --timeout <duration>", 'most time for the call: milliseconds, or text like "5s"')
      .addHelpText("after", callHelp(verb))
      .passThroughOptions()
      .action((name: string, operation: string | undefined, inputs: string[], options: CallOptions) =>
        doing(load, { ...options, name, words: operation === undefined ? [] : [operation, ...inputs], input }),
      );
  addCall("exec", "carry out an operation and print its answer", () => import("./commands/exec.ts"))
    .option("--human", "the answer as people read it (rows as a table), also where stdout is no terminal")
    .option("--idempotency-key <key>", "names this one effect: sent again with the same key, it is not done again");
  addCall(
    "stream",
    "carry out an operation that answers with many items; one line of JSON each",
    () => import("./commands/stream.ts"),
  );
  return program;
}

function collect(value: string, earlier: readonly string[] = []): readonly string[] {
  return [...earlier, value];
}

function callHelp(verb: string): string {
  return `
Inputs are flags of the operation: \`busbar ${verb} <name> <operation> --help\` lists them. All of them at once
can be given as JSON, with --json '{…}' or on stdin with a dash; flags then win over it. A value that is itself
an option's name is written --input=value. An input that has the name of an option is given in the JSON.

Bytes in JSON are { "$bytes": "base64" }, instants ISO 8601 text, integers beyond 2^53 decimal text.

  busbar exec db query --sql 'select * from users where id = $1' --values '[1]'
  echo '{ "sql": "select 1" }' | busbar exec db query -
  busbar stream db queryStream --sql 'select * from users' | head -1`;
}
