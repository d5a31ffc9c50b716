/** The `sql` contract, for connectors: what every SQL connector can do, and what carrying it out takes. */
export { addressFields, addressOf, type Address, type AddressSystem } from "./address.ts";
export { StatementGuard, type CancellingHooks } from "./cancelling.ts";
export { type Statement } from "./compile.ts";
export {
  sqlConnector,
  type SqlConnectorSettings,
  type SqlExtras,
  type Transact,
  type TransactionOptions,
} from "./connector.ts";
export { type RunOptions, type SqlConnection, type SqlResult, type SqlResults } from "./connection.ts";
export {
  standardQuote,
  type BeginOptions,
  type Changing,
  type Dialect,
  type LedgerDialect,
  type Lexicon,
} from "./dialect.ts";
export { parseExactJson } from "./exact-json.ts";
export { runInTurn } from "./in-turn.ts";
export { hasLedger, ledgerUpkeep, type LedgerControl } from "./ledger-control.ts";
export { ledgerOptions, type LedgerOptions } from "./ledger-options.ts";
export { Ledger } from "./ledger.ts";
export { sqlOperations, type Isolation, type Row, type SqlOperations } from "./operations.ts";
export { sqlHandlers, type SqlHandlers } from "./handlers.ts";
export { FunctionThrew, SqlSession, type SqlSessionSettings } from "./session.ts";
export { sqlStateFacts, type SqlStateFacts } from "./sqlstate.ts";
export { type SqlTransaction } from "./transaction.ts";
