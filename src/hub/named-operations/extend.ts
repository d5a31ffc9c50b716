/**
 * Operations that a configuration adds to a connector's own.
 *
 * Each is carried out by one of the connector's (`run`), with the input that `with` makes of its own; effect, policies and
 * surfaces treat it as any other. Values go in as values: never into the text of a statement, and into a path as one segment.
 */
import { z } from "zod";
import type { NamedOperation } from "../../config/named-operation.ts";
import { isReservedName } from "../../connectors/check-definition.ts";
import type { Definition } from "../../core/definition.ts";
import { ConnectorError } from "../../core/errors.ts";
import { problemsIn, unknownName, type ValueProblem } from "../../core/issues.ts";
import type { Operation, Via } from "../../core/operation.ts";
import { placeholderRules, type PlaceholderRule } from "../../core/placeholder-rule.ts";
import { sameValue } from "../../core/same-value.ts";
import { fieldsAt, objectsAt } from "../../core/schema-walk.ts";
import { makerOf } from "./answer.ts";
import { methodName } from "../../core/method-name.ts";
import { inputSchemaOf, schemaOf } from "./schema-of.ts";
import { compileTemplate } from "./template.ts";

type Specs = Readonly<Record<string, NamedOperation>>;

/** Definitions that were made, by what they were made of: the same again is the same object, so that a reload sees no change. */
const made = new WeakMap<Definition, { readonly specs: Specs; readonly definition: Definition }[]>();
const MOST_MADE = 8;

/** The definition with the operations added, or everything that is wrong with them; paths begin with `operations`. */
export function extendDefinition(
  definition: Definition,
  specs: Specs = {},
): { readonly definition: Definition } | { readonly problems: readonly ValueProblem[] } {
  if (Object.keys(specs).length === 0) return { definition };
  const known = made.get(definition) ?? [];
  const same = known.find((each) => sameValue(each.specs, specs));
  if (same !== undefined) return same;
  const problems: ValueProblem[] = [];
  const operations: Record<string, Operation> = {};
  const methods = new Set(Object.keys(definition.operations));
  for (const [name, spec] of Object.entries(specs)) {
    const refuse = (path: readonly PropertyKey[], message: string, allowed?: readonly string[]): void =>
      void problems.push({ path: ["operations", name, ...path], message, ...(allowed && { allowed }) });
    const method = methodName(name);
    if (isReservedName(method)) refuse([], `the name "${name}" is taken: every connector has "${method}" already`);
    else if (methods.has(method)) refuse([], `there is an operation "${method}" already`);
    methods.add(method);
    const operation = operationOf(spec, definition, refuse);
    if (operation !== undefined) operations[name] = operation;
  }
  if (problems.length > 0) return { problems };
  const extended = { ...definition, operations: { ...definition.operations, ...operations } };
  made.set(definition, [...known.slice(1 - MOST_MADE), { specs, definition: extended }]);
  return { definition: extended };
}

type Refuse = (path: readonly PropertyKey[], message: string, allowed?: readonly string[]) => void;

function operationOf(spec: NamedOperation, { operations }: Definition, refuse: Refuse): Operation | undefined {
  const { summary, run, examples } = spec;
  const input = inputSchemaOf(spec.input);
  if ("refusal" in input) refuse(["input"], input.refusal);
  const answer = makerOf(spec.output);
  if (typeof answer === "object") refuse(["output", "pick"], answer.refusal);
  const shown = spec.output?.schema === undefined ? undefined : schemaOf(spec.output.schema);
  if (shown !== undefined && "refusal" in shown) refuse(["output", "schema"], shown.refusal);
  if (!Object.hasOwn(operations, run)) {
    const allowed = Object.keys(operations);
    refuse(["run"], unknownName(run, allowed), allowed);
    return undefined;
  }
  const base = operations[run]!;
  if (!("schema" in input) || typeof answer === "object" || (shown !== undefined && "refusal" in shown))
    return undefined;
  const { schema } = input;
  const via: Via = {
    operation: run,
    input: askerOf(spec.with, { base, schema }, refuse),
    ...(answer && { answer }),
  };
  examples.forEach((example, at) => {
    const parsed = schema.safeParse(example.input);
    if (!parsed.success)
      for (const { path, message } of problemsIn(parsed.error, schema, example.input))
        refuse(["examples", at, "input", ...path], message);
  });
  return {
    summary,
    input: schema,
    output: shown?.schema ?? (answer === undefined ? base.output : z.unknown()),
    stream: base.stream,
    examples,
    via,
    ...effectOf(spec, base, via),
  };
}

/** That of the base, which may hang on what is asked of it; or the author's word. */
function effectOf(
  { effect }: NamedOperation,
  base: Operation,
  via: Via,
): Pick<Operation, "effect" | "effectOf" | "effectWhen"> {
  const { effectOf: own, effectWhen } = base;
  if (effect !== undefined) return { effect };
  if (own === undefined) return { effect: base.effect };
  return {
    effect: base.effect,
    effectOf(input, about) {
      try {
        return own(via.input(input), about);
      } catch {
        // It will be refused when it is carried out.
        return base.effect;
      }
    },
    ...(effectWhen !== undefined && { effectWhen }),
  };
}

/** Makes the base's input of an input; what can be seen to be wrong is told now. */
function askerOf(
  template: Readonly<Record<string, unknown>>,
  { base, schema }: { readonly base: Operation; readonly schema: z.ZodObject },
  refuse: Refuse,
): Via["input"] {
  const ruleAt = (path: readonly string[]): PlaceholderRule | undefined =>
    fieldsAt(base.input, path, template)
      .map((field) => placeholderRules.get(field as z.ZodType)?.rule)
      .find((rule) => rule !== undefined);
  let hasReferences = false;
  const fill = compileTemplate(template, {
    rule: ruleAt,
    onReference(path, [name = "", ...deeper]) {
      hasReferences = true;
      const names = Object.keys(schema.shape);
      if (!Object.hasOwn(schema.shape, name))
        refuse(["with", ...path], `\${input.${[name, ...deeper].join(".")}}: ${unknownName(name, names)}`);
      if (ruleAt(path) === "none")
        refuse(
          ["with", ...path],
          "takes no ${input.…}: a value never becomes part of a statement; write :name there, and the value under values",
        );
    },
  });
  checkNames(template, base, refuse);
  const asked = (input: unknown): ReturnType<typeof base.input.safeParse> => base.input.safeParse(fill(input));
  if (!hasReferences) {
    const parsed = asked({});
    if (!parsed.success)
      for (const { path, message } of problemsIn(parsed.error, base.input, template))
        refuse(["with", ...path], message);
  }
  return (input) => {
    const parsed = asked(input);
    if (parsed.success) return parsed.data;
    const lines = problemsIn(parsed.error, base.input, fill(input)).map(({ path, message }) =>
      [path.map(String).join("."), message].filter((part) => part !== "").join(": "),
    );
    throw new ConnectorError("input_invalid", `Invalid input of what carries it out: ${lines.join("; ")}`, {
      outcome: "none",
    });
  };
}

/** Fields that the base does not have, or must have and is not given. */
function checkNames(template: Readonly<Record<string, unknown>>, base: Operation, refuse: Refuse): void {
  const objects = objectsAt(base.input, [], template);
  if (objects.length === 0) return;
  const allowed = [...new Set(objects.flatMap(({ shape }) => Object.keys(shape)))];
  for (const name of Object.keys(template))
    if (!allowed.includes(name)) refuse(["with", name], unknownName(name, allowed), allowed);
  if (objects.length > 1) return;
  for (const [name, field] of Object.entries(objects[0]!.shape))
    if (!Object.hasOwn(template, name) && !(field as z.ZodType).safeParse(undefined).success)
      refuse(["with"], `${name} is missing`);
}
