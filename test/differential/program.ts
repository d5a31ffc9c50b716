/**
 * A program: what somebody does with two tables, as data, so that it can be printed, shortened and run again anywhere.
 *
 * Its tables are `item` and `link` (see systems.ts). Nothing in it depends on a system.
 */

/**
 * What some system has not, as its notes say. A step that needs it is left out there, and its outcome compared among the
 * others.
 */
export type Feature = "returning of updates" | "order of decimals" | "count of rows that an upsert leaves";

/** An operation of the contract with its input. */
export interface OperationStep {
  readonly do: "insert" | "insertMany" | "upsert" | "update" | "delete" | "select" | "query" | "execute" | "batch";
  readonly with: Readonly<Record<string, unknown>>;
  /** The order of the rows is part of the answer. */
  readonly isOrdered?: boolean;
  /** Sent twice with the same idempotency key; only outside of transactions. */
  readonly isKeyed?: boolean;
  readonly needs?: Feature;
}

/** A `select` followed through all its pages. */
export interface PagesStep {
  readonly do: "pages";
  readonly with: Readonly<Record<string, unknown>>;
  readonly needs?: Feature;
}

/** A function as a transaction; inside of another, a savepoint. */
export interface TransactionStep {
  readonly do: "transaction";
  readonly steps: readonly Step[];
  /** Throws when its steps are done. */
  readonly throws?: boolean;
  /** Goes on after a step that failed, as if nothing had happened. */
  readonly swallows?: boolean;
}

/** Statements as one transaction. */
export interface StatementsStep {
  readonly do: "statements";
  readonly with: Readonly<Record<string, unknown>>;
}

export type Step = OperationStep | PagesStep | TransactionStep | StatementsStep;

export interface Program {
  /** Makes it again: the seed of the run and the number of the program. */
  readonly origin: string;
  readonly steps: readonly Step[];
}

/** As one reads it. */
export function renderProgram({ origin, steps }: Program): string {
  return [`program ${origin}`, ...steps.flatMap((step, at) => renderStep(step, `${at + 1}. `))].join("\n");
}

function renderStep(step: Step, lead: string): string[] {
  if (step.do !== "transaction") {
    const { do: operation, with: input, ...how } = step;
    const manner = Object.keys(how).length === 0 ? "" : ` ${JSON.stringify(how)}`;
    return [`${lead}${operation} ${JSON.stringify(input)}${manner}`];
  }
  const { steps, throws = false, swallows = false } = step;
  const manner = [throws ? "throws at its end" : "", swallows ? "swallows errors" : ""].filter(Boolean).join(", ");
  return [
    `${lead}transaction${manner === "" ? "" : ` (${manner})`}`,
    ...steps.flatMap((inner, at) => renderStep(inner, `   ${lead}${at + 1}. `)),
  ];
}
