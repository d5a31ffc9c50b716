/** A statement in the making. */
import { ConnectorError } from "../../core/errors.ts";
import type { Dialect } from "./dialect.ts";
import { MOST_PARAMETERS, type Row } from "./operations.ts";
import type { Statement } from "./statement.ts";

/** Counts its parameters. */
export class StatementText {
  readonly dialect: Dialect;
  readonly #values: unknown[] = [];

  constructor(dialect: Dialect) {
    this.dialect = dialect;
  }

  /** The placeholder of a new parameter. */
  parameter(value: unknown): string {
    return this.dialect.placeholder(this.#values.push(value));
  }

  /** The placeholder of a row's value in `column`. */
  value(row: Row, column: string): string {
    if (row[column] === undefined)
      throw invalid(`The value of column "${column}" is undefined`, "Leave the column out, or say null.");
    return this.parameter(row[column]);
  }

  end(sql: string): Statement {
    const { mostParameters = MOST_PARAMETERS } = this.dialect;
    if (this.#values.length > mostParameters)
      throw invalid(`The statement has ${this.#values.length} parameters; ${mostParameters} are allowed`);
    return { sql, values: this.#values };
  }
}

function invalid(message: string, hint?: string): ConnectorError {
  return new ConnectorError("input_invalid", message, { hint, outcome: "none" });
}
