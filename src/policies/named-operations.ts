/** Settings that name operations are checked against those that there are: a name that means nothing is refused. */
import { unknownName, type ValueProblem } from "../core/issues.ts";
import type { Operation, Operations } from "../core/operation.ts";
import { objectsAt } from "../core/schema-walk.ts";
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
  for (const name of cached) {
    const path = ["cache", "operations", name];
    const operation = named(name, path, isCacheable);
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
    for (const [at, each] of outdated.entries())
      if (!cached.includes(each))
        problems.push({ path: ["invalidates", name, at], message: unknownName(each, cached), allowed: cached });
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

/** A field that no operation has would put all calls under one key. */
function keyProblems(key: string, operations: Operations): ValueProblem[] {
  const field = key.split(".")[1]!;
  const fields = new Set(
    Object.values(operations).flatMap(({ input }) =>
      objectsAt(input, [], {}).flatMap(({ shape }) => Object.keys(shape)),
    ),
  );
  if (fields.has(field)) return [];
  const message = `no operation has this field: ${unknownName(field, [...fields])}`;
  return [{ path: ["rateLimit", "key"], message }];
}
