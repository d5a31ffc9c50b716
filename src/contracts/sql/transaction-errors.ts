/** Why a transaction cannot go on. */
import { ConnectorError } from "../../core/errors.ts";

/** A text such as COMMIT went through: what came before it is kept, and nothing can be promised any more. */
export function endedByStatement(): ConnectorError {
  return new ConnectorError("unsupported", "A statement ended the transaction", {
    outcome: "unknown",
    hint: "Leave BEGIN, COMMIT and ROLLBACK to busbar.",
  });
}
