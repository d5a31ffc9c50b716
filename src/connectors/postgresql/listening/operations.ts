/** LISTEN and NOTIFY as operations (PostgreSQL manual, "NOTIFY"). */
import { z } from "zod";
import { stream, write } from "../../../core/operation.ts";

/** The server's limit of a name; of a payload, its limit in bytes is 8,000 less the name. */
const channel = z
  .string()
  .min(1)
  .refine((name) => Buffer.byteLength(name) <= 63 && !name.includes("\0"), {
    error: "must have at most 63 bytes, and no NUL",
  })
  .meta({ description: "Name of the channel; case counts." });

/** One item of `listen`. */
export const heard = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("listening").meta({ description: "From here on nothing is missed." }),
    channels: z.array(z.string()),
  }),
  z.object({
    type: z.literal("notification"),
    channel: z.string(),
    payload: z.string(),
    processId: z.int().meta({ description: "The server process that sent it." }),
  }),
  z.object({
    type: z.literal("gap").meta({ description: "Notifications may have been missed: look at what they tell of." }),
  }),
]);

/** What a reader of `listen` gets. */
export type Heard = z.output<typeof heard>;

/** The operations beside those of the `sql` contract. */
export const listeningOperations = {
  listen: stream(
    "Tells notifications of channels as they come, until the reader stops.",
    z.strictObject({ channels: z.array(channel).min(1).max(100).meta({ description: "The channels." }) }),
    heard,
    { examples: [{ title: "Hears of new orders", input: { channels: ["orders"] } }] },
  ),

  notify: write(
    "Sends a notification to whoever listens on a channel.",
    z.strictObject({
      channel,
      payload: z
        .string()
        .refine((text) => Buffer.byteLength(text) < 8_000 && !text.includes("\0"), {
          error: "must have less than 8,000 bytes, and no NUL",
        })
        .default("")
        .meta({ description: "What it says; less than 8,000 bytes." }),
    }),
    z.null(),
    { examples: [{ title: "Tells of a new order", input: { channel: "orders", payload: "42" } }] },
  ),
};
