export { json, problem, type Answer, type Received } from "./answer.ts";
export type { LoggedRequest, RequestLog } from "./request-log.ts";
export { RestService, startRestService, type RestServiceOptions } from "./rest-service.ts";
