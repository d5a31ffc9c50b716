/**
 * Ctrl-C and a supervisor's wish to end.
 *
 * The first signal aborts what is under way: calls are cancelled, the hub closes, the command ends with 128 + the signal's
 * number, as shells expect. A second signal, or a system that does not let go, ends the process at once.
 */
import { systemClock } from "../../core/clock.ts";
import { ConnectorError } from "../../core/errors.ts";

/** Longest time for closing after a signal. */
const GRACE_MS = 5_000;

const EXITS = { SIGINT: 130, SIGTERM: 143 } as const;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** Exit code that tells of the signal; `undefined` while there was none. */
  readonly exitCode: number | undefined;
  stop(): void;
}

export function listenForInterrupt(): Interrupt {
  const abort = new AbortController();
  let exitCode: number | undefined;
  const onSignal = (name: keyof typeof EXITS): void => {
    const code = EXITS[name];
    if (exitCode !== undefined) process.exit(code);
    exitCode = code;
    systemClock.after(GRACE_MS, () => process.exit(code));
    abort.abort(new ConnectorError("cancelled", `Interrupted by ${name}`, { outcome: "none" }));
  };
  const names = Object.keys(EXITS) as (keyof typeof EXITS)[];
  for (const name of names) process.on(name, onSignal);
  return {
    signal: abort.signal,
    get exitCode() {
      return exitCode;
    },
    stop: () => {
      for (const name of names) process.off(name, onSignal);
    },
  };
}
