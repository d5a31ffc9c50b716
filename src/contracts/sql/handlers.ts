/** The handlers of the contract's operations: what each of them asks of a session. */
import type { Call } from "../../core/call.ts";
import { ConnectorError } from "../../core/errors.ts";
import type { Session } from "../../core/definition.ts";
import type { Parsed } from "../../core/operation.ts";
import { inBatches } from "../../core/stream.ts";
import { runBatch } from "./batch.ts";
import { compileDelete, compileInsertMany, compileUpdate, compileUpsert } from "./compile.ts";
import type { SqlConnection, SqlResult } from "./connection.ts";
import { boundsOf, changeRows, executed, insertRow, insertRows, upsertRows, type AnswerBounds } from "./crud.ts";
import { quoteTable } from "./dialect.ts";
import { isShort, keyNeedsList, loadRows } from "./load.ts";
import type { WrittenStatement } from "./named-parameters.ts";
import type { DescribedTable, SqlOperations } from "./operations.ts";
import { assess } from "./privileges.ts";
import { selectRows } from "./select.ts";
import type { SqlSession } from "./session.ts";
import type { Statement } from "./statement.ts";

type Run = (statement: Statement) => Promise<SqlResult>;

/** The handlers of a session, all and those that only read. */
export type SqlHandlers = Pick<Session<SqlOperations>, "handlers" | "readOnlyHandlers">;

/** The handlers of all operations. */
export function sqlHandlers<C extends SqlConnection>(session: SqlSession<C>): SqlHandlers {
  const { dialect, isReadOnly, classify } = session.settings;
  const { named } = session;
  /**
   * Work of statements that busbar makes: several only in one transaction, one on its own, all with the call's key. An
   * answer with bounds does not go together with the key's row.
   */
  const write = <T>(call: Call, input: unknown, work: (run: Run) => Promise<T>, bounds?: AnswerBounds): Promise<T> =>
    session.isKeyed(call)
      ? session.keyed.run(call, { input, isBrief: true, isTogether: bounds === undefined }, ({ run, connection }) =>
          work(bounds === undefined ? run : (statement) => connection.run(statement, { call, ...bounds })),
        )
      : work((statement) => session.one(statement, call, { readOnly: isReadOnly, ...bounds }));
  const writeAll = <T>(
    call: Call,
    input: unknown,
    statements: readonly Statement[],
    work: (run: Run) => Promise<T>,
    bounds?: AnswerBounds,
  ): Promise<T> => {
    if (statements.length < 2 || session.isKeyed(call)) return write(call, input, work, bounds);
    return session.inTransaction(call, { readOnly: isReadOnly }, (connection) =>
      work((statement) => connection.run(statement, { call, ...bounds })),
    );
  };
  const query = (readOnly: boolean) => async (input: Parsed<SqlOperations["query"]>, call: Call) => {
    const { maxRows, maxBytes } = input;
    const options = { readOnly, rowsOnly: readOnly, maxRows, maxBytes };
    const { rows, columns } = await session.one(named.positional(input), call, options);
    call.record.answer.columns = columns;
    return [...rows];
  };
  const queryStream =
    (readOnly: boolean) =>
    ({ batchSize, ...written }: WrittenStatement & { readonly batchSize: number }, call: Call) =>
      inBatches(session.stream(named.positional(written), call, { readOnly, batchSize }));
  return {
    handlers: {
      query: query(isReadOnly),
      async execute(input, call) {
        const statement = named.positional(input);
        const { maxRows, maxBytes } = input;
        if (!session.isKeyed(call))
          return executed(
            await session.one(statement, call, { readOnly: isReadOnly, rowsOnly: isReadOnly, maxRows, maxBytes }),
          );
        return session.keyed.run(call, { input, isBrief: true }, async ({ connection }) =>
          executed(await connection.run(statement, { call, maxRows, maxBytes })),
        );
      },
      async select(input, call) {
        const { page, columns } = await selectRows(input, dialect, (statement, bounds) =>
          session.one(statement, call, { ...bounds, readOnly: isReadOnly }),
        );
        call.record.answer.columns = columns;
        return page;
      },
      insert: (input, call) => write(call, input, (run) => insertRow(input, dialect, run)),
      async insertMany({ table, rows }, call) {
        const load = (connection: SqlConnection) => loadRows({ table, rows }, { connection, dialect, call, classify });
        if (isShort(rows)) {
          const statements = compileInsertMany({ table, rows }, dialect);
          return writeAll(call, { table, rows }, statements, (run) => insertRows(statements, run));
        }
        if (!session.isKeyed(call)) return session.inTransaction(call, { readOnly: isReadOnly }, load);
        if (!Array.isArray(rows)) throw keyNeedsList();
        return session.keyed.run(call, { input: { table, rows }, isBrief: true }, ({ connection }) => load(connection));
      },
      async upsert(input, call) {
        const statements = compileUpsert(input, dialect);
        const work = (run: Run) => upsertRows(input, dialect, { statements, run });
        return writeAll(call, input, statements, work, boundsOf(input));
      },
      // What cannot be said is refused before anything is begun.
      async update(input, call) {
        const statement = compileUpdate(input, dialect);
        return write(call, input, (run) => changeRows(input, statement, run), boundsOf(input));
      },
      async delete(input, call) {
        const statement = compileDelete(input, dialect);
        return write(call, input, (run) => changeRows(input, statement, run), boundsOf(input));
      },
      async batch(input, call) {
        const work = (connection: SqlConnection) => runBatch(input, { connection, call, named, isReadOnly, classify });
        if (session.isKeyed(call))
          return session.keyed.run(call, { input, isBrief: true }, ({ connection }) => work(connection));
        return session.inTransaction(call, { readOnly: isReadOnly }, work);
      },
      transaction: (input, call) => session.all(input, call),
      // In a READ ONLY transaction always, so that the database itself refuses to carry out what writes.
      async explain({ analyze, ...written }, call) {
        const asked = named.positional(written);
        const statement = { sql: dialect.explain(asked.sql, analyze), values: asked.values };
        const work = async (connection: SqlConnection): Promise<SqlResult> => {
          // What is carried out to be measured has been looked at by itself: a plan always comes as rows.
          if (analyze) await connection.proveRead?.(asked, { call });
          const rowsOnly = !analyze || connection.proveRead === undefined;
          return connection.run(statement, { call, rowsOnly });
        };
        const { rows } = await session.inTransaction(call, { readOnly: true }, work).catch((thrown: unknown) => {
          throw !analyze && dialect.isUnplanned?.(thrown) ? plansNoWrite(thrown) : thrown;
        });
        return { plan: dialect.planOf(rows) };
      },
      async describe({ table, schema }, call) {
        const only = { ...(table === undefined ? {} : { table: quoteTable(table, dialect) }), schema };
        const { rows } = await session.one(dialect.describe(only), call, { readOnly: isReadOnly });
        // The dialect's statement answers so.
        return { tables: rows as unknown as DescribedTable[] };
      },
      async privileges(_, call) {
        const { privileges } = dialect;
        if (privileges === undefined) return { role: null, powers: [], writable: { count: 0, some: [] }, warnings: [] };
        const { rows } = await session.one(privileges.statement, call, { readOnly: isReadOnly });
        return assess(privileges.read(rows), { isReadOnly });
      },
      queryStream: queryStream(isReadOnly),
    },
    readOnlyHandlers: { query: query(true), queryStream: queryStream(true) },
  };
}

function plansNoWrite(cause: unknown): ConnectorError {
  return new ConnectorError("unsupported", "This database tells no plan of a statement that writes", {
    ...{ outcome: "none", cause },
  });
}
