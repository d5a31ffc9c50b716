/**
 * What has been opened since some moment and keeps the event loop alive.
 *
 * Timers, sockets and listeners come and go with everybody, the test runner and earlier tests included, so one that ends
 * would hide one that stays: each is followed from its making to its end. Of all other sorts the number is compared.
 */
import { createHook } from "node:async_hooks";

/** What is followed, by its name in async_hooks: its name in `process.getActiveResourcesInfo`. */
const FOLLOWED: ReadonlyMap<string, string> = new Map([
  ["Timeout", "Timeout"],
  ["TCPWRAP", "TCPSocketWrap"],
  ["TCPSERVERWRAP", "TCPServerWrap"],
]);
const FOLLOWED_NAMES: ReadonlySet<string> = new Set(FOLLOWED.values());

interface Followed {
  readonly name: string;
  readonly resource: { hasRef(): boolean };
}

/** Follows from now on what is opened; to be stopped. */
export interface ResourceWatch {
  /** What has been opened since and stands, a sentence a sort. */
  left(): Promise<string[]>;
  stop(): void;
}

/** Starts to follow what this process opens. */
export function watchResources(): ResourceWatch {
  const opened = new Map<number, Followed>();
  const hook = createHook({
    init(id, type, _trigger, resource) {
      const name = FOLLOWED.get(type);
      if (name !== undefined) opened.set(id, { name, resource: resource as Followed["resource"] });
    },
    destroy(id) {
      opened.delete(id);
    },
  }).enable();
  const before = countsOf(process.getActiveResourcesInfo());
  return {
    async left() {
      // The end of a timer is told of in the next turn.
      await new Promise((resolve) => setImmediate(resolve));
      // One that does not keep the process alive is free to wait for its next use.
      const standing = [...opened.values()].filter(({ resource }) => resource.hasRef());
      const followed = countsOf(standing.map(({ name }) => name));
      const counted = countsOf(process.getActiveResourcesInfo().filter((name) => !FOLLOWED_NAMES.has(name)));
      const more = [...counted].map(([name, count]) => [name, count - (before.get(name) ?? 0)] as const);
      return [...more, ...followed].flatMap(([name, count]) => (count > 0 ? [`${count} ${name}`] : []));
    },
    stop() {
      hook.disable();
      opened.clear();
    },
  };
}

function countsOf(names: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
