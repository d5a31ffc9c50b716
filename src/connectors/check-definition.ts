/** What a definition must be for a connector to work; told to its author at once, not to its first user. */
import { z } from "zod";
import { CONNECTOR_TYPES, type Definition } from "../core/definition.ts";
import { ConnectorError } from "../core/errors.ts";
import { keysOfPolicies } from "../policies/pipeline.ts";

/** Names that operations cannot have, because every connector has them already. */
const RESERVED = new Set([
  "connect",
  "disconnect",
  "status",
  "stream",
  "call",
  "circuitBreaker",
  "healthCheck",
  "isConnected",
  "config",
  "constructor",
  "definition",
  "name",
  "reconfigure",
  "status",
  "run",
  "then",
  "toString",
  "toJSON",
  "valueOf",
  "hasOwnProperty",
]);

/**
 * Methods of every connector whose names SQL has for operations too. Such an operation is reached by its name,
 * `execute("describe", …)`, and gets no method of its own.
 */
export const NAMED_ONLY = ["execute", "describe"] as const;

/** Whether every connector has something of that name. */
export const isReservedName = (name: string): boolean => RESERVED.has(name) || NAMED_ONLY.some((each) => each === name);

const PROVIDER = /^[a-z][a-z0-9-]*$/;
const OPERATION = /^[a-z][A-Za-z0-9]*$/;

/** Throws `config_invalid` naming the first thing that is wrong. */
export function checkDefinition(definition: Definition): void {
  if (typeof definition !== "object" || definition === null)
    throw new ConnectorError("config_invalid", "defineConnector takes a definition");
  const refuse = (message: string): never => {
    throw new ConnectorError("config_invalid", `Connector definition "${String(definition.provider)}": ${message}`);
  };
  checkParts(definition, refuse);
  for (const [name, operation] of Object.entries(definition.operations)) {
    if (RESERVED.has(name)) refuse(`operation name "${name}" is reserved`);
    if (!OPERATION.test(name)) refuse(`operation name "${name}" must be camelCase letters and digits`);
    if (!(operation?.input instanceof z.ZodType))
      refuse(`operation "${name}" is none; make it with read, write or stream`);
  }
  const connection = Object.keys(definition.connection.shape);
  const options = Object.keys(definition.options?.shape ?? {});
  const policies = new Set(keysOfPolicies);
  for (const key of connection) if (options.includes(key)) refuse(`"${key}" stands in connection and in options`);
  for (const key of [...connection, ...options]) if (policies.has(key)) refuse(`"${key}" is a setting of the policies`);
}

/** The types say all this already; authors who write JavaScript do not see them. */
function checkParts(definition: Definition, refuse: (message: string) => never): void {
  const { provider, type, title, connection, options, operations } = definition;
  if (typeof provider !== "string" || !PROVIDER.test(provider))
    refuse("provider must be lower-case letters, digits and dashes");
  if (!CONNECTOR_TYPES.includes(type)) refuse(`type must be one of ${CONNECTOR_TYPES.join(", ")}`);
  if (typeof title !== "string" || title === "") refuse("title is missing; it is the system's proper name");
  if (!(connection instanceof z.ZodObject)) refuse("connection must be a z.strictObject");
  if (options !== undefined && !(options instanceof z.ZodObject)) refuse("options must be a z.strictObject");
  if (typeof operations !== "object" || operations === null) refuse("operations must be a map of operations");
  for (const name of ["open", "classify"] as const)
    if (typeof definition[name] !== "function") refuse(`${name} must be a function`);
}
