/** What a configuration file consists of; editors' schema, validation and documentation derive from this. */
import { z } from "zod";
import { CONNECTOR_TYPES } from "../core/definition.ts";
import { namedOperation, OPERATION_NAME } from "./named-operation.ts";

/** Letters, digits, - and _; the first a letter or digit, so that a name is never a flag or a hidden property. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

const half = z.record(z.string(), z.unknown());

/** One connector. What `connection` and `options` take depends on the provider. */
export const entrySchema = z.strictObject({
  name: z
    .string()
    .regex(NAME, "must be letters, digits, - and _, the first a letter or digit")
    .max(100)
    .meta({ description: "The name by which code asks for it; unique." }),
  type: z.enum(CONNECTOR_TYPES).meta({ description: "The family of the system." }),
  provider: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "Which connector: a provider's name, an npm package, or a path beside this file." }),
  connection: half.optional().meta({ description: "Where the system is and who asks." }),
  options: half.optional().meta({ description: "The connector's own settings and those of the policies." }),
  operations: z
    .record(z.string(), namedOperation)
    .superRefine((operations, context) => {
      for (const name of Object.keys(operations))
        if (!OPERATION_NAME.test(name) || name.length > 100)
          context.addIssue({
            code: "custom",
            path: [name],
            message: "must be words in lower case with dashes, or camel case",
          });
    })
    .optional()
    .meta({ description: "Operations of your own, made of the connector's: by name." }),
  required: z
    .boolean()
    .default(true)
    .meta({ description: "Whether the whole is unhealthy when this connector is; if not, it is degraded." }),
  connect: z
    .enum(["lazy", "eager"])
    .optional()
    .meta({ description: "`lazy` connects on first use, `eager` when the hub opens.", default: "lazy" }),
});

/** A whole file. */
export const configSchema = z.strictObject({
  connectors: z.array(entrySchema).min(1).meta({ description: "The systems, one entry each." }),
});

export type ParsedEntry = z.output<typeof entrySchema>;
