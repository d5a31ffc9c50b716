/** The hub of a command: opened from its configuration, closed whatever happens. */
import { openHub, type Hub } from "../../hub/hub.ts";
import { findConfig } from "./find-config.ts";
import type { Invocation } from "./invocation.ts";

export async function withHub<T>({ shared, signal }: Invocation, work: (hub: Hub) => Promise<T>): Promise<T> {
  const hub = await openHub(findConfig(shared.config), { signal });
  let answer: T;
  try {
    answer = await work(hub);
  } catch (error) {
    // What failed first tells more than a failure to close after it.
    await hub.close().catch(() => {});
    throw error;
  }
  await hub.close();
  return answer;
}
