/** What a named operation makes of an answer. */
import type { NamedOperation } from "../../config/named-operation.ts";
import { ConnectorError } from "../../core/errors.ts";

type Make = (answer: unknown) => unknown;

let jmespath: typeof import("@jmespath-community/jmespath") | undefined;

/** Loads what picks, where one of the operations does; to be awaited before `makerOf`. */
export async function loadPicker(operations: Readonly<Record<string, NamedOperation>> = {}): Promise<void> {
  if (Object.values(operations).some(({ output }) => output?.pick !== undefined))
    jmespath ??= await import("@jmespath-community/jmespath");
}

/** The function, or what is wrong with `pick`; undefined where answers stay as they are. */
export function makerOf(output: NamedOperation["output"]): Make | { readonly refusal: string } | undefined {
  const { pick, rename } = output ?? {};
  const picks = pick === undefined ? undefined : pickerOf(pick);
  if (typeof picks === "object") return picks;
  if (rename === undefined) return picks;
  return (answer) => renamed(picks === undefined ? answer : picks(answer), rename);
}

function pickerOf(expression: string): Make | { readonly refusal: string } {
  const { compile, TreeInterpreter } = jmespath!;
  let tree: ReturnType<typeof compile>;
  try {
    tree = compile(expression);
  } catch (error) {
    return { refusal: `is no JMESPath: ${(error as Error).message}` };
  }
  return (answer) => {
    try {
      // It takes JSON, which every answer is as far as it is picked from.
      return TreeInterpreter.search(tree, answer as never);
    } catch (cause) {
      throw new ConnectorError("internal", "The answer is not what `output.pick` expects", {
        cause,
        hint: "A function of the expression got another type than it takes.",
      });
    }
  };
}

function renamed(answer: unknown, names: Readonly<Record<string, string>>): unknown {
  if (Array.isArray(answer)) return answer.map((item: unknown) => renamed(item, names));
  if (typeof answer !== "object" || answer === null || Object.getPrototypeOf(answer) !== Object.prototype)
    return answer;
  return Object.fromEntries(
    Object.entries(answer).map(([key, value]) => [Object.hasOwn(names, key) ? names[key]! : key, value as unknown]),
  );
}
