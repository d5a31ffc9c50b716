/**
 * What has been opened since some moment and keeps the event loop alive.
 *
 * Sorts of handles are counted before and after. Timers come and go with everybody, the test runner included, so one that
 * ends would hide one that stays: each is followed from its making to its end.
 */
import { createHook } from "node:async_hooks";

const TIMER = "Timeout";

/** Follows from now on what is opened; to be stopped. */
export interface ResourceWatch {
  /** What has been opened since and stands, a sentence a sort. */
  left(): Promise<string[]>;
  stop(): void;
}

/** Starts to follow what this process opens. */
export function watchResources(): ResourceWatch {
  const timers = new Map<number, NodeJS.Timeout>();
  const hook = createHook({
    init(id, type, _trigger, resource) {
      if (type === TIMER) timers.set(id, resource as NodeJS.Timeout);
    },
    destroy(id) {
      timers.delete(id);
    },
  }).enable();
  const before = openResources();
  return {
    async left() {
      // The end of a timer is told of in the next turn.
      await new Promise((resolve) => setImmediate(resolve));
      const lines = [...openResources()].flatMap(([name, count]) => {
        const more = count - (before.get(name) ?? 0);
        return more > 0 && name !== TIMER ? [`${more} ${name}`] : [];
      });
      // One that does not keep the process alive is free to wait for its next use.
      const running = [...timers.values()].filter((timer) => timer.hasRef()).length;
      return running > 0 ? [...lines, `${running} ${TIMER}`] : lines;
    },
    stop() {
      hook.disable();
      timers.clear();
    },
  };
}

/** How many of each sort. */
function openResources(): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of process.getActiveResourcesInfo()) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
