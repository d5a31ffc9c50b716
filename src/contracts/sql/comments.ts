/**
 * Comments that say whose a statement is, as SQLCommenter writes them (google.github.io/sqlcommenter/spec): keys in order,
 * everything percent-encoded, at the statement's end. The database's own lists and logs then lead back to the call.
 *
 * `connector` and `operation` are the same for every call of the kind, so such a statement is prepared as ever. A
 * `traceparent` makes each text another one, which no database should remember: it is added only where somebody records
 * the trace, and those calls run without preparation.
 */
import { z } from "zod";
import type { Call } from "../../core/call.ts";
import { textOfTraceParent } from "../../core/trace-parent.ts";
import type { RunOptions, SqlConnection, SqlResult, SqlResults } from "./connection.ts";
import type { Statement } from "./statement.ts";

/** The option that switches them on. */
export const sqlComments = z.boolean().default(false).meta({
  description:
    "Ends every statement with a comment that names connector and operation, and the `traceparent` of a call whose trace is recorded (SQLCommenter); such a call runs without a prepared statement.",
});

/** Bit 0 of the flags. */
const IS_RECORDED = 1;

/** The statement with a comment of the call; as it was where it ends with a comment already. */
export function commented(statement: Statement, call: Call): Statement {
  const { sql, values } = statement;
  const body = sql.trimEnd();
  if (body.endsWith("*/")) return statement;
  const { connector, operation, span, parent } = call.record;
  const trace = span ?? parent;
  const isOnce = trace !== undefined && (trace.flags & IS_RECORDED) === IS_RECORDED;
  const tags = [`connector=${quoted(connector)}`, `operation=${quoted(operation)}`];
  if (isOnce) tags.push(`traceparent=${quoted(textOfTraceParent(trace))}`);
  const comment = `/*${tags.join(",")}*/`;
  // Not behind the semicolon: to some databases that is a second statement.
  const text = body.endsWith(";") ? `${body.slice(0, -1)} ${comment};` : `${body} ${comment}`;
  return { sql: text, values, isOnce };
}

/** Leaves only letters, digits and `-_.~%`: nothing that ends a comment, a text or a placeholder's name. */
function quoted(value: string): string {
  // Lone surrogates, which cannot be encoded, become the replacement character.
  const valid = Buffer.from(value).toString();
  const rest = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return `'${encodeURIComponent(valid).replace(/[!'()*]/g, rest)}'`;
}

/** A connection whose statements have the call's comment; what is sent past it has none. */
export class CommentingConnection implements SqlConnection {
  readonly #connection: SqlConnection;
  readonly #call: Call;
  readonly load?: NonNullable<SqlConnection["load"]>;

  constructor(connection: SqlConnection, call: Call) {
    this.#connection = connection;
    this.#call = call;
    const load = connection.load?.bind(connection);
    if (load !== undefined) this.load = load;
  }

  run(statement: Statement, options?: RunOptions): Promise<SqlResult> {
    return this.#connection.run(commented(statement, this.#call), options);
  }

  runAll(statements: readonly Statement[], options?: Pick<RunOptions, "call">): Promise<SqlResults> {
    return this.#connection.runAll(
      statements.map((each) => commented(each, this.#call)),
      options,
    );
  }

  batches(...[statement, options]: Parameters<SqlConnection["batches"]>): ReturnType<SqlConnection["batches"]> {
    return this.#connection.batches(commented(statement, this.#call), options);
  }

  get transaction(): SqlConnection["transaction"] {
    return this.#connection.transaction;
  }

  get isBroken(): boolean {
    return this.#connection.isBroken;
  }

  get isTidy(): boolean {
    return this.#connection.isTidy;
  }

  tidy(): Promise<void> {
    return this.#connection.tidy();
  }

  destroy(): void {
    this.#connection.destroy();
  }

  probe(): Promise<boolean> {
    return this.#connection.probe();
  }
}
