/** `busbar exec`: carries out an operation and prints its answer. */
import { toJsonValue } from "../../../core/json-value.ts";
import { answerText } from "../answer-text.ts";
import type { Command } from "../invocation.ts";
import { withOperation } from "../operation-call.ts";
import type { OperationWords } from "../operation-words.ts";

export const command: Command<OperationWords> = async (facts, invocation) => {
  const { output, shared, signal } = invocation;
  await withOperation("exec", facts, invocation, async ({ connector, operation, input, options, request }) => {
    const { data, meta } = await connector.call(operation, input, options);
    const isForPeople = request.human || (output.isTerminal && !shared.json);
    const text = isForPeople ? answerText(data, meta, output) : `${JSON.stringify(toJsonValue(data))}\n`;
    await output.write(text, signal);
    if (!shared.verbose) return;
    const { attempts, durationMs, waitMs, status, replayed, traceId } = meta;
    const facts = [
      attempts === 1 ? "1 try" : `${attempts} tries`,
      `${durationMs.toFixed(1)} ms`,
      ...(waitMs > 0 ? [`of which ${waitMs.toFixed(1)} ms waiting`] : []),
      ...(status === undefined ? [] : [`status ${status}`]),
      ...(replayed === true ? ["done before, answered again"] : []),
      `trace ${traceId}`,
    ];
    await output.tell(`${facts.join(", ")}\n`);
  });
};
