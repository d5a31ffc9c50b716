/**
 * Holds a connector to its word: what an operation answers must be what its `output` says.
 *
 * Connectors do not parse answers on the way out, because that would cost every caller something that only a mistake of
 * the connector's author can break; so the behaviour suites do.
 */
import type { z } from "zod";
import type { DefinedConnector } from "../connectors/defined.ts";
import type { AnswerWithMeta } from "../core/connector.ts";
import type { Operations } from "../core/operation.ts";
import type { ItemStream } from "../core/stream.ts";

type AnyWay = (operation: string, ...rest: unknown[]) => unknown;

/** The same connector; from now on its calls fail with a plain `Error` where an answer is not as declared. */
export function checkAnswers<Ops extends Operations, C extends DefinedConnector<Ops>>(connector: C): C {
  const { operations } = connector.describe();
  const check = (operation: string, answer: unknown): void => {
    const result = operations[operation]!.output.safeParse(answer);
    if (!result.success) throw new Error(`The answer of "${operation}" is not as declared: ${problems(result.error)}`);
  };
  // The methods are typed by operation; here every operation is treated alike.
  const { execute, call, stream } = connector as unknown as Record<string, AnyWay>;
  const define = (name: string, value: AnyWay): void => {
    Object.defineProperty(connector, name, { value, configurable: true });
  };
  define("execute", async (operation, ...rest) => {
    const answer = await execute!.call(connector, operation, ...rest);
    check(operation, answer);
    return answer;
  });
  define("call", async (operation, ...rest) => {
    const answer = (await call!.call(connector, operation, ...rest)) as AnswerWithMeta<unknown>;
    check(operation, answer.data);
    return answer;
  });
  define("stream", (operation, ...rest) => {
    const items = stream!.call(connector, operation, ...rest) as ItemStream<unknown>;
    return checkItems(items, (item) => check(operation, item));
  });
  return connector;
}

function checkItems<T>(items: ItemStream<T>, check: (item: T) => void): ItemStream<T> {
  const next = items.next.bind(items);
  const batches = items.batches.bind(items);
  items.next = async () => {
    const step = await next();
    if (step.done !== true) check(step.value);
    return step;
  };
  items.batches = async function* () {
    for await (const batch of batches()) {
      batch.forEach(check);
      yield batch;
    }
  };
  return items;
}

function problems(error: z.ZodError): string {
  return error.issues
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message))
    .join("; ");
}
