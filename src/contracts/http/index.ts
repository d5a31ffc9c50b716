/** What connectors of HTTP APIs share: their operations, and the rules of HTTP that hold for all of them. */
export { effectOfMethod } from "./method.ts";
export { HTTPStatusError } from "./status-error.ts";
export { httpOperations, type HTTPOperations } from "./operations.ts";
export type { AnswerHeaders } from "./header-fields.ts";
export type { Auth, IssuedToken, TokenFunction } from "./auth.ts";
export { TokenLease, type LeaseSettings, type Token } from "./token-lease.ts";
