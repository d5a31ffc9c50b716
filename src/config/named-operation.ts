/** An operation that a user declares on top of a connector's own, as a configuration writes it. */
import { z } from "zod";

/** Words with dashes between them, or in camel case: also a method's name, in camel case. */
export const OPERATION_NAME = /^[a-z][A-Za-z0-9]*(-[a-z0-9]+)*$/;

const jsonSchema = z.record(z.string(), z.unknown());

const output = z
  .strictObject({
    pick: z
      .string()
      .min(1)
      .optional()
      .meta({
        description: "What of the answer is answered, in JMESPath; of a stream, what of each item.",
        examples: ["data[0]", "items[].{id: id, mail: contact.email}"],
      }),
    rename: z
      .record(z.string(), z.string().min(1))
      .optional()
      .meta({
        description: "New names of fields by their old ones; in a list, of each item's.",
        examples: [{ mail: "email" }],
      }),
    schema: jsonSchema
      .optional()
      .meta({ description: "What the answer is, as JSON Schema; for documentation and types." }),
  })
  .meta({ description: "What is made of the answer. Default: it is answered as it is." });

const example = z.strictObject({ title: z.string().min(1), input: z.record(z.string(), z.unknown()).default({}) });

/** One named operation. */
export const namedOperation = z.strictObject({
  summary: z.string().min(1).meta({ description: "What it does, in one sentence." }),
  input: jsonSchema.default({}).meta({
    description:
      "What it takes: fields by name with a JSON Schema each, all of them required unless they say `required: false` or have a default; or one JSON Schema of `type: object` with `properties`.",
    examples: [{ email: { type: "string", format: "email" } }],
  }),
  run: z.string().min(1).meta({ description: "The connector's operation that carries it out." }),
  with: z
    .record(z.string(), z.unknown())
    .default({})
    .meta({
      description: "That operation's input. `${input.NAME}` stands for a value of this one's.",
      examples: [{ path: "/customers", query: { email: "${input.email}" } }],
    }),
  effect: z.enum(["read", "idempotent"]).optional().meta({
    description: "Your word that it has less effect than `run` declares, as callers give it for one call.",
  }),
  output: output.optional(),
  examples: z.array(example).default([]).meta({ description: "Inputs that work, for documentation." }),
});

/** One named operation, as parsed. */
export type NamedOperation = z.output<typeof namedOperation>;
