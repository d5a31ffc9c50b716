/** `busbar stream`: the items of an answer as they come, one line of JSON each (NDJSON). */
import { toJsonValue } from "../../../core/json-value.ts";
import type { Command } from "../invocation.ts";
import { lineWriter } from "../line-writer.ts";
import { withOperation } from "../operation-call.ts";
import type { OperationWords } from "../operation-words.ts";
import { printableJson } from "../printable.ts";
import { UsageError } from "../usage-error.ts";

export const command: Command<OperationWords> = async (facts, invocation) => {
  const { output, signal } = invocation;
  await withOperation("stream", facts, invocation, async ({ connector, operation, input, options, request }) => {
    if (request.human) throw new UsageError("A stream is printed as lines of JSON: --human is for exec");
    const writer = lineWriter(output, signal);
    let count = 0;
    try {
      // A batch is read when there is room for it; leaving the loop ends the work at the system.
      for await (const batch of connector.stream(operation, input, options).batches()) {
        const lines = batch.map((item) => `${JSON.stringify(toJsonValue(item))}\n`).join("");
        await writer.add(output.isTerminal ? printableJson(lines) : lines);
        count += batch.length;
        if (output.gone.aborted) return;
      }
    } catch (error) {
      // What came before the failure is part of the answer.
      await writer.end().catch(() => {});
      throw error;
    }
    await writer.end();
    if (invocation.shared.verbose) await output.tell(`${count === 1 ? "1 item" : `${count} items`}\n`);
  });
};
