/** A command that was not understood: nothing was asked of any system. */

/** Exit code of a command that was not understood; `EX_USAGE` of sysexits.h. */
export const USAGE_EXIT = 64;

export class UsageError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, hint?: string) {
    super(message);
    this.hint = hint;
  }
}
