/** What is not run, or was not. */
import { ConnectorError } from "../../../core/errors.ts";

export function untold(cause: Error): ConnectorError {
  return new ConnectorError("connection_lost", "The connection was lost before the statement was run", {
    ...{ outcome: "none", cause },
  });
}

export function lost(): Error {
  return Object.assign(new Error("Connection lost"), { code: "PROTOCOL_CONNECTION_LOST" });
}

export function doomed(): ConnectorError {
  return new ConnectorError("conflict", "An earlier statement of the transaction failed, so the rest is not run", {
    outcome: "none",
    hint: "Use a transaction inside the transaction around what may fail.",
  });
}

export function notRead(): ConnectorError {
  return new ConnectorError("permission_denied", "The statement does not answer with rows, so it is not run here", {
    outcome: "none",
    hint: "Only reading is allowed here.",
  });
}

export function otherNumber(): ConnectorError {
  return new ConnectorError("input_invalid", "The statement has another number of parameters", { outcome: "none" });
}
