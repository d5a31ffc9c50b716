/** A connector of any family whose system answers by script. */
import { defineConnector, read, secret, stream, write, type Clock } from "busbar";
import { scriptedHandler, type Step } from "busbar/testkit";
import { z } from "zod";

/** Stands for every credential and every value; nothing that observers tell may hold it. */
export const CANARY = "canary-5e1f";

export interface ShopSettings {
  readonly steps?: readonly Step[];
  readonly type?: "database" | "rest-api" | "message-queue" | "custom";
  readonly provider?: string;
  /** Of the policies; a retry comes at once. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly clock?: Clock;
  /** What opening throws; asked each time. */
  readonly refusal?: () => Error | undefined;
}

/** A shop that is connected, unless it refuses to be. */
export async function openShop({ steps = [], type = "database", provider = "postgresql", ...more }: ShopSettings = {}) {
  const { options = {}, clock, refusal } = more;
  const system = scriptedHandler(steps);
  const anything = z.looseObject({});
  const Shop = defineConnector({
    provider,
    type,
    title: "Shop",
    summary: "Answers by script.",
    connection: z.strictObject({ password: secret("Password.") }),
    operations: {
      find: read("Reads.", anything, z.unknown()),
      get: read("Reads.", anything, z.unknown()),
      add: write("Adds.", anything, z.unknown()),
      rows: stream("Streams.", anything, z.unknown()),
    },
    open: async () => {
      const refused = refusal?.();
      if (refused !== undefined) throw refused;
      const { handler } = system;
      return {
        handlers: {
          find: async (input, call) => handler(input, call),
          get: async (input, call) => handler(input, call),
          add: async (input, call) => handler(input, call),
          rows: (input, call) => handler(input, call) as AsyncIterable<unknown>,
        },
        ping: async () => {},
        close: async () => {},
      };
    },
    classify: () => undefined,
  });
  const settings = { password: CANARY, retry: { delay: 0 }, ...options } as { password: string };
  const shop = new Shop(settings, { name: "shop", ...(clock === undefined ? {} : { clock }) });
  if (refusal === undefined) await shop.connect();
  return shop;
}
