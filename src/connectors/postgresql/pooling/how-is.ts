/** What the servers of a session say when they are asked how they are. */
import type { Degraded } from "../../../core/health.ts";
import type { Replicas } from "../replicas/replicas.ts";
import type { Connect, Server } from "./server.ts";

/** Who is asked. */
export interface Asked {
  readonly primary: Server;
  readonly replicas: Replicas;
  /** Opens a connection that is not the pool's. */
  readonly connect: Connect;
}

/** Throws where the primary is down. */
export async function howIs({ primary, replicas, connect }: Asked, signal: AbortSignal): Promise<Degraded | undefined> {
  const { pool } = primary;
  // While all are busy, a connection of its own asks: a running call is not disturbed, and is no proof of health.
  const own = pool.hasRoom ? undefined : await connect(signal, () => {}).catch(unlessFull);
  if (own === FULL) return { degraded: `all ${pool.size} connections are busy, and the server has none left` };
  const asked = own ?? (await primary.borrow(signal));
  try {
    await asked.run({ sql: "SELECT 1", values: [] });
  } finally {
    pool.release(asked);
    await own?.close();
  }
  const { away, count } = replicas;
  if (away.length > 0) return { degraded: `${away.length} of ${count} replicas cannot be used: ${away.join(", ")}` };
  if (pool.waiting > 0) return { degraded: `${pool.waiting} calls wait for one of ${pool.size} connections` };
  return undefined;
}

/** The server answered: it takes no more connections. */
const FULL = "full";

function unlessFull(error: unknown): typeof FULL {
  if ((error as { readonly code?: unknown }).code === "53300") return FULL;
  throw error;
}
