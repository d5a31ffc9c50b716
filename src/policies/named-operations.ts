/** Settings that name operations are checked against those that there are: a name that means nothing is refused. */
import { unknownName, type ValueProblem } from "../core/issues.ts";
import type { Operation, Operations } from "../core/operation.ts";
import { objectsAt } from "../core/schema-walk.ts";
import { outdatedBy } from "./cache.ts";
import { canMeet, fieldsOfTag } from "./cache-tags.ts";
import type { PolicySettings } from "./pipeline.ts";

/** Everything that is wrong with the names; paths begin with the policy's own name. */
export function namedOperationProblems(settings: PolicySettings, operations: Operations): ValueProblem[] {
  const { cache, invalidates = {}, rateLimit, faults } = settings;
  const problems: ValueProblem[] = [];
  /** The operation of that name; where there is none, that is a problem. */
  const named = (name: string, path: readonly PropertyKey[], fits: (operation: Operation) => boolean = () => true) => {
    if (Object.hasOwn(operations, name)) return operations[name];
    const allowed = Object.keys(operations).filter((each) => fits(operations[each]!));
    problems.push({ path, message: unknownName(name, allowed), allowed });
    return undefined;
  };
  const cached = Object.keys(cache?.operations ?? {});
  const tagged = Object.values(cache?.operations ?? {}).flatMap(({ tags = [] }) => tags);
  for (const [name, { tags = [] }] of Object.entries(cache?.operations ?? {})) {
    const path = ["cache", "operations", name];
    const operation = named(name, path, isCacheable);
    problems.push(...tagProblems(tags, operation, [...path, "tags"]));
    if (operation !== undefined && !isCacheable(operation))
      problems.push({
        path,
        message: operation.stream ? "is a stream, and never kept" : "may write, and is never kept",
      });
  }
  for (const [name, outdated] of Object.entries(invalidates)) {
    const operation = named(name, ["invalidates", name], (each) => each.effect !== "read");
    if (operation?.effect === "read")
      problems.push({ path: ["invalidates", name], message: "only reads, and outdates nothing" });
    const { operations: others = [], tags = [] } = outdatedBy(outdated);
    const list = Array.isArray(outdated) ? ["invalidates", name] : ["invalidates", name, "operations"];
    for (const [at, each] of others.entries())
      if (!cached.includes(each))
        problems.push({ path: [...list, at], message: unknownName(each, cached), allowed: cached });
    for (const [at, each] of tags.entries())
      if (!tagged.some((tag) => canMeet(tag, each)))
        problems.push({
          path: ["invalidates", name, "tags", at],
          message: `no kept answer has this tag: ${unknownName(each, tagged)}`,
        });
    problems.push(...tagProblems(tags, operation, ["invalidates", name, "tags"]));
  }
  for (const name of Object.keys(rateLimit?.weights ?? {})) named(name, ["rateLimit", "weights", name]);
  for (const [at, { operation }] of (faults?.rules ?? []).entries())
    if (operation !== undefined) named(operation, ["faults", "rules", at, "operation"]);
  if (rateLimit?.key !== undefined) problems.push(...keyProblems(rateLimit.key, operations));
  return problems;
}

function isCacheable({ effect, stream }: Operation): boolean {
  return effect === "read" && !stream;
}

/** Fields that tags name and the operation does not take: nothing could ever be kept, or only everything outdated. */
function tagProblems(
  tags: readonly string[],
  operation: Operation | undefined,
  path: readonly PropertyKey[],
): ValueProblem[] {
  if (operation === undefined) return [];
  return tags.flatMap((tag, at) =>
    fieldsOfTag(tag).flatMap((field) => {
      const message = unknownField(field, [operation]);
      return message === undefined
        ? []
        : [{ path: [...path, at], message: `the operation has no such field: ${message}` }];
    }),
  );
}

/** A field that no operation has would put all calls under one key. */
function keyProblems(key: string, operations: Operations): ValueProblem[] {
  const message = unknownField(key, Object.values(operations));
  return message === undefined
    ? []
    : [{ path: ["rateLimit", "key"], message: `no operation has this field: ${message}` }];
}

/** What is wrong with the name of a field of the input, where none of the operations has it. */
function unknownField(name: string, operations: readonly Operation[]): string | undefined {
  const field = name.split(".")[1]!;
  const fields = operations.flatMap(({ input }) => objectsAt(input, [], {}).flatMap(({ shape }) => Object.keys(shape)));
  return fields.includes(field) ? undefined : unknownName(field, [...new Set(fields)]);
}
