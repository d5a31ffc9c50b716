/** A session is put in the place of one that works only when it has answered. */
import { orAborted } from "../core/abort.ts";
import type { Session } from "../core/definition.ts";

/** The session that is being opened, once it has given a sign of life; where it gives none, it is closed. */
export async function openProven(opening: Promise<Session>, signal: AbortSignal): Promise<Session> {
  const session = await opening;
  try {
    // A ping that does not listen must not keep open what nobody waits for any more.
    await orAborted(Promise.resolve(session.ping(signal)), signal);
    return session;
  } catch (error) {
    await session.close().catch(() => {});
    throw error;
  }
}
