/**
 * A port on which a connect never completes, as behind a firewall that drops packets.
 *
 * The kernel answers a connect by itself as long as the listener's queue has room, whether or not anybody accepts. So a
 * child process listens with the shortest queue there is and is frozen; then the queue is filled, until a connect stays
 * without an answer. From then on all do.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { randomUUID } from "node:crypto";
import { connect, type Socket } from "node:net";
import { canBind, claimPort } from "./services/ports.ts";
import { freezeTree, killTree, startTimeOf } from "./services/process-tree.ts";
import { becomesTrue, pauseFor } from "./services/wait.ts";
import { unwatch, watch } from "./services/watchdog.ts";

const SILENCE_MS = 150;
const MOST_FILLERS = 32;
const RELEASED_MS = 10_000;

/** A port on which a connect gets no answer. */
export interface FrozenListener {
  readonly host: "127.0.0.1";
  readonly port: number;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

const program = `
require("node:net").createServer().listen({ host: "127.0.0.1", port: Number(process.argv[1]), backlog: 1 }, () => console.log("up"));
`;

/** Starts one. It takes about 0.3 s. */
export async function frozenListener(): Promise<FrozenListener> {
  const claimed = await claimPort();
  const { port } = claimed;
  const id = randomUUID();
  const child = spawn(process.execPath, ["-e", program, String(port)], {
    detached: true,
    env: { ...process.env, TEST_SERVICE_ID: id },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const trace = { id, pid: child.pid, startTime: child.pid ? startTimeOf(child.pid) : "" };
  watch(trace);
  const fillers: Socket[] = [];
  let closed: Promise<void> | undefined;
  const close = (): Promise<void> => {
    closed ??= (async () => {
      for (const filler of fillers) filler.destroy();
      await killTree(trace);
      // A process that was killed holds its port until its last thread is gone.
      await becomesTrue(() => canBind(port), { timeoutMs: RELEASED_MS });
      unwatch(id);
      claimed.release();
    })();
    return closed;
  };
  try {
    await once(child.stdout, "data", { signal: AbortSignal.timeout(10_000) });
    child.stdout.destroy();
    child.unref();
    // Still on its way to a stop, it could take one more connection from its queue.
    await freezeTree(trace);
    do {
      if (fillers.length === MOST_FILLERS) throw new Error(`Port ${port} answers although nobody accepts`);
      const filler = connect({ host: "127.0.0.1", port }).unref();
      filler.on("error", () => {}); // reset when the listener goes
      fillers.push(filler);
      await Promise.race([once(filler, "connect"), pauseFor(SILENCE_MS)]);
      // On a busy machine the timer can come before an answer that is already there has been read.
      await new Promise((resolve) => setImmediate(resolve));
    } while (!fillers.at(-1)?.connecting);
    return { host: "127.0.0.1", port, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
