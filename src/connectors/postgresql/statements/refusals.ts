/** Statements that are not carried out, whatever the server would say. */
import { ConnectorError } from "../../../core/errors.ts";

/** Data of COPY has its own way (`insertMany`). */
export function noCopy(): ConnectorError {
  return new ConnectorError("unsupported", "COPY from or to the client does not go through `query`", {
    outcome: "none",
  });
}

/** Refused before it was run. */
export function noRows(): ConnectorError {
  return new ConnectorError("permission_denied", "Only statements that answer with rows are run here", {
    outcome: "none",
    hint: "Only reading is allowed here.",
  });
}
