/**
 * What everyone who keeps the `sql` contract does, as cases to be run against a real database.
 *
 * Features that a target may declare as lacking: `returning`, `returning of updates`, `explain of writes`, `savepoints`,
 * `serializable`, `failed transactions` (a failed statement dooms its transaction), `no NUL in text`.
 */
import { boundCases } from "./behaviour/bounds.ts";
import { conditionCases } from "./behaviour/conditions.ts";
import { keyedCases } from "./behaviour/keyed.ts";
import { loadCases } from "./behaviour/loads.ts";
import { namedCases } from "./behaviour/named.ts";
import { rowCases } from "./behaviour/rows.ts";
import { selectCases } from "./behaviour/select.ts";
import type { SqlCase } from "./behaviour/context.ts";
import { statementCases } from "./behaviour/statements.ts";
import { transactionCases } from "./behaviour/transactions.ts";
import { valueCases } from "./behaviour/values.ts";
import { writeCases } from "./behaviour/writes.ts";

export type { SqlCase, SqlContext, SqlTypes } from "./behaviour/context.ts";

export const sqlBehaviour: readonly SqlCase[] = [
  ...rowCases,
  ...conditionCases,
  ...selectCases,
  ...writeCases,
  ...loadCases,
  ...statementCases,
  ...namedCases,
  ...boundCases,
  ...transactionCases,
  ...valueCases,
  ...keyedCases,
];
