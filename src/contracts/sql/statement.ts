/** A statement and the values of its placeholders. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly unknown[];
  /** The text is for one call and comes no more: nothing is to be prepared or remembered for it. */
  readonly isOnce?: boolean | undefined;
}
