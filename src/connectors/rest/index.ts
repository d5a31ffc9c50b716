/** Any API that speaks HTTP, with credentials that renew themselves. */
import { defineConnector } from "../define.ts";
import { httpOperations } from "../../contracts/http/operations.ts";
import { serverOf } from "../../contracts/http/request-target.ts";
import { connection, options } from "./config.ts";
import { classify } from "./errors.ts";
import { openSession } from "./session.ts";

export { HTTPStatusError } from "../../contracts/http/status-error.ts";
export type { Auth, IssuedToken, TokenFunction } from "../../contracts/http/auth.ts";

/** An API that speaks HTTP: its operations, credentials and limits on answers. */
export const RESTAPIConnector = defineConnector({
  provider: "rest",
  type: "rest-api",
  title: "REST API",
  summary: "Talks to any HTTP API: JSON, text, forms and bytes, with credentials that renew themselves.",
  connection,
  options,
  operations: httpOperations,
  server: ({ baseURL }) => serverOf(baseURL),
  open: openSession,
  classify,
});
/** One such API. */
export type RESTAPIConnector = InstanceType<typeof RESTAPIConnector>;

export default RESTAPIConnector;
