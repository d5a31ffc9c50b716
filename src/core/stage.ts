/** Where a call is. `running` and `reading`: the system has been asked, so its effect is open. */
export type Stage =
  | "queued"
  | "connecting"
  | "authenticating"
  | "renewing credentials"
  | "waiting for the rate limit"
  | "waiting to retry"
  | "waiting for a connection"
  | "in a transaction"
  | "running"
  | "reading";
