/** Whether rows are loaded or inserted, and the beginning of a load. */
import type { Call } from "../../../core/call.ts";
import type { Loader, LoadTarget, SqlConnection } from "../../../contracts/sql/connection.ts";
import { loadStatement, LocalLoad, NOTES_OFF, NOTES_ON } from "../protocol/local-load.ts";
import type { Header } from "../protocol/ok.ts";
import { errnoOf, isOfServer } from "../answers/answer.ts";
import type { Exchange } from "../statements/exchange.ts";
import { quote } from "../text/dialect.ts";
import type { Field } from "../values/types.ts";
import { LocalLoader, onceDrained, type LoadHost } from "./loader.ts";
import { isTextual } from "./rows-as-text.ts";

/** Whether rows may be loaded: until a server says that it does not allow it. */
export interface Loads {
  areAllowed: boolean;
}

interface Beginning {
  readonly connection: Pick<SqlConnection, "run">;
  readonly exchange: Exchange;
  readonly loads: Loads;
  readonly call: Call | undefined;
}

/** The server does not allow LOAD DATA LOCAL, each in its words. */
const NOT_LOADABLE = new Set<unknown>([1148, 3948, 4166]);

/** By LOAD DATA LOCAL, where the server allows it and the columns are of types that text means the same for. */
export async function beginLoad(target: LoadTarget, beginning: Beginning): Promise<Loader | undefined> {
  const { connection, exchange, loads, call } = beginning;
  if (!loads.areAllowed) return undefined;
  try {
    const names = target.columns.map(quote).join(", ");
    const fields = await columnsOf(`SELECT ${names} FROM ${target.table} LIMIT 0`, beginning);
    if (!fields.every(isTextual)) return undefined;
    const loader = new LocalLoader(target, hostOf(loadStatement(target.table, names), beginning), call);
    await connection.run({ sql: NOTES_OFF, values: [] }, { call });
    await loader.start();
    return loader;
  } catch (error) {
    if (!isOfServer(error)) throw error;
    if (NOT_LOADABLE.has(errnoOf(error))) loads.areAllowed = false;
    // Whatever else is wrong, an INSERT tells better.
    exchange.hasFailed = false;
    await connection.run({ sql: NOTES_ON, values: [] }, { call });
    return undefined;
  }
}

/** The columns of a statement that is not run. */
async function columnsOf(sql: string, { exchange, call }: Beginning): Promise<readonly Field[]> {
  let fields: readonly Field[] = [];
  await exchange.run({ sql, values: [] }, { call, rowsOnly: false }, (_, { answered }, { columns }) => {
    fields = columns;
    answered({ rows: [], columns: [], count: 0, header: undefined });
  });
  return fields;
}

function hostOf(sql: string, { connection, exchange, call }: Beginning): LoadHost {
  const { client, status } = exchange;
  return {
    run: (own) => connection.run({ sql: own, values: [] }, { call }),
    drained: () => (client.stream.writableNeedDrain ? onceDrained(client.stream) : Promise.resolve()),
    doom: () => (exchange.hasFailed = exchange.isInTransaction),
    begin: () =>
      new Promise((resolve, reject) => {
        let onOver = (): void => {};
        const end = exchange.command<Header>(call, (over, failed) => {
          const load = new LocalLoad(sql, status, { over, failed, ready: () => resolve({ load, end }) });
          client.addCommand(load);
          // What was ended on the server still waits for the end of the rows.
          const stopListening = call?.onCancel(() => load.finish());
          onOver = () => stopListening?.();
        });
        end.finally(() => onOver()).catch(reject);
      }),
  };
}
