/** Finds the part of a zod schema that speaks of one place in a value, through optional, default, pipe, lazy and union. */
import type { z } from "zod";

/** The parts of zod's definitions that lead further inside; which of them are there depends on the type. */
interface Inside {
  readonly innerType?: z.core.$ZodType;
  readonly in?: z.core.$ZodType;
  readonly getter?: () => z.core.$ZodType;
  readonly options?: readonly z.core.$ZodType[];
  readonly discriminator?: string;
  readonly shape?: Readonly<Record<PropertyKey, z.core.$ZodType>>;
  readonly element?: z.core.$ZodType;
  readonly valueType?: z.core.$ZodType;
  readonly items?: readonly z.core.$ZodType[];
}

/** An object schema's fields by name. */
export interface ObjectSchema {
  readonly shape: Readonly<Record<string, z.core.$ZodType>>;
}

/** What stands at `path` inside a value; `undefined` where nothing does. */
export function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce(step, value);
}

/** The object schemas that may describe what stands at `path`; of a discriminated union the one that fits `root`. */
export function objectsAt(schema: z.core.$ZodType, path: readonly PropertyKey[], root: unknown): ObjectSchema[] {
  const value = valueAt(root, path);
  return schemasAt(schema, path, root)
    .flatMap((each) => spread(each, value))
    .flatMap((each) => {
      const { shape } = inside(each);
      return shape === undefined ? [] : [{ shape }];
    });
}

/** The schemas of what stands at `path`, with all that wraps them. */
export function fieldsAt(schema: z.core.$ZodType, path: readonly PropertyKey[], root: unknown): z.core.$ZodType[] {
  return schemasAt(schema, path, root).flatMap((each) => {
    const wrapped = [each];
    for (let next = within(each); next !== undefined; next = within(next)) wrapped.push(next);
    return wrapped;
  });
}

/** The branches of the union that stands at `path`, in its own order; none where there is no union. */
export function branchesAt(
  schema: z.core.$ZodType,
  path: readonly PropertyKey[],
  root: unknown,
): readonly z.core.$ZodType[] {
  return schemasAt(schema, path, root).flatMap((each) => inside(unwrap(each)).options ?? []);
}

function schemasAt(schema: z.core.$ZodType, path: readonly PropertyKey[], root: unknown): readonly z.core.$ZodType[] {
  let schemas: readonly z.core.$ZodType[] = [schema];
  let value = root;
  for (const key of path) {
    const parent = value;
    schemas = schemas.flatMap((each) => spread(each, parent).flatMap((one) => childOf(one, key) ?? []));
    value = step(parent, key);
  }
  return schemas;
}

// Definitions are looked into by name because zod gives every type its own.
const inside = (schema: z.core.$ZodType): Inside => schema._zod.def as unknown as Inside;

function step(value: unknown, key: PropertyKey): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return undefined;
  return (value as Record<PropertyKey, unknown>)[key];
}

function childOf(schema: z.core.$ZodType, key: PropertyKey): z.core.$ZodType | undefined {
  const { shape, element, valueType, items } = inside(schema);
  if (shape !== undefined) return Object.hasOwn(shape, key) ? shape[key] : undefined;
  return items?.[Number(key)] ?? element ?? valueType;
}

/** Takes off what wraps a schema: optional, default, pipe, lazy. */
function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const next = within(schema);
  return next === undefined ? schema : unwrap(next);
}

function within(schema: z.core.$ZodType): z.core.$ZodType | undefined {
  const { innerType, getter, in: input } = inside(schema);
  return innerType ?? getter?.() ?? input;
}

/** The alternatives of a union, of a discriminated one only what fits; the schema itself where it is none. */
function spread(schema: z.core.$ZodType, value: unknown): readonly z.core.$ZodType[] {
  const bare = unwrap(schema);
  const { options, discriminator } = inside(bare);
  if (options === undefined) return [bare];
  const fitting = discriminator === undefined ? options : options.filter((each) => fits(each, discriminator, value));
  return (fitting.length === 0 ? options : fitting).flatMap((each) => spread(each, value));
}

function fits(schema: z.core.$ZodType, discriminator: string, value: unknown): boolean {
  const allowed = schema._zod.propValues?.[discriminator];
  return allowed?.has(step(value, discriminator) as string) ?? false;
}
