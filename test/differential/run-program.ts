/** Runs a program on one system and tells what came of each step. */
import type { SqlContext } from "../../src/contracts/sql/behaviour.ts";
import type { SqlTransaction } from "busbar/contracts/sql";
import { ConnectorError } from "busbar";
import type { Feature, OperationStep, Program, Step, TransactionStep } from "./program.ts";

export interface System {
  readonly name: string;
  /** What it has not, which its notes say. */
  readonly lacks: ReadonlySet<Feature>;
  readonly connector: SqlContext["connector"];
}

/** What stands for an outcome that a system cannot have: equal to any. */
const NONE = "left out";
export const LEFT_OUT = JSON.stringify(NONE);

type Send = (operation: OperationStep["do"], input: OperationStep["with"]) => Promise<unknown>;

interface Place {
  readonly system: System;
  readonly send: Send;
  /** Opens a transaction, or a savepoint inside of one. */
  open(this: void, work: (inner: SqlTransaction) => Promise<void>): Promise<unknown>;
  readonly isInside?: boolean;
}

/** What a program throws by its own will. */
class Deliberate extends Error {}

/** No two runs share an idempotency key, whatever program it is. */
let runs = 0;

/** The outcome of each step as text, and what the tables hold at the end. */
export async function runProgram({ steps }: Program, system: System): Promise<string[]> {
  const { connector } = system;
  for (const table of ["link", "item"]) await connector.execute("delete", { table, all: true });
  const send: Send = (operation, input) => connector.execute(operation, input as never);
  const place: Place = { system, send, open: (work) => connector.transaction(work) };
  const run = ++runs;
  const outcomes: string[] = [];
  for (const [at, step] of steps.entries()) {
    const keyed: Send = (operation, input) =>
      connector.execute(operation, input as never, { idempotencyKey: `run ${run}, step ${at}` });
    const isKeyed = step.do !== "transaction" && "isKeyed" in step && step.isKeyed === true;
    for (let times = 0; times < (isKeyed ? 2 : 1); times++)
      outcomes.push(await outcomeOf(step, isKeyed ? { ...place, send: keyed } : place));
  }
  for (const table of ["item", "link"]) {
    const orderBy = table === "item" ? ["id"] : ["left_id", "right_id"];
    outcomes.push(`${table}: ${JSON.stringify(await connector.execute("select", { table, orderBy }))}`);
  }
  return outcomes;
}

async function outcomeOf(step: Step, place: Place): Promise<string> {
  if ("needs" in step && step.needs !== undefined && place.system.lacks.has(step.needs)) return LEFT_OUT;
  if (step.do === "transaction") return transactionOutcome(step, place);
  try {
    return JSON.stringify(await answerOf(step, place));
  } catch (error) {
    return failed(error);
  }
}

function failed(error: unknown): string {
  return error instanceof ConnectorError ? `${error.kind}, effect: ${error.outcome}` : kindOf(error);
}

/** The kind alone: the words are each system's own, and inside of a transaction nothing has an effect yet. */
function kindOf(error: unknown): string {
  if (error instanceof ConnectorError) return error.kind;
  if (error instanceof Deliberate) return "thrown";
  throw error;
}

async function answerOf(step: Exclude<Step, TransactionStep>, place: Place): Promise<unknown> {
  const { system, send } = place;
  if (step.do === "statements") return system.connector.execute("transaction", step.with as never);
  if (step.do === "pages") return pages(step.with, send);
  if (isUncounted(step) && system.lacks.has("count of rows that an upsert leaves")) {
    await send(step.do, step.with);
    return NONE;
  }
  const isUpdate = step.do === "update" && step.with["returning"] !== undefined;
  if (!isUpdate || !system.lacks.has("returning of updates")) return inOrder(step, await send(step.do, step.with));
  const { returning: _, ...rest } = step.with;
  const refusal = await send(step.do, step.with).then(
    () => "not refused",
    (error: unknown) => failed(error),
  );
  // A lack is refused, never passed over, and before anything is done.
  if (!/^(unsupported|input_invalid|not_found), effect: none$/.test(refusal)) return refusal;
  await send(step.do, rest);
  return NONE;
}

/** An upsert that leaves the rows that are there. */
function isUncounted({ do: operation, with: { update } }: OperationStep): boolean {
  return operation === "upsert" && Array.isArray(update) && update.length === 0;
}

/** Rows in no particular order are compared as a set. */
function inOrder(step: OperationStep, answer: unknown): unknown {
  if (step.isOrdered === true || typeof answer !== "object" || answer === null) return answer;
  if (Array.isArray(answer)) return sorted(answer);
  const { rows } = answer as { readonly rows?: unknown };
  return Array.isArray(rows) && step.do !== "insert" ? { ...answer, rows: sorted(rows) } : answer;
}

const sorted = (rows: readonly unknown[]): unknown[] => {
  const texts = rows.map((row) => JSON.stringify(row)).sort();
  return texts.map((text): unknown => JSON.parse(text));
};

/** More than any table here has. */
const MOST_PAGES = 100;

async function pages(input: OperationStep["with"], send: Send): Promise<unknown[]> {
  const all: unknown[] = [];
  let after: string | undefined;
  while (all.length < MOST_PAGES) {
    const page = (await send("select", after === undefined ? input : { ...input, after })) as {
      readonly rows: readonly unknown[];
      readonly next?: string;
    };
    // Where the order leaves rows undecided, they do not stand across the end of a page.
    all.push(sorted(page.rows));
    after = page.next;
    if (after === undefined) return all;
  }
  throw new Error("the pages do not end");
}

async function transactionOutcome(step: TransactionStep, place: Place): Promise<string> {
  const inside: string[] = [];
  const work = async (tx: SqlTransaction): Promise<void> => {
    inside.length = 0;
    let hasFailed = false;
    const inner: Place = {
      system: place.system,
      send: (operation, input) => tx[operation](input as never),
      open: (more) => tx.transaction(more),
      isInside: true,
    };
    for (const each of step.steps) {
      try {
        inside.push(
          each.do === "transaction"
            ? await transactionOutcome(each, inner)
            : JSON.stringify(await answerOf(each, inner)),
        );
      } catch (error) {
        // In what has failed already, a system may say so or find another fault first.
        inside.push(hasFailed ? "refused" : kindOf(error));
        hasFailed = true;
        if (step.swallows !== true) throw error;
      }
    }
    if (step.throws === true) throw new Deliberate();
  };
  const end = await place.open(work).then(() => "kept", place.isInside === true ? kindOf : failed);
  return `transaction ${end}\n${inside.map((each) => `    ${each.replaceAll("\n", "\n    ")}`).join("\n")}`;
}
