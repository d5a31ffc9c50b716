/** What goes wrong with TLS before a connection stands: in the handshake, and with what the server shows in it. */
import type { FaultContext, Place, SecureSide } from "./fault-trial.ts";
import { NOTHING_SENT, type NetworkFault } from "./network-faults.ts";
import { startService } from "./services/service.ts";

/** After the first record of the server's side has begun, and long before its certificate is through. */
const IN_HANDSHAKE_BYTES = 60;

/** Sees to it that the next call has to connect. */
async function anew({ proxy }: FaultContext, make: (proxy: FaultContext["proxy"]) => void): Promise<void> {
  make(proxy);
  proxy.cut();
  // A turn, in which the clients hear of it.
  await new Promise((resolve) => setTimeout(resolve, 5));
}

/** Behind the same address, another server that gets it wrong, until it is replaced by the right one. */
async function wrong(ctx: FaultContext, what: keyof SecureSide["wrong"]): Promise<Place> {
  if (ctx.secure === undefined) throw new Error("The suite was given no servers that get TLS wrong");
  const other = await startService(ctx.secure.wrong[what]);
  const proxy = await other.proxied();
  const { host, port } = proxy;
  return {
    host,
    port,
    mend: async () => void (proxy.target = { targetHost: ctx.service.host, targetPort: ctx.service.port }),
    close: () => other.destroy(),
  };
}

export const tlsFaults: readonly NetworkFault[] = [
  {
    name: "stalls in the middle of the TLS handshake",
    strike: (ctx) => anew(ctx, (proxy) => (proxy.stallEachAfterBytesDown = IN_HANDSHAKE_BYTES)),
    kinds: ["timeout"],
    ...NOTHING_SENT,
    isSilent: true,
  },
  {
    name: "resets in the middle of the TLS handshake",
    strike: (ctx) => anew(ctx, (proxy) => (proxy.cutEachAfterBytesDown = IN_HANDSHAKE_BYTES)),
    kinds: ["connection_lost", "unavailable"],
    ...NOTHING_SENT,
    isSilent: false,
  },
  {
    name: "hangs up in the middle of the TLS handshake",
    strike: (ctx) =>
      anew(ctx, (proxy) => {
        proxy.cutBy = "end";
        proxy.cutEachAfterBytesDown = IN_HANDSHAKE_BYTES;
      }),
    kinds: ["connection_lost", "unavailable"],
    ...NOTHING_SENT,
    isSilent: false,
  },
  {
    name: "shows an expired certificate",
    place: (ctx) => wrong(ctx, "expired"),
    kinds: ["unavailable"],
    ...NOTHING_SENT,
    isSilent: false,
  },
  {
    name: "shows the certificate of another host",
    place: (ctx) => wrong(ctx, "elsewhere"),
    kinds: ["config_invalid"],
    ...NOTHING_SENT,
    isSilent: false,
  },
  {
    name: "shows a certificate of an unknown authority",
    place: (ctx) => wrong(ctx, "stranger"),
    kinds: ["config_invalid"],
    ...NOTHING_SENT,
    isSilent: false,
  },
  {
    name: "has TLS switched off",
    place: (ctx) => wrong(ctx, "plain"),
    // Some protocols have a word for it; in others the handshake fails.
    kinds: ["config_invalid", "unavailable"],
    ...NOTHING_SENT,
    isSilent: false,
  },
];
