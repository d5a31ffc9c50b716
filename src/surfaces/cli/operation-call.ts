/** What `exec` and `stream` share: from the words to a call that is ready to be made, or to the help that was asked for. */
import { ConnectorError } from "../../core/errors.ts";
import type { BaseConnector } from "../../core/connector.ts";
import type { CallOptions } from "../../core/call.ts";
import type { Operation } from "../../core/operation.ts";
import type { HubEntry } from "../../hub/hub.ts";
import { flagsOf, operationHelp, operationsHelp, takesAnyInput } from "../../render/cli-help.ts";
import { parseJsonValue } from "../../core/json-value.ts";
import type { Invocation } from "./invocation.ts";
import { readOperationWords, readTypedInput, type OperationRequest, type OperationWords } from "./operation-words.ts";
import { printableText } from "./printable.ts";
import { readStdin } from "./stdin.ts";
import { UsageError } from "./usage-error.ts";
import { withHub } from "./with-hub.ts";

export interface ReadyCall {
  readonly connector: BaseConnector;
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly options: CallOptions;
  readonly request: OperationRequest;
}

/** Opens the hub, reads the input by the operation's schema, and lets `make` make the call. */
export async function withOperation(
  verb: "exec" | "stream",
  facts: OperationWords,
  invocation: Invocation,
  make: (call: ReadyCall) => Promise<void>,
): Promise<void> {
  const request = readOperationWords(facts);
  const { name, timeout, idempotencyKey } = request;
  await withHub(invocation, async (hub) => {
    const connector = hub.get(name);
    const entry = hub.describe().find((found) => found.name === name)!;
    const operation = request.operation === undefined ? undefined : declared(entry, request.operation);
    if (request.isHelp) return invocation.output.write(printableText(helpOf(entry, request.operation, operation)));
    if (request.operation === undefined)
      throw new UsageError("OPERATION is missing", `\`busbar ${verb} ${name} --help\` lists them.`);
    if (operation !== undefined) checkVerb(verb, name, request.operation, operation);
    // What is not declared is refused by the connector itself, which says what it has.
    const input = operation === undefined ? {} : await readInput(facts, request, operation, invocation);
    const options = { signal: invocation.signal, timeout, idempotencyKey };
    await make({ connector, operation: request.operation, input, options, request }).catch((error: unknown) => {
      throw pointed(error, `\`busbar ${verb} ${name} ${request.operation} --help\` shows what it takes.`);
    });
  });
}

/** An input that was refused, with a hint where to look; every other error as it is. */
function pointed(error: unknown, hint: string): unknown {
  if (!(error instanceof ConnectorError) || error.kind !== "input_invalid" || error.hint !== undefined) return error;
  const { kind, message, connector, operation, outcome } = error;
  return new ConnectorError(kind, message, { connector, operation, outcome, hint, cause: error.cause });
}

function declared({ operations }: HubEntry, name: string): Operation | undefined {
  return Object.hasOwn(operations, name) ? operations[name] : undefined;
}

function helpOf(entry: HubEntry, name: string | undefined, operation: Operation | undefined): string {
  return name === undefined || operation === undefined
    ? operationsHelp(entry.name, entry.operations)
    : operationHelp(entry.name, name, operation);
}

function checkVerb(verb: "exec" | "stream", connector: string, name: string, { stream }: Operation): void {
  if (stream === (verb === "stream")) return;
  const [answers, right] = stream ? ["with a stream", "stream"] : ["once", "exec"];
  throw new ConnectorError("unsupported", `Operation ${name} answers ${answers}`, {
    hint: `busbar ${right} ${connector} ${name} …`,
    outcome: "none",
  }).locate(connector, name);
}

async function readInput(
  { input }: OperationWords,
  { typed }: OperationRequest,
  operation: Operation,
  { signal }: Invocation,
): Promise<Readonly<Record<string, unknown>>> {
  const known = { flags: flagsOf(operation), isOpen: takesAnyInput(operation) };
  const { values, isFromStdin } = readTypedInput(typed, known);
  if (!isFromStdin) return { ...(input === undefined ? {} : objectOf(input, "--json")), ...values };
  if (input !== undefined) throw new UsageError("The input is given twice: by --json and on stdin");
  return { ...objectOf(await readStdin(signal), "The text on stdin"), ...values };
}

function objectOf(text: string, what: string): Readonly<Record<string, unknown>> {
  const value = parseJsonValue(text, what);
  if (typeof value === "object" && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array))
    return value as Record<string, unknown>;
  throw new ConnectorError("input_invalid", `${what} is not a JSON object`, { outcome: "none" });
}
