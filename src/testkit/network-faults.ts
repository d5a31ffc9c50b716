/** The faults as data: how each is made, and what a connector may make of it. */
import type { Kind, Outcome } from "../core/errors.ts";
import { FaultProxy } from "./fault-proxy.ts";
import type { Condition, FaultContext, Place } from "./fault-trial.ts";
import { frozenListener } from "./frozen-listener.ts";
import { startNameServer, type NameAnswer } from "./name-server.ts";
import { pauseFor } from "./services/wait.ts";

/** One way in which a network or a server fails, and all that a connector may answer to it. */
export interface NetworkFault extends Condition {
  /** A sentence's end: "a server that …". */
  readonly name: string;
  /** A trap that others fell into here. */
  readonly trap?: number;
  /** Goes on when a call is under way. */
  worsen?(this: void, ctx: FaultContext): Promise<void>;
  readonly kinds: readonly Kind[];
  /** What a failed write may say of its effect. */
  readonly outcomes: readonly Outcome[];
  /** How many effects one failed write may have had when all is over. */
  readonly effects: readonly number[];
  /** Whether only the call's own limit ends it. */
  readonly isSilent: boolean;
  /** Whether it strikes once, so that a second try is answered. */
  readonly isOnce?: boolean;
  /** Whether it strikes before a connection stands, so that TLS makes no difference. */
  readonly isBeforeConnection?: boolean;
}

export const NOTHING_SENT = { outcomes: ["none"], effects: [0] } as const;
/** The request is out, or part of it: nobody can tell. */
const OPEN = { outcomes: ["unknown"], effects: [0, 1] } as const;
/** The request is out and was carried out; only the answer is missing. */
const DONE = { outcomes: ["unknown"], effects: [1] } as const;
const EITHER = { outcomes: ["none", "unknown"], effects: [0, 1] } as const;

/** The server without the proxy. */
const direct = async ({ service: { host, port } }: FaultContext): Promise<Place> => ({
  host,
  port,
  mend: async () => {},
});

/** Ends what is open and lets the clients hear of it. */
async function cut({ proxy }: FaultContext): Promise<void> {
  proxy.cut();
  await pauseFor(5);
}

export const networkFaults: readonly NetworkFault[] = [
  {
    name: "refuses connections",
    strike: async (ctx: FaultContext): Promise<void> => {
      ctx.proxy.closeListener();
      await cut(ctx);
    },
    kinds: ["unavailable"],
    ...NOTHING_SENT,
    isSilent: false,
  },
  {
    name: "accepts connections and resets them",
    strike: async (ctx: FaultContext): Promise<void> => {
      ctx.proxy.refuse = true;
      await cut(ctx);
    },
    kinds: ["unavailable", "connection_lost"],
    outcomes: ["none", "unknown"],
    effects: [0],
    isSilent: false,
  },
  {
    name: "never answers a connect",
    place: neverAnswering,
    settings: { connectionTimeout: 200, retryAttempts: 5 },
    kinds: ["timeout"],
    ...NOTHING_SENT,
    isSilent: true,
    isBeforeConnection: true,
  },
  {
    name: "has a name that nobody knows",
    place: (ctx) => named(ctx, "unknown"),
    kinds: ["unavailable"],
    ...NOTHING_SENT,
    isSilent: false,
    isBeforeConnection: true,
  },
  {
    name: "has a name whose name server is in trouble",
    place: (ctx) => named(ctx, "failure"),
    kinds: ["unavailable"],
    ...NOTHING_SENT,
    isSilent: false,
    isBeforeConnection: true,
  },
  {
    name: "has a name whose name server keeps silent",
    place: (ctx) => named(ctx, "silence"),
    kinds: ["timeout"],
    ...NOTHING_SENT,
    isSilent: true,
    isBeforeConnection: true,
  },
  {
    name: "does what it is asked and stalls before the reply",
    strike: ({ proxy }) => void (proxy.blackhole = "down"),
    kinds: ["timeout"],
    ...DONE,
    isSilent: true,
  },
  {
    name: "does what it is asked and resets in the middle of the reply",
    strike: ({ proxy }) => void (proxy.cutAfterBytesDown = 5),
    kinds: ["connection_lost"],
    ...DONE,
    isSilent: false,
    isOnce: true,
  },
  {
    name: "does what it is asked and hangs up in the middle of the reply",
    strike({ proxy }) {
      proxy.cutBy = "end";
      proxy.cutAfterBytesDown = 5;
    },
    kinds: ["connection_lost"],
    ...DONE,
    isSilent: false,
    isOnce: true,
  },
  {
    name: "is reached byte by byte",
    strike: ({ proxy }) => void (proxy.rateBytesPerSec = 20),
    kinds: ["timeout"],
    ...OPEN,
    isSilent: true,
  },
  {
    name: "is gone behind half-open connections",
    trap: 3,
    strike: ({ proxy }) => void (proxy.blackhole = "both"),
    kinds: ["timeout"],
    ...OPEN,
    isSilent: true,
  },
  {
    name: "accepts new connections and says nothing",
    strike: async (ctx: FaultContext): Promise<void> => {
      await cut(ctx);
      ctx.proxy.blackhole = "both";
    },
    kinds: ["timeout"],
    ...EITHER,
    isSilent: true,
  },
  {
    name: "is killed with SIGKILL between two calls and restarted",
    trap: 12,
    place: direct,
    strike: ({ service }) => service.crash(),
    kinds: ["unavailable"],
    ...NOTHING_SENT,
    isSilent: false,
  },
  {
    name: "is killed with SIGKILL while it has a call and restarted",
    trap: 12,
    place: direct,
    strike: ({ service }) => service.pause(),
    worsen: async ({ service }: FaultContext): Promise<void> => {
      await pauseFor(20);
      await service.crash();
    },
    kinds: ["connection_lost"],
    // To freeze it takes its time, after which a connector may ask for a sign of life before it sends.
    outcomes: ["none", "unknown"],
    effects: [0],
    isSilent: false,
  },
  {
    name: "is frozen and thaws",
    place: direct,
    strike: ({ service }) => service.pause(),
    kinds: ["timeout"],
    ...EITHER,
    isSilent: true,
  },
];

/** The proxy, under a name of a name server that does not tell it yet. */
async function named({ proxy: { port } }: FaultContext, answer: NameAnswer): Promise<Place> {
  const names = await startNameServer(answer);
  return {
    host: names.name,
    port,
    mend: async () => void (names.answer = "127.0.0.1"),
    close: () => names.close(),
  };
}

/** Behind it, once mended, the server is reached through a proxy on the same port. */
async function neverAnswering({ service }: FaultContext): Promise<Place> {
  const frozen = await frozenListener();
  const { host, port } = frozen;
  const target = { targetHost: service.host, targetPort: service.port };
  const proxy = new FaultProxy(target, { port, release: () => {} });
  return {
    host,
    port,
    async mend() {
      await frozen.close();
      await proxy.reopen();
    },
    async close() {
      await frozen.close();
      await proxy.close();
    },
  };
}
