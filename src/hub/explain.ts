/** Every setting in force with the place where it was written, in the order of the schemas. */
import { z } from "zod";
import { otherNames } from "../config/fields.ts";
import type { Origin } from "../config/origin.ts";
import type { Settings } from "../connectors/settings.ts";
import type { Definition } from "../core/definition.ts";
import { isPlainObject } from "../core/plain-object.ts";
import { objectsAt } from "../core/schema-walk.ts";
import { policySettings } from "../policies/pipeline.ts";

/** One setting in force. */
export interface ExplainedSetting {
  /** As YAML writes it: `connection.host`, `options.rateLimit.requests`. */
  readonly path: readonly string[];
  /** As parsed; secrets are `Secret` and print as `[redacted]`. */
  readonly value: unknown;
  /** Where the value was written; `{ from: "default" }` where nobody did. */
  readonly origin: Origin;
}

/** Connection first, then the connector's own options, then those of the policies. */
export function explainSettings(
  definition: Definition,
  { connection, options, policies }: Settings,
  originOf: (path: readonly string[], value: unknown) => Origin,
): ExplainedSetting[] {
  const parts = [
    { half: "connection", schema: definition.connection, values: connection },
    { half: "options", schema: definition.options ?? z.strictObject({}), values: options },
    { half: "options", schema: policySettings, values: policies },
  ];
  const found: ExplainedSetting[] = [];
  const add = (path: readonly string[], value: unknown): void => {
    if (isPlainObject(value)) for (const [key, item] of Object.entries(value)) add([...path, key], item);
    else if (value !== undefined) found.push({ path, value, origin: originOf(path, value) });
  };
  const saidOtherwise = new Set(parts.flatMap(({ schema, values }) => saidByOtherNames(schema, values)));
  for (const { half, schema, values } of parts)
    for (const [key, field] of Object.entries<z.ZodType>(schema.shape)) {
      // Some defaults stand beside the schema, because the setting has two names.
      const standard = saidOtherwise.has(key) ? undefined : field.meta()?.["default"];
      add([half, key], (values as Readonly<Record<string, unknown>>)[key] ?? standard);
    }
  return found;
}

/** Settings that are in force under another name. */
function saidByOtherNames(schema: z.core.$ZodType, values: object): string[] {
  return objectsAt(schema, [], values).flatMap(({ shape }) =>
    Object.entries(values).flatMap(([key, value]) => {
      const field = shape[key];
      if (field === undefined || value === undefined) return [];
      const name = otherNames.get(field);
      if (name !== undefined) return [name.of];
      return isPlainObject(value) ? saidByOtherNames(field, value) : [];
    }),
  );
}
